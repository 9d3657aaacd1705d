/** Rules in nft's own language: base chains at one hook, sets, zones, families. */
import { clientAndServer, homeRouter, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = [{ protocol: 'tcp', port: 22 }] as const

const PORT_FORWARD = `table ip nat {
  chain prerouting {
    type nat hook prerouting priority -100; policy accept;
  }
  chain postrouting {
    type nat hook postrouting priority 100; policy accept;
    oifname "wan" masquerade
  }
}
`

export const NFT: Problem[] = [
  {
    name: 'miniupnpd-accept-not-final',
    thread: {
      title: "nftables: 'miniupnpd' chain gets overruled by default drop policy on base chain",
      address: 'https://github.com/miniupnp/miniupnp/issues/422',
    },
    backend: 'nft',
    ...homeRouter(
      {
        rules: {
          nft: `table ip filter {
  chain input { type filter hook input priority 0; policy drop; iifname "lan" accept; ct state established,related accept; }
  chain forward {
    type filter hook forward priority 0; policy drop;
    iifname "lan" accept
    ct state established,related accept
  }
}
${PORT_FORWARD}table inet miniupnpd {
  chain forward {
    type filter hook forward priority -25; policy accept;
    iifname "wan" ip daddr 192.168.1.10 tcp dport 5005 accept
  }
}
table ip miniupnpd {
  chain prerouting {
    type nat hook prerouting priority -101; policy accept;
    iifname "wan" tcp dport 5005 dnat to 192.168.1.10:5005
  }
}
`,
        },
      },
      { pc: { listeners: [{ protocol: 'tcp', port: 5005 }, ...WEB] }, remote: { listeners: WEB } },
    ),
    fails: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 5005 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words: "miniupnpd's chain accepts it, and the chain that comes later at the same hook drops it by its policy.",
      causes: [{ policy: 'ip filter forward' }],
      status: ['dropped'],
    },
    mend: [['router', 'nft add rule ip filter forward ct status dnat accept']],
  },
  {
    name: 'netavark-forward-policy-drop',
    thread: {
      title: 'Play nice with nftables forward policy drop',
      address: 'https://github.com/containers/netavark/issues/977',
    },
    backend: 'nft',
    ...homeRouter(
      {
        rules: {
          nft: `table inet netavark {
  chain INPUT { type filter hook input priority filter; policy accept; ip saddr 192.168.1.0/24 meta l4proto { tcp, udp } th dport 53 accept; }
  chain FORWARD {
    type filter hook forward priority filter; policy accept;
    ct state invalid drop
    jump NETAVARK-ISOLATION-1
    ip daddr 192.168.1.0/24 ct state related,established accept
    ip saddr 192.168.1.0/24 accept
  }
  chain NETAVARK-ISOLATION-1 { }
  chain POSTROUTING { type nat hook postrouting priority srcnat; policy accept; ip saddr 192.168.1.0/24 jump nv_podman; }
  chain PREROUTING { type nat hook prerouting priority dstnat; policy accept; fib daddr type local jump NETAVARK-HOSTPORT-DNAT; }
  chain NETAVARK-HOSTPORT-DNAT { tcp dport 8080 dnat ip to 192.168.1.10:80; }
  chain nv_podman { ip daddr 192.168.1.0/24 accept; ip daddr != 224.0.0.0/4 masquerade; }
}
table inet firewall {
  chain FORWARD { type filter hook forward priority filter + 1; policy drop; }
}
`,
        },
      },
      { pc: { listeners: WEB }, remote: { listeners: WEB } },
    ),
    fails: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 8080 },
    seen: 'nothing',
    others: [{ sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'nothing' }],
    truth: {
      words: "netavark's chain lets it pass; the host's own chain behind it has no rule and drops.",
      causes: [{ policy: 'inet firewall FORWARD' }],
      status: ['dropped'],
    },
    mend: [['router', 'nft add rule inet firewall FORWARD ct status dnat accept']],
  },
  {
    name: 'nft-ip-protocol-in-inet',
    thread: {
      title: 'fix(rules): stop dropping IPv6 traffic in inet filter table',
      address: 'https://github.com/grzegorzfranus/ansible-role-nftables/issues/20',
    },
    backend: 'nft',
    ...withWebClient({
      listeners: SSH,
      rules: {
        nft: `table inet filter {
  chain existing {
    ip protocol tcp ct state { established, related } counter accept
    ip protocol udp ct state { established, related } counter accept
    ip protocol icmp ct state { established, related } counter accept
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    jump existing
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } accept
    tcp dport 22 accept
  }
}
`,
      },
    }),
    fails: { from: 'server', what: 'tcp', to: '2001:db8:1::2', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'server', what: 'tcp', to: '192.0.2.2', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words: 'The rules for replies ask for "ip protocol", which no packet of IPv6 has.',
      causes: [{ rule: 'ip protocol tcp ct state', chain: 'inet filter existing' }, { policy: 'inet filter input' }],
      status: ['reply-lost'],
    },
    mend: [['server', 'nft add rule inet filter existing ct state established,related accept']],
  },
  {
    name: 'nft-neighbour-discovery-dropped',
    thread: {
      title: 'IPv6 NDP dropped',
      address: 'https://github.com/geerlingguy/ansible-role-firewall/issues/113',
    },
    backend: 'nft',
    ...clientAndServer({
      listeners: [...SSH, { protocol: 'tcp', address: '2001:db8:1::1', port: 443 }],
      rules: {
        nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    ct state established,related accept
    icmp type echo-request accept
    tcp dport { 22, 443 } accept
  }
}
`,
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 443 },
    seen: 'unreachable',
    looksAt: { protocol: 'icmpv6', dst: 'ff02::1:ff00:1' },
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 23 }, seen: 'nothing' },
    ],
    truth: {
      words: "input's policy drops neighbour solicitations, so nobody learns the server's link address.",
      causes: [{ policy: 'inet filter input' }],
      status: ['dropped'],
    },
    mend: [['server', 'nft add rule inet filter input icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept']],
  },
  {
    name: 'crowdsec-unban-leaves-element',
    thread: {
      title: 'Bug: Unban All in CrowdSec Does Not Remove IPs from nft Ruleset and New Attacker IPs Are Not Blocked',
      address: 'https://github.com/NethServer/dev/issues/7635',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.2/24'] } },
      attacker: { addresses: { eth0: ['198.51.100.66/24'] } },
      server: {
        addresses: { eth0: ['192.0.2.1/24'], eth1: ['198.51.100.1/24'] },
        listeners: SSH,
        rules: {
          nft: `table ip crowdsec {
  set crowdsec-blacklists-crowdsec {
    type ipv4_addr
    flags timeout
    elements = { 192.0.2.2 timeout 52m, 198.51.100.66 timeout 2h }
  }
  chain crowdsec-chain-input {
    type filter hook input priority filter - 10; policy accept;
    ip saddr @crowdsec-blacklists-crowdsec counter drop
  }
}
table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    tcp dport 22 accept
  }
}
`,
        },
      },
    },
    links: [
      ['client:eth0', 'server:eth0'],
      ['attacker:eth0', 'server:eth1'],
    ],
    traced: 'server',
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 },
    seen: 'nothing',
    others: [{ sending: { from: 'attacker', what: 'tcp', to: '198.51.100.1', port: 22 }, seen: 'nothing' }],
    truth: {
      words: 'The address is still in the set of banned ones.',
      causes: [{ rule: '@crowdsec-blacklists-crowdsec', chain: 'ip crowdsec crowdsec-chain-input' }],
      status: ['dropped'],
    },
    mend: [['server', 'nft delete element ip crowdsec crowdsec-blacklists-crowdsec { 192.0.2.2 }']],
  },
  {
    name: 'nft-ct-zone-one-way',
    thread: {
      title: 'Dropped DNS replies from non-intercepted nameservers due to conntrack zone mismatch',
      address: 'https://github.com/metal-stack/firewall-controller/issues/223',
    },
    backend: 'nft',
    ...homeRouter(
      {
        rules: {
          nft: `table inet firewall {
  set proxy_dns_servers { type ipv4_addr; elements = { 8.8.8.8 }; }
  chain prerouting_ct {
    type filter hook prerouting priority raw; policy accept;
    iifname "lan" udp dport 53 ct zone set 3
  }
  chain output_ct {
    type filter hook output priority raw; policy accept;
    oifname "lan" udp sport 53 ct zone set 3
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    ip daddr @proxy_dns_servers iifname "lan" udp dport 53 dnat ip to 192.168.1.1
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" masquerade
  }
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname "lan" accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "lan" accept
  }
}
`,
        },
      },
      { remote: { listeners: [{ protocol: 'udp', address: '203.0.113.9', port: 53 }, ...WEB] } },
    ),
    fails: { from: 'pc', what: 'udp', to: '203.0.113.9', port: 53 },
    seen: 'nothing',
    others: [{ sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' }],
    truth: {
      words:
        'Requests are tracked in zone 3, and what comes back in zone 0: nobody knows the reply, and input drops it.',
      causes: [{ rule: 'ct zone set 3', chain: 'inet firewall prerouting_ct' }],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [['router', 'nft add rule inet firewall prerouting_ct iifname wan udp sport 53 ct zone set 3']],
  },
  {
    name: 'firewalld-rejects-calico',
    thread: {
      title: 'Problem firewalld dropping calico traffic on the nft backend',
      address: 'https://github.com/firewalld/firewalld/issues/767',
    },
    backend: 'iptables-nft',
    ...homeRouter(
      {
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:cali-FORWARD - [0:0]
-A FORWARD -m comment --comment "cali:wUHhoiAYhphO9Mso" -j cali-FORWARD
-A cali-FORWARD -i lan -m comment --comment "cali:8ZoYfO5HKXWbB3pk" -j ACCEPT
-A cali-FORWARD -o lan -m comment --comment "cali:jdEuaPBe14V2hutn" -j ACCEPT
COMMIT
`,
          nft: firewalld('"wan"'),
        },
      },
      { pc: { listeners: WEB }, remote: { listeners: WEB, routes: ['192.168.1.0/24 via 203.0.113.1'] } },
    ),
    fails: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '192.168.1.10', port: 80 }, seen: 'unreachable', either: true },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 80 }, seen: 'unreachable' },
    ],
    truth: {
      words: 'Calico accepts it in the table of iptables-nft; firewalld has a chain at the same hook and rejects it.',
      causes: [{ rule: 'reject with icmpx', chain: 'inet firewalld filter_FORWARD' }],
      status: ['rejected'],
    },
    mend: [['router', 'nft insert rule inet firewalld filter_FORWARD iifname lan accept']],
  },
]

/** The part of firewalld's table that decides here: `zone`: interfaces of the zone public. */
function firewalld(zone: string): string {
  return `table inet firewalld {
  chain filter_INPUT {
    type filter hook input priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    tcp dport 22 accept
    ct state invalid drop
    reject with icmpx admin-prohibited
  }
  chain filter_FORWARD {
    type filter hook forward priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    iifname ${zone} goto filter_FWD_public
    ct state invalid drop
    reject with icmpx admin-prohibited
  }
  chain filter_FWD_public {
    reject with icmpx admin-prohibited
  }
}
`
}

function withWebClient(server: Parameters<typeof clientAndServer>[0]): ReturnType<typeof clientAndServer> {
  const made = clientAndServer(server)
  const listeners = [...WEB, { protocol: 'tcp', address: '2001:db8:1::2', port: 80 } as const]
  return { ...made, hosts: { ...made.hosts, client: { ...made.hosts.client!, listeners } } }
}
