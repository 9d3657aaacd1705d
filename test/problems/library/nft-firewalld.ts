/** firewalld's own table: its reverse path filter for IPv6, policies, forwarded ports, what is invalid; other tables beside it. */
import type { HostSpec } from '../../../src/demo/incident.ts'
import { clientAndServer, FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = [{ protocol: 'tcp', port: 22 }] as const

/** The parts of its table that decide here. `zone`: what the zone of all interfaces lets in. */
const firewalld = ({ raw = '', zone = '', nat = '', forward = '', output = '' }) => `table inet firewalld {
  chain raw_PREROUTING {
    type filter hook prerouting priority raw + 10; policy accept;
${raw}  }
  chain mangle_PREROUTING {
    type filter hook prerouting priority mangle + 10; policy accept;
  }
  chain nat_PREROUTING {
    type nat hook prerouting priority dstnat + 10; policy accept;
    jump nat_PREROUTING_ZONES
  }
  chain nat_PREROUTING_ZONES {
    goto nat_PRE_public
  }
  chain nat_PRE_public {
    jump nat_PRE_public_allow
  }
  chain nat_PRE_public_allow {
${nat}  }
  chain filter_INPUT {
    type filter hook input priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    ct state invalid drop
    jump filter_INPUT_ZONES
    reject with icmpx admin-prohibited
  }
  chain filter_INPUT_ZONES {
    goto filter_IN_public
  }
  chain filter_IN_public {
    jump filter_IN_public_allow
    meta l4proto { icmp, ipv6-icmp } accept
    reject with icmpx admin-prohibited
  }
  chain filter_IN_public_allow {
    tcp dport 22 accept
${zone}  }
  chain filter_FORWARD {
    type filter hook forward priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    ct state invalid drop
    jump filter_FORWARD_ZONES
    reject with icmpx admin-prohibited
  }
  chain filter_FORWARD_ZONES {
${forward}  }
  chain filter_OUTPUT {
    type filter hook output priority filter + 10; policy accept;
    ct state { established, related } accept
    oifname "lo" accept
    jump filter_OUTPUT_POLICIES
  }
  chain filter_OUTPUT_POLICIES {
${output ? '    jump filter_OUT_policy_out\n' : ''}  }
${output}}
`

/** IPv6_rpfilter=yes. */
const RPFILTER = `    icmpv6 type { nd-router-advert, nd-neighbor-solicit } accept
    meta nfproto ipv6 fib saddr . iif oif missing drop
`

const withWebClient = (server: HostSpec): ReturnType<typeof clientAndServer> => {
  const made = clientAndServer(server)
  const listeners = [...WEB, { protocol: 'tcp', address: '2001:db8:1::2', port: 80 } as const]
  return { ...made, hosts: { ...made.hosts, client: { ...made.hosts.client!, listeners } } }
}

export const NFT_FIREWALLD: Problem[] = [
  {
    name: 'nft-rpfilter6-wireguard-endpoint',
    thread: {
      title: 'ipv6_rpfilter blocks wireguard traffic',
      address: 'https://github.com/firewalld/firewalld/issues/603',
    },
    backend: 'nft',
    hosts: {
      host: {
        addresses: { wlan0: ['2001:db8:1::1/64'], wg0: ['fd00:8::1/64'] },
        routes: ['default via 2001:db8:1::fe'],
        rules: {
          nft: `${firewalld({ raw: RPFILTER })}table ip6 wg-quick-wg0 {
  chain preraw {
    type filter hook prerouting priority raw; policy accept;
    iifname != "wg0" ip6 daddr fd00:8::1 fib saddr type != local drop
  }
  chain premangle {
    type filter hook prerouting priority mangle; policy accept;
    meta l4proto udp meta mark set ct mark
  }
  chain postmangle {
    type filter hook postrouting priority mangle; policy accept;
    meta l4proto udp meta mark 0x0000ca6c ct mark set meta mark
  }
}
table ip6 sockets {
  chain output {
    type filter hook output priority mangle; policy accept;
    udp dport 51820 meta mark set 0x0000ca6c
  }
}
`,
        },
      },
      gateway: {
        addresses: { eth0: ['2001:db8:1::fe/64'], eth1: ['2001:db8:9::fe/64'] },
        sysctls: FORWARDS,
      },
      server: {
        addresses: { eth0: ['2001:db8:9::5/64'] },
        routes: ['default via 2001:db8:9::fe'],
        listeners: [{ protocol: 'udp', address: '2001:db8:9::5', port: 51820 }],
      },
      peer: {
        addresses: { eth0: ['fd00:8::2/64'] },
        listeners: [{ protocol: 'tcp', address: 'fd00:8::2', port: 80 }],
      },
    },
    links: [
      ['host:wlan0', 'gateway:eth0'],
      ['gateway:eth1', 'server:eth0'],
      ['host:wg0', 'peer:eth0'],
    ],
    traced: 'host',
    setup: [
      [
        'host',
        // the last stands for the mark of WireGuard's own socket: no program of the lab sets one before it asks for a route
        'ip -6 route add default dev wg0 table 51820; ip -6 rule add not fwmark 51820 table 51820; ip -6 rule add table main suppress_prefixlength 0; ip -6 rule add ipproto udp dport 51820 table main',
      ],
    ],
    fails: { from: 'host', what: 'udp', to: '2001:db8:9::5', port: 51820 },
    seen: 'nothing',
    others: [{ sending: { from: 'host', what: 'tcp', to: 'fd00:8::2', port: 80 }, seen: 'answered' }],
    truth: {
      words:
        'The reverse path filter asks for the route without the mark, and that leads to the tunnel: replies of the endpoint are dropped on wlan0.',
      causes: [{ rule: 'fib saddr . iif oif', chain: 'inet firewalld raw_PREROUTING' }],
      status: ['reply-lost'],
    },
    mend: [
      [
        'host',
        'nft flush chain inet firewalld raw_PREROUTING; nft add rule inet firewalld mangle_PREROUTING icmpv6 type { nd-router-advert, nd-neighbor-solicit } accept; nft add rule inet firewalld mangle_PREROUTING meta nfproto ipv6 fib saddr . mark . iif oif missing drop',
      ],
    ],
  },
  {
    name: 'nft-rpfilter6-bridged-frames',
    thread: {
      title: 'IPv6_rpfilter=yes breaks IPv6 connectivity over bridges when br_netfilter is in use',
      address: 'https://github.com/firewalld/firewalld/issues/1235',
    },
    backend: 'nft',
    hosts: {
      vm1: { addresses: { eth0: ['2001:db8:5::10/64', '192.168.5.10/24'] } },
      vm2: {
        addresses: { eth0: ['2001:db8:5::20/64', '192.168.5.20/24'] },
        listeners: [...WEB, { protocol: 'tcp', address: '2001:db8:5::20', port: 80 }],
      },
      host: {
        bridges: { br0: ['tap1', 'tap2'] },
        addresses: { eth0: ['2001:db8:1::1/64'] },
        routes: ['default via 2001:db8:1::fe'],
        sysctls: { 'net.bridge.bridge-nf-call-iptables': '1', 'net.bridge.bridge-nf-call-ip6tables': '1' },
        rules: { nft: firewalld({ raw: RPFILTER, forward: '    iifname "br0" oifname "br0" accept\n' }) },
      },
      gateway: { addresses: { eth0: ['2001:db8:1::fe/64'] } },
    },
    links: [
      ['vm1:eth0', 'host:tap1'],
      ['vm2:eth0', 'host:tap2'],
      ['host:eth0', 'gateway:eth0'],
    ],
    traced: 'host',
    fails: { from: 'vm1', what: 'tcp', to: '2001:db8:5::20', port: 80 },
    seen: 'unreachable',
    // the advertisement that comes back
    looksAt: { protocol: 'icmpv6', dst: '2001:db8:5::10' },
    others: [{ sending: { from: 'vm1', what: 'tcp', to: '192.168.5.20', port: 80 }, seen: 'answered' }],
    truth: {
      words:
        'Bridged frames pass the reverse path filter, and this host has no route over the bridge: the neighbour advertisement is dropped.',
      causes: [{ rule: 'fib saddr . iif oif', chain: 'inet firewalld raw_PREROUTING' }],
      status: ['reply-lost', 'unanswered', 'dropped'],
      alsoTrue: ['bridge-nf-call'],
    },
    mend: [['host', 'sysctl -w net.bridge.bridge-nf-call-ip6tables=0']],
  },
  {
    name: 'nft-policy-drops-own-discovery',
    thread: { title: 'Policy and IPv6', address: 'https://github.com/firewalld/firewalld/issues/1297' },
    backend: 'nft',
    ...withWebClient({
      rules: {
        nft: firewalld({
          output: `  chain filter_OUT_policy_out {
    jump filter_OUT_policy_out_allow
    drop
  }
  chain filter_OUT_policy_out_allow {
    tcp dport 53 accept
    udp dport 53 accept
    tcp dport 80 accept
    tcp dport 443 accept
    udp dport 123 accept
  }
`,
        }),
      },
    }),
    fails: { from: 'server', what: 'tcp', to: '2001:db8:1::2', port: 80 },
    seen: 'unreachable',
    looksAt: { protocol: 'icmpv6', dst: 'ff02::1:ff00:2' },
    others: [
      { sending: { from: 'server', what: 'tcp', to: '192.0.2.2', port: 80 }, seen: 'answered' },
      { sending: { from: 'server', what: 'tcp', to: '192.0.2.2', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The policy for what the host sends drops its neighbour solicitations: it never learns the web server's link address.",
      causes: [{ rule: 'drop', chain: 'inet firewalld filter_OUT_policy_out' }],
      status: ['dropped'],
    },
    mend: [['server', 'nft add rule inet firewalld filter_OUT_policy_out_allow meta l4proto ipv6-icmp accept']],
  },
  {
    name: 'nft-redirect-takes-first-address',
    thread: {
      title: 'Firewalld nftables > Forwarded Packets Target Primary IP Instead of Destination',
      address: 'https://github.com/firewalld/firewalld/issues/1413',
    },
    backend: 'nft',
    ...clientAndServer({
      addresses: { eth0: ['192.0.2.1/24', '192.0.2.8/24'] },
      listeners: [...SSH, { protocol: 'tcp', address: '192.0.2.8', port: 8089 }],
      rules: { nft: firewalld({ nat: '    ip daddr 192.0.2.8 tcp dport 80 redirect to :8089\n' }) },
    }),
    fails: { from: 'client', what: 'tcp', to: '192.0.2.8', port: 80 },
    seen: 'refused',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'unreachable' },
    ],
    truth: {
      words:
        'redirect sends it to the first address of the interface, 192.0.2.1; the program listens on the address that was asked, 192.0.2.8.',
      causes: [{ rule: 'redirect to :8089', chain: 'inet firewalld nat_PRE_public_allow' }],
      status: ['refused'],
      alsoTrue: ['closed-port', 'refused-here'],
    },
    mend: [
      [
        'server',
        'nft flush chain inet firewalld nat_PRE_public_allow; nft add rule inet firewalld nat_PRE_public_allow ip daddr 192.0.2.8 tcp dport 80 dnat ip to 192.0.2.8:8089',
      ],
    ],
  },
  {
    name: 'nft-invalid-syn-ack-one-way',
    thread: {
      title: '1.2.1-1 STATE_INVALID_DROP for traffic in the same zone',
      address: 'https://github.com/firewalld/firewalld/issues/1061',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['192.168.1.120/24'] }, routes: ['default via 192.168.1.1'] },
      ap: {
        addresses: { wlan: ['192.168.1.1/24'], eth0: ['10.50.0.4/24'] },
        routes: ['default via 10.50.0.1'],
        sysctls: FORWARDS,
      },
      switch: { bridges: { sw0: ['p1', 'p2', 'p3'] }, sysctls: { 'net.bridge.bridge-nf-call-iptables': '0' } },
      fw: {
        addresses: { lan: ['10.50.0.1/24'] },
        routes: ['192.168.1.0/24 via 10.50.0.4'],
        sysctls: FORWARDS,
        listeners: SSH,
        rules: { nft: firewalld({ forward: '    iifname "lan" oifname "lan" accept\n' }) },
      },
      server: { addresses: { eth0: ['10.50.0.2/24'] }, routes: ['default via 10.50.0.1'], listeners: WEB },
    },
    links: [
      ['client:eth0', 'ap:wlan'],
      ['ap:eth0', 'switch:p1'],
      ['fw:lan', 'switch:p2'],
      ['server:eth0', 'switch:p3'],
    ],
    traced: 'fw',
    fails: { from: 'client', what: 'tcp', to: '10.50.0.2', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '10.50.0.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'fw', what: 'tcp', to: '10.50.0.2', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The request goes past this host and the reply through it: a SYN-ACK whose SYN was never seen is invalid, and such packets are dropped.',
      causes: [{ rule: 'ct state invalid drop', chain: 'inet firewalld filter_FORWARD' }, { code: 'invalid-state' }],
      status: ['dropped', 'reply-lost'],
    },
    mend: [
      [
        'fw',
        'nft insert rule inet firewalld raw_PREROUTING iifname lan ip saddr 10.50.0.2 ip daddr 192.168.1.0/24 notrack',
      ],
    ],
  },
  {
    name: 'nft-older-reject-in-front',
    thread: {
      title: 'adding dns service only allows IPv6',
      address: 'https://github.com/firewalld/firewalld/issues/882',
    },
    backend: 'nft',
    ...clientAndServer({
      listeners: [...SSH, { protocol: 'udp', port: 53 }, { protocol: 'udp', address: '2001:db8:1::1', port: 53 }],
      rules: {
        nft: `table ip filter {
  chain INPUT {
    type filter hook input priority filter; policy accept;
    ct state related,established counter accept
    meta l4proto icmp counter accept
    iifname "lo" counter accept
    ct state new tcp dport 22 counter accept
    counter reject with icmp host-prohibited
  }
}
${firewalld({ zone: '    udp dport 53 ct state { new, untracked } accept\n    tcp dport 53 ct state { new, untracked } accept\n' })}`,
      },
    }),
    fails: { from: 'client', what: 'udp', to: '192.0.2.1', port: 53 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'client', what: 'udp', to: '2001:db8:1::1', port: 53 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'unreachable' },
    ],
    truth: {
      words: 'A table for IPv4 alone, from before firewalld, comes first and rejects what firewalld would let in.',
      causes: [{ rule: 'host-prohibited', chain: 'ip filter INPUT' }],
      status: ['rejected'],
    },
    mend: [['server', 'nft flush chain ip filter INPUT']],
  },
]
