/** Firewalls that somebody wrote by hand, once more: an empty table, limits that count what is over, a state rule behind a reject. */
import { clientAndServer, FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

export const HAND_WRITTEN_MORE: Problem[] = [
  {
    name: 'default-route-in-main-not-in-the-marks-table',
    thread: { title: "ip rule fwmark doesn't work", address: 'https://github.com/BPI-SINOVOIP/BPI-M2U-bsp/issues/11' },
    backend: 'iptables-legacy',
    hosts: {
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
      router: {
        addresses: { lan: ['192.168.1.1/24'], wan: ['203.0.113.1/24'], tun0: ['10.8.0.2/24'] },
        routes: ['default via 203.0.113.254', 'default via 10.8.0.1 metric 500'],
        sysctls: FORWARDS,
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 198.51.100.7/32 -i lan -j MARK --set-xmark 0x1/0xffffffff
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o tun0 -j MASQUERADE
-A POSTROUTING -o wan -j MASQUERADE
COMMIT
`,
        },
      },
      isp: {
        addresses: { eth0: ['203.0.113.254/24'] },
        routes: ['blackhole 198.51.100.0/24'],
        listeners: [{ protocol: 'tcp', port: 80 }],
      },
      vpn: {
        addresses: { tun0: ['10.8.0.1/24'], lo: ['198.51.100.7/32'] },
        listeners: [{ protocol: 'tcp', port: 443 }],
      },
    },
    links: [
      ['pc:eth0', 'router:lan'],
      ['router:wan', 'isp:eth0'],
      ['router:tun0', 'vpn:tun0'],
    ],
    traced: 'router',
    setup: [['router', 'ip rule add to 198.51.100.7 fwmark 1 lookup 1']],
    fails: { from: 'pc', what: 'tcp', to: '198.51.100.7', port: 443 },
    seen: 'nothing',
    others: [{ sending: { from: 'pc', what: 'tcp', to: '203.0.113.254', port: 80 }, seen: 'answered' }],
    truth: {
      words:
        "The mark's routing rule asks table 1, which is empty: the default route by the tunnel was added to main, where the uplink's goes first.",
      causes: [
        { code: 'mark-missing', words: ['table 1'] },
        { code: 'wrong-way-out', words: ['table 1'] },
        { code: 'not-netfilter', words: ['table 1'] },
      ],
      status: ['unanswered', 'lost'],
    },
    mend: [['router', 'ip route add default via 10.8.0.1 dev tun0 table 1']],
  },
  {
    name: 'csf-connlimit-counts-datagrams-of-a-network',
    thread: {
      title: 'Feature: CONNLIMIT for HTTP/3 (443 UDP)',
      address: 'https://github.com/Aetherinox/csf-firewall/issues/107',
    },
    backend: 'iptables-legacy',
    ...clientAndServer({
      listeners: [
        { protocol: 'udp', address: '2001:db8:1::1', port: 443 },
        { protocol: 'tcp', address: '2001:db8:1::1', port: 443 },
      ],
      rules: {
        v6: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:CONNLIMIT - [0:0]
-A INPUT -p ipv6-icmp -j ACCEPT
-A INPUT ! -i lo -p udp -m udp --dport 443 -m connlimit --connlimit-above 2 --connlimit-mask 64 --connlimit-saddr -j CONNLIMIT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p udp -m udp --dport 443 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 443 -j ACCEPT
-A CONNLIMIT -p tcp -j REJECT --reject-with tcp-reset
-A CONNLIMIT -j DROP
COMMIT
`,
      },
    }),
    earlier: {
      sendings: [1, 2].map(() => ({ from: 'client', what: 'udp', to: '2001:db8:1::1', port: 443 }) as const),
      change: [],
    },
    fails: { from: 'client', what: 'udp', to: '2001:db8:1::1', port: 443 },
    seen: 'nothing',
    others: [{ sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 443 }, seen: 'answered' }],
    truth: {
      words:
        'Conntrack keeps the entries of earlier datagrams for a while, and the limit counts two of the same /64: the third flow goes to CONNLIMIT, which drops it.',
      causes: [{ rule: '--connlimit-above 2', chain: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [
      [
        'server',
        'ip6tables -R INPUT 2 ! -i lo -p udp --dport 443 -m connlimit --connlimit-above 100 --connlimit-mask 64 -j CONNLIMIT',
      ],
    ],
  },
  {
    name: 'established-behind-a-reject-of-private-networks',
    thread: {
      title: 'Move related,established rule to top.',
      address: 'https://github.com/geerlingguy/ansible-role-firewall/issues/72',
    },
    backend: 'iptables-legacy',
    hosts: {
      server: {
        addresses: { eth0: ['192.0.2.1/24'] },
        routes: ['default via 192.0.2.2'],
        listeners: [SSH],
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -s 10.0.0.0/8 -p tcp -j REJECT --reject-with tcp-reset
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -m limit --limit 15/min -j LOG --log-prefix "Dropped by firewall: "
-A INPUT -j DROP
COMMIT
`,
        },
      },
      gateway: {
        addresses: { eth0: ['192.0.2.2/24'], lo: ['10.1.1.9/32'] },
        listeners: [{ protocol: 'tcp', port: 3142 }],
      },
    },
    links: [['server:eth0', 'gateway:eth0']],
    traced: 'server',
    fails: { from: 'server', what: 'tcp', to: '10.1.1.9', port: 3142 },
    seen: 'nothing',
    others: [
      { sending: { from: 'gateway', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'server', what: 'tcp', to: '192.0.2.2', port: 3142 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The rule that rejects the private networks stands in front of the one that accepts replies, and replies of the proxy come from such a network.',
      causes: [{ rule: '-s 10.0.0.0/8 -p tcp', chain: 'filter INPUT' }],
      status: ['reply-lost', 'rejected'],
    },
    mend: [['server', 'iptables -I INPUT 1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT']],
  },
  {
    name: 'flood-list-keeps-the-operator-an-hour',
    thread: {
      title: 'fix(firewall): relax flood limits and bound ban time on debug images',
      address: 'https://github.com/tiiuae/ghaf/pull/2087',
    },
    backend: 'iptables-nft',
    ...clientAndServer({
      listeners: [SSH, { protocol: 'tcp', port: 80 }],
      rules: {
        ipset: 'create BLACKLIST hash:ip timeout 3600 maxelem 1024\n',
        v4: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -m set --match-set BLACKLIST src -j DROP
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:ghaf-fw-blacklist - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -m hashlimit --hashlimit-above 2/min --hashlimit-burst 2 --hashlimit-mode srcip --hashlimit-name ssh -j ghaf-fw-blacklist
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT
-A ghaf-fw-blacklist -j SET --add-set BLACKLIST src
-A ghaf-fw-blacklist -j DROP
COMMIT
`,
      },
    }),
    earlier: {
      sendings: [1, 2, 3].map(() => ({ from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }) as const),
      change: [],
    },
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 },
    seen: 'nothing',
    others: [{ sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'refused' }],
    truth: {
      words:
        "The operator's third connection to SSH within a minute put his address into the list, and raw drops all that comes from it for an hour.",
      causes: [{ rule: '--match-set BLACKLIST src', chain: 'raw PREROUTING' }],
      status: ['dropped'],
    },
    mend: [['server', 'ipset del BLACKLIST 192.0.2.2']],
  },
  {
    name: 'guest-bridge-among-the-uplinks',
    thread: { title: 'Fix/firewall', address: 'https://github.com/itdoginfo/podkop/pull/284' },
    backend: 'nft',
    hosts: {
      guest: { addresses: { eth0: ['192.168.10.20/24'] }, routes: ['default via 192.168.10.1'] },
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
      router: {
        addresses: { 'br-lan': ['192.168.1.1/24'], 'br-lan.10': ['192.168.10.1/24'] },
        sysctls: FORWARDS,
        listeners: [{ protocol: 'udp', port: 53 }],
        rules: {
          nft: `table inet fw4 {
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept comment "!fw4: Accept traffic from loopback"
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle inbound flows"
    iifname "br-lan" jump input_lan comment "!fw4: Handle lan IPv4/IPv6 input traffic"
    iifname { "wan", "br-lan.10" } jump input_wan comment "!fw4: Handle wan IPv4/IPv6 input traffic"
    iifname "br-lan.10" jump input_guest comment "!fw4: Handle guest IPv4/IPv6 input traffic"
    jump handle_reject
  }
  chain input_lan {
    jump accept_from_lan
  }
  chain accept_from_lan {
    iifname "br-lan" counter accept
  }
  chain input_guest {
    udp dport { 53, 67 } counter accept comment "!fw4: Allow-DNS-DHCP-guest"
    jump reject_from_guest
  }
  chain reject_from_guest {
    iifname "br-lan.10" counter jump handle_reject
  }
  chain input_wan {
    udp dport 68 counter accept comment "!fw4: Allow-DHCP-Renew"
    icmp type echo-request counter accept comment "!fw4: Allow-Ping"
    jump drop_from_wan
  }
  chain drop_from_wan {
    iifname { "wan", "br-lan.10" } counter drop comment "!fw4: drop wan IPv4/IPv6 traffic"
  }
  chain handle_reject {
    meta l4proto tcp reject with tcp reset
    reject
  }
}
`,
        },
      },
    },
    links: [
      ['guest:eth0', 'router:br-lan.10'],
      ['pc:eth0', 'router:br-lan'],
    ],
    traced: 'router',
    fails: { from: 'guest', what: 'udp', to: '192.168.10.1', port: 53 },
    seen: 'nothing',
    others: [{ sending: { from: 'pc', what: 'udp', to: '192.168.1.1', port: 53 }, seen: 'answered' }],
    truth: {
      words:
        "The guests' bridge is in the zone of the uplink as well, whose rule stands first and drops what the guests' own chain would accept.",
      causes: [
        { rule: 'jump input_wan', chain: 'inet fw4 input' },
        { rule: 'jump input_guest', chain: 'inet fw4 input' },
        { rule: 'udp dport { 53, 67 }', chain: 'inet fw4 input_guest' },
      ],
      status: ['dropped'],
    },
    mend: [['router', 'nft insert rule inet fw4 input iifname br-lan.10 jump input_guest']],
  },
  {
    name: 'qubes-ipv6-does-not-call-custom-forward',
    thread: {
      title: 'Add missing nft rule for ipv6 that is present for ipv4',
      address: 'https://github.com/QubesOS/qubes-core-agent-linux/pull/461',
    },
    backend: 'nft',
    hosts: {
      work: { addresses: { eth0: ['fd09:24ef:4179::a89:7/64'] }, routes: ['default via fd09:24ef:4179::1'] },
      firewall: {
        addresses: { vif7: ['fd09:24ef:4179::1/64'], vif8: ['fd09:24ef:4180::1/64'] },
        sysctls: FORWARDS,
        rules: {
          nft: `table ip qubes {
  chain custom-forward {
    iifname "vif7" oifname "vif8" accept
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    jump custom-forward
    ct state invalid counter drop
    ct state related,established accept
    iifgroup 0 counter drop
  }
}
table ip6 qubes {
  chain custom-forward {
    iifname "vif7" oifname "vif8" accept
  }
  chain antispoof {
    type filter hook prerouting priority raw; policy accept;
    iifname "vif7" ip6 saddr != { fd09:24ef:4179::/64, fe80::/10 } counter drop
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    ct state invalid counter drop
    ct state related,established accept
    iifname "vif*" oifname "vif*" counter drop
  }
}
`,
        },
      },
      server: { addresses: { eth0: ['fd09:24ef:4180::a89:8/64'] }, routes: ['default via fd09:24ef:4180::1'] },
    },
    links: [
      ['work:eth0', 'firewall:vif7'],
      ['firewall:vif8', 'server:eth0'],
    ],
    traced: 'firewall',
    fails: { from: 'work', what: 'ping', to: 'fd09:24ef:4180::a89:8' },
    seen: 'nothing',
    others: [{ sending: { from: 'work', what: 'ping', to: 'fd09:24ef:4179::1' }, seen: 'answered' }],
    truth: {
      words: "IPv6's forward chain does not call custom-forward, where the rule between these two is.",
      causes: [{ chain: 'ip6 qubes custom-forward' }],
      status: ['dropped'],
    },
    mend: [['firewall', 'nft insert rule ip6 qubes forward jump custom-forward']],
  },
]
