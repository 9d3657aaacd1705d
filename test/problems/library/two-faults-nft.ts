/** By nft: two or three things are in the way at once, and each alone is enough to stop it. Set up by hand; each line of `mend` mends one. */
import { FORWARDS, homeRouter, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { PUT_TOGETHER } from './two-faults-legacy.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const SSH6 = { ...SSH, address: '::' } as const
const HTTPS6 = { protocol: 'tcp', port: 443, address: '::' } as const

export const TWO_FAULTS_NFT: Problem[] = [
  {
    name: 'faults-forwarding-off-policy-drops-and-strict-reverse-path',
    thread: PUT_TOGETHER,
    backend: 'nft',
    hosts: {
      net: {
        addresses: { eth0: ['10.1.0.2/24'], eth1: ['10.2.0.2/24'], lo: ['198.51.100.9/32'] },
        routes: ['192.168.1.0/24 via 10.1.0.1 src 198.51.100.9'],
        // it asks for its neighbour by an address that the neighbour takes
        sysctls: { ...FORWARDS, 'net.ipv4.conf.all.arp_announce': '2' },
        listeners: WEB,
      },
      router: {
        addresses: { wan1: ['10.1.0.1/24'], wan2: ['10.2.0.1/24'], lan: ['192.168.1.1/24'] },
        routes: ['198.51.100.0/24 via 10.2.0.2'],
        sysctls: { 'net.ipv4.conf.all.rp_filter': '1' },
        listeners: [SSH],
        rules: {
          nft: `table ip filter {
  chain input {
    type filter hook input priority filter; policy accept;
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
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'], listeners: WEB },
    },
    links: [
      ['net:eth0', 'router:wan1'],
      ['net:eth1', 'router:wan2'],
      ['router:lan', 'pc:eth0'],
    ],
    traced: 'router',
    fails: { from: 'net', what: 'tcp', to: '192.168.1.10', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '192.168.1.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'router', what: 'tcp', to: '192.168.1.10', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'ip_forward is 0; what comes in by wan1 has its route back by wan2, and rp_filter is strict; and forward accepts nothing from outside.',
      causes: [{ code: 'vanished-forwarding-off' }, { code: 'vanished-rp-filter' }, { policy: 'ip filter forward' }],
      status: ['dropped', 'lost'],
      alsoTrue: ['several-causes'],
    },
    mend: [
      ['router', 'sysctl -w net.ipv4.ip_forward=1'],
      ['router', 'sysctl -w net.ipv4.conf.all.rp_filter=2'],
      ['router', 'nft add rule ip filter forward iifname wan1 ip daddr 192.168.1.10 tcp dport 80 accept'],
    ],
  },
  {
    name: 'faults-six-set-without-the-client-a-later-chain-and-output',
    thread: PUT_TOGETHER,
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['2001:db8:1::2/64'] } },
      server: {
        addresses: { eth0: ['2001:db8:1::1/64'] },
        listeners: [SSH6, HTTPS6],
        rules: {
          nft: `table inet filter {
  set admins {
    type ipv6_addr
    flags interval
    elements = { 2001:db8:a::/48 }
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    ct state established,related accept
    meta l4proto ipv6-icmp accept
    ip6 saddr @admins tcp dport 22 accept
    tcp dport 443 accept
  }
  chain output {
    type filter hook output priority filter; policy drop;
    oif "lo" accept
    meta l4proto ipv6-icmp accept
    udp dport { 53, 123 } accept
    tcp sport 443 accept
  }
}
table inet guard {
  chain input {
    type filter hook input priority 10; policy drop;
    iif "lo" accept
    ct state established,related accept
    meta l4proto ipv6-icmp accept
    tcp dport { 80, 443 } accept
  }
}
`,
        },
      },
    },
    links: [['client:eth0', 'server:eth0']],
    traced: 'server',
    fails: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 22 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 443 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '2001:db8:1::1' }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The set lacks the client; a later chain of another table accepts 80 and 443 alone; and output accepts replies of port 443 alone.',
      causes: [
        { policy: 'inet filter input' },
        { code: 'not-in-set' },
        { policy: 'inet guard input' },
        { policy: 'inet filter output' },
      ],
      status: ['dropped'],
      alsoTrue: ['several-causes'],
    },
    mend: [
      ['server', 'nft add element inet filter admins { 2001:db8:1::2 }'],
      ['server', 'nft add rule inet guard input ip6 saddr 2001:db8:1::2 tcp dport 22 accept'],
      ['server', 'nft add rule inet filter output tcp sport 22 ct state established accept'],
    ],
  },
  {
    name: 'faults-bridge-input-and-inet-input',
    thread: PUT_TOGETHER,
    backend: 'nft',
    hosts: {
      guest: { addresses: { eth0: ['10.0.0.2/24'] } },
      other: { addresses: { eth0: ['10.0.0.3/24'] }, listeners: WEB },
      host: {
        addresses: { br0: ['10.0.0.1/24'] },
        bridges: { br0: ['vnet0', 'vnet1'] },
        listeners: [SSH, ...WEB],
        rules: {
          nft: `table bridge guests {
  chain input {
    type filter hook input priority filter; policy drop;
    ether type arp accept
    ip protocol icmp accept
    tcp dport 22 accept
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    ether type vlan drop
  }
}
table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iif "lo" accept
    meta l4proto icmp accept
    tcp dport { 22, 53 } accept
  }
}
`,
        },
      },
    },
    links: [
      ['guest:eth0', 'host:vnet0'],
      ['other:eth0', 'host:vnet1'],
    ],
    traced: 'host',
    fails: { from: 'guest', what: 'tcp', to: '10.0.0.1', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'guest', what: 'tcp', to: '10.0.0.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'guest', what: 'tcp', to: '10.0.0.3', port: 80 }, seen: 'answered' },
      { sending: { from: 'guest', what: 'ping', to: '10.0.0.1' }, seen: 'answered' },
    ],
    truth: {
      words: "The bridge's input accepts port 22 alone, and inet's input does not accept port 80 either.",
      causes: [{ policy: 'bridge guests input' }, { policy: 'inet filter input' }],
      status: ['dropped'],
      alsoTrue: ['several-causes'],
    },
    mend: [
      ['host', 'nft add rule bridge guests input tcp dport 80 accept'],
      ['host', 'nft add rule inet filter input tcp dport 80 accept'],
    ],
  },
  {
    name: 'faults-forward-policy-and-replies-dropped-at-the-device',
    thread: PUT_TOGETHER,
    backend: 'nft',
    ...homeRouter(
      {
        listeners: [SSH],
        rules: {
          nft: `table netdev bogons {
  chain wan {
    type filter hook ingress device "wan" priority -500; policy accept;
    ip saddr { 10.0.0.0/8, 203.0.113.8/29 } counter drop
  }
}
table inet filter {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "lan" oifname "wan" tcp dport { 80, 443 } accept
  }
}
table ip nat {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" masquerade
  }
}
`,
        },
      },
      { remote: { addresses: {}, listeners: [{ protocol: 'tcp', port: 853 }, ...WEB] }, pc: { listeners: WEB } },
    ),
    fails: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 853 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '192.168.1.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'router', what: 'tcp', to: '192.168.1.10', port: 80 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'nothing', either: true },
    ],
    truth: {
      words: 'forward does not accept port 853, and the replies are dropped by a list of sources where they come in.',
      causes: [{ policy: 'inet filter forward' }, { rule: '203.0.113.8/29', chain: 'netdev bogons wan' }],
      status: ['dropped'],
      alsoTrue: ['several-causes'],
    },
    mend: [
      ['router', 'nft add rule inet filter forward iifname lan oifname wan tcp dport 853 accept'],
      ['router', 'nft insert rule netdev bogons wan ip saddr 203.0.113.9 accept'],
    ],
  },
  {
    name: 'faults-name-server-not-tracked-and-a-client-that-the-set-lacks',
    thread: PUT_TOGETHER,
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.2/24'] } },
      server: {
        addresses: { eth0: ['192.0.2.1/24'] },
        listeners: [SSH, { protocol: 'udp', port: 53 }, { protocol: 'udp', port: 123 }],
        rules: {
          nft: `table inet raw {
  chain prerouting {
    type filter hook prerouting priority raw; policy accept;
    udp dport 53 notrack
  }
}
table inet filter {
  set clients {
    type ipv4_addr
    flags interval
    elements = { 10.0.0.0/8, 192.168.0.0/16 }
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    ct state vmap { established : accept, related : accept, invalid : drop, new : jump fresh }
  }
  chain fresh {
    tcp dport 22 accept
    ip saddr @clients udp dport { 53, 123 } accept
  }
  chain output {
    type filter hook output priority filter; policy accept;
  }
}
`,
        },
      },
    },
    links: [['client:eth0', 'server:eth0']],
    traced: 'server',
    fails: { from: 'client', what: 'udp', to: '192.0.2.1', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'udp', to: '192.0.2.1', port: 123 }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        'What is not tracked is not new, so the chain for new connections is not called; and its set lacks the client.',
      causes: [
        { policy: 'inet filter input' },
        { rule: 'notrack', chain: 'inet raw prerouting' },
        { code: 'not-in-set' },
      ],
      status: ['dropped'],
      alsoTrue: ['several-causes'],
    },
    mend: [
      ['server', 'nft flush chain inet raw prerouting'],
      ['server', 'nft add element inet filter clients { 192.0.2.2 }'],
    ],
  },
]
