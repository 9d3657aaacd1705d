/** Replies and errors that rules send elsewhere or nowhere, from threads: a mark of what carries a tunnel, ICMP errors dropped on their way out, a header written anew before a drop, a group past a loose filter. */

import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { asks, POKED, serves } from './groups-asked.ts'

export const THREADS_AD: Problem[] = [
  {
    name: 'mwan-tunnel-bears-the-mark-of-what-carries-it',
    thread: {
      title: 'mwan3: fix some tunnels assigned the wrong mark',
      address: 'https://github.com/openwrt/packages/pull/20923',
    },
    backend: 'nft',
    hosts: {
      client: {
        addresses: { eth0: ['2001:db8:f::9/64'], eth1: ['2001:db8:e::9/64'] },
        routes: ['2001:db8:b::/64 via 2001:db8:f::1'],
      },
      office: { addresses: { eth0: ['2001:db8:5::9/64'] }, routes: ['default via 2001:db8:5::1'] },
      broker: {
        addresses: { eth0: ['2001:db8:b::1/64'], eth1: ['2001:db8:f::1/64'], eth2: ['2001:db8:5::1/64'] },
        sysctls: FORWARDS,
      },
      isp: {
        addresses: { eth0: ['2001:db8:a::1/64'], eth1: ['2001:db8:e::1/64'] },
        routes: ['2001:db8:f::/64 via 2001:db8:e::9'],
        sysctls: FORWARDS,
        // forwards its own prefix alone
        rules: {
          nft: 'table ip6 edge {\n  chain forward { type filter hook forward priority filter; policy accept; iifname "eth0" ip6 saddr != 2001:db8:a::/64 drop; }\n}\n',
        },
      },
      router: {
        addresses: { wan: ['2001:db8:a::2/64'], henet: ['2001:db8:b::2/64'] },
        routes: [
          'default via 2001:db8:b::1',
          'default via 2001:db8:a::1 table 101',
          '2001:db8:5::/64 via 2001:db8:b::1 table 101',
          '2001:db8:b::/64 dev henet table 101',
          'default via 2001:db8:b::1 table 102',
        ],
        listeners: [{ protocol: 'tcp', port: 443, address: '::' }],
        rules: {
          nft: `table inet mwan3 {
  chain tunnel {
    type filter hook prerouting priority mangle - 10; policy accept;
    iifname "henet" meta mark set 0x00000100
  }
  chain prerouting {
    type filter hook prerouting priority mangle; policy accept;
    ct state established,related meta mark set ct mark and 0x00003f00
    meta mark and 0x00003f00 == 0 iifname "wan" meta mark set 0x00000100
    meta mark and 0x00003f00 == 0 iifname "henet" meta mark set 0x00000200
    ct mark set meta mark and 0x00003f00
  }
  chain output {
    type route hook output priority mangle; policy accept;
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit } accept
    meta mark set ct mark and 0x00003f00
  }
}
`,
        },
      },
    },
    links: [
      ['client:eth0', 'broker:eth1'],
      ['client:eth1', 'isp:eth1'],
      ['office:eth0', 'broker:eth2'],
      ['broker:eth0', 'router:henet'],
      ['isp:eth0', 'router:wan'],
    ],
    traced: 'router',
    setup: [
      [
        'router',
        'ip -6 rule add pref 2001 fwmark 0x100/0x3f00 lookup 101; ip -6 rule add pref 2002 fwmark 0x200/0x3f00 lookup 102',
      ],
    ],
    fails: { from: 'client', what: 'tcp', to: '2001:db8:b::2', port: 443 },
    seen: 'nothing',
    others: [{ sending: { from: 'office', what: 'tcp', to: '2001:db8:b::2', port: 443 }, seen: 'answered' }],
    truth: {
      words:
        'What comes out of the tunnel bears the mark of the uplink that carries it; the reply gets that mark from its connection and leaves by wan, whose provider drops the source. The networks that table 101 knows behind the tunnel are spared.',
      causes: [
        { rule: 'iifname "henet" meta mark set 0x00000100', chain: 'inet mwan3 tunnel' },
        { rule: 'meta mark set ct mark', chain: 'inet mwan3 output' },
        { rule: 'ct mark set', chain: 'inet mwan3 prerouting' },
        { code: 'reply-by-other-uplink', words: ['wan'] },
        { code: 'wrong-way-out', words: ['wan'] },
      ],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [['router', 'nft flush chain inet mwan3 tunnel']],
  },
  {
    name: 'fw4-output-keeps-unreachables-back',
    thread: {
      title: 'WIP Stop spilling ICMP unreach to unrelated networks.',
      address: 'https://github.com/openwrt/firewall4/pull/12',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.2/24'] } },
      router: {
        addresses: { wan: ['192.0.2.1/24'] },
        listeners: [{ protocol: 'udp', port: 123 }],
        rules: {
          nft: `table inet fw4 {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname "lo" accept
    icmp type echo-request accept
    udp dport { 123, 161 } accept
  }
  chain output {
    type filter hook output priority filter; policy accept;
    oifname "lo" accept
    oifname "wan" icmp type destination-unreachable counter drop
    ct state established,related accept
  }
}
`,
        },
      },
    },
    links: [['client:eth0', 'router:wan']],
    traced: 'router',
    setup: [['client', asks('AF_INET', "o.connect(('192.0.2.1',161)); o.send(b'get'); s.sendto(o.recv(2000),who)")]],
    fails: POKED,
    seen: 'nothing',
    looksAt: { protocol: 'udp', dst: '192.0.2.1' },
    others: [
      { sending: { from: 'client', what: 'udp', to: '192.0.2.1', port: 123 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        'Nobody listens on port 161, and OUTPUT drops the port unreachable that says so: whoever asks waits in vain.',
      causes: [
        { rule: 'icmp type destination-unreachable', chain: 'inet fw4 output' },
        { code: 'icmp-error-dropped' },
        { code: 'closed-port', words: ['161'] },
      ],
      status: ['reply-lost', 'unanswered'],
      alsoTrue: ['reply-lost'],
    },
    mend: [
      [
        'router',
        "nft delete rule inet fw4 output handle $(nft -a list chain inet fw4 output | sed -n 's/.*destination-unreachable.*handle //p')",
      ],
    ],
  },
  {
    name: 'hagezi-output-lacks-the-error-about-one-of-two-datagrams',
    thread: {
      title: 'nftables für dnsstack',
      address: 'https://github.com/hagezi/files/issues/20',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['2001:db8:1::2/64'] } },
      server: {
        addresses: { eth0: ['2001:db8:1::1/64'] },
        listeners: [{ protocol: 'udp', port: 53, address: '::' }],
        rules: {
          nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname "lo" accept
    meta l4proto ipv6-icmp accept
    udp dport { 53, 853 } accept
  }
  chain output {
    type filter hook output priority filter; policy drop;
    oifname "lo" accept
    ct state established accept
    icmpv6 type { echo-request, echo-reply, nd-neighbor-solicit, nd-neighbor-advert, mld2-listener-report } accept
  }
}
`,
        },
      },
    },
    links: [['client:eth0', 'server:eth0']],
    traced: 'server',
    setup: [
      [
        'client',
        asks(
          'AF_INET6',
          "p=socket.socket(socket.AF_INET6,socket.SOCK_DGRAM); o.connect(('2001:db8:1::1',853)); p.connect(('2001:db8:1::1',53)); o.send(b'quic'); p.send(b'dns'); s.sendto(o.recv(2000),who)",
        ),
      ],
    ],
    fails: POKED,
    seen: 'nothing',
    looksAt: { protocol: 'udp', dst: '2001:db8:1::1', dport: 853 },
    others: [
      { sending: { from: 'client', what: 'udp', to: '2001:db8:1::1', port: 53 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '2001:db8:1::1' }, seen: 'answered' },
    ],
    truth: {
      words:
        'Of two datagrams sent at once one is answered; nobody listens on the port of the other, and the policy of output drops the error that says so, for nothing accepts what is related.',
      causes: [
        { policy: 'inet filter output' },
        { code: 'icmp-error-dropped' },
        { code: 'closed-port', words: ['853'] },
      ],
      status: ['reply-lost', 'unanswered'],
      alsoTrue: ['reply-lost'],
    },
    mend: [['server', 'nft insert rule inet filter output ct state related accept']],
  },
  {
    name: 'qosmate-washes-the-class-that-its-drop-asks-for',
    thread: { title: "rule can't working", address: 'https://github.com/hudra0/qosmate/issues/83' },
    backend: 'nft',
    hosts: {
      pc: {
        addresses: { eth0: ['192.168.1.10/24'] },
        routes: ['default via 192.168.1.1'],
        rules: {
          nft: 'table ip voice {\n  chain output { type filter hook output priority mangle; policy accept; udp dport 5060 ip dscp set ef; }\n}\n',
        },
      },
      router: {
        addresses: { lan: ['192.168.1.1/24'], wan: ['198.51.100.1/24'] },
        sysctls: FORWARDS,
        rules: {
          nft: `table ip stateless {
  chain in {
    type filter hook prerouting priority raw; policy accept;
    iifname "lan" ip daddr 10.99.0.53 ip daddr set 198.51.100.53
  }
  chain out {
    type filter hook postrouting priority 300; policy accept;
    oifname "lan" ip saddr 198.51.100.53 ip saddr set 10.99.0.53
  }
}
table inet dscptag {
  chain dscptag {
    type filter hook forward priority filter; policy accept;
    ip dscp set cs0
    iifname "wan" accept
    ip ttl set 64
    udp dport 5060 ip dscp != ef counter drop
  }
}
`,
        },
      },
      pbx: {
        addresses: { eth0: ['198.51.100.53/24'] },
        routes: ['192.168.1.0/24 via 198.51.100.1'],
        listeners: [
          { protocol: 'udp', port: 5060 },
          { protocol: 'udp', port: 53 },
        ],
      },
    },
    links: [
      ['pc:eth0', 'router:lan'],
      ['router:wan', 'pbx:eth0'],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'udp', to: '10.99.0.53', port: 5060 },
    seen: 'nothing',
    others: [{ sending: { from: 'pc', what: 'udp', to: '10.99.0.53', port: 53 }, seen: 'answered' }],
    truth: {
      words:
        'The phone sends with EF, and the first rule of the chain sets that to CS0 before a later one drops what is not EF.',
      causes: [
        { rule: 'ip dscp set cs0', chain: 'inet dscptag dscptag' },
        { rule: 'ip dscp != ef', chain: 'inet dscptag dscptag' },
      ],
      status: ['dropped'],
    },
    mend: [
      [
        'router',
        "nft delete rule inet dscptag dscptag handle $(nft -a list chain inet dscptag dscptag | sed -n 's/.*dscp set cs0.*handle //p')",
      ],
    ],
  },
  {
    name: 'luminex-group-comes-from-a-network-without-a-route',
    thread: {
      title: 'Linux Reverse Path Filtering and Multicast Packet Drops on Edge Devices',
      address:
        'https://support.luminex.be/portal/en/kb/articles/linux-reverse-path-filtering-and-multicast-packet-drops-on-embedded-devices',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['2.0.0.10/8'] }, routes: ['10.0.0.0/24 dev eth0'] },
      node: {
        addresses: { eth0: ['10.0.0.5/24'], eth1: ['192.168.7.5/24'] },
        sysctls: { 'net.ipv4.conf.all.rp_filter': '2' },
        rules: {
          nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname "lo" accept
    ip protocol { icmp, igmp } accept
    udp dport { 5568, 6454 } accept
  }
}
`,
        },
      },
      desk: { addresses: { eth0: ['192.168.7.9/24'] } },
    },
    links: [
      ['client:eth0', 'node:eth0'],
      ['desk:eth0', 'node:eth1'],
    ],
    traced: 'node',
    setup: [
      ['node', serves('239.255.0.1', 5568, '10.0.0.5', 'who')],
      [
        'client',
        asks(
          'AF_INET',
          "o.setsockopt(0,32,socket.inet_aton('2.0.0.10')); o.sendto(b'dmx',('239.255.0.1',5568)); s.sendto(o.recv(2000),who)",
        ),
      ],
    ],
    fails: POKED,
    seen: 'nothing',
    looksAt: { protocol: 'udp', dst: '239.255.0.1' },
    others: [{ sending: { from: 'desk', what: 'ping', to: '192.168.7.5' }, seen: 'answered' }],
    truth: {
      words:
        'The source of what is sent to the group has no route at all on the node: even a loose reverse path filter drops it before INPUT.',
      causes: [
        { code: 'vanished-rp-filter', words: ['eth0'] },
        { code: 'vanished-no-route', words: ['2.0.0.10'] },
      ],
      status: ['lost'],
    },
    mend: [['node', 'ip route add 2.0.0.0/8 dev eth0']],
  },
]
