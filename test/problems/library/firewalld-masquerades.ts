/** firewalld: masquerades of zones and rich rules, and what filters beside them. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const WEB6 = { protocol: 'tcp', address: '2001:db8:f::9', port: 80 } as const

export const FIREWALLD_MASQUERADES: Problem[] = [
  {
    name: 'firewalld-rich-masquerade-inverted',
    thread: {
      title: 'Rich Rule Masquerade inverted source-destination in Forward Chain',
      address: 'https://github.com/firewalld/firewalld/issues/278',
    },
    backend: 'iptables-legacy',
    hosts: {
      vm: { addresses: { eth0: ['192.168.2.20/24'] }, routes: ['default via 192.168.2.1'] },
      host: {
        addresses: { virbr1: ['192.168.2.1/24'], eth0: ['203.0.113.1/24'] },
        sysctls: FORWARDS,
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:POSTROUTING_ZONES - [0:0]
:POST_public - [0:0]
:POST_public_allow - [0:0]
-A POSTROUTING -j POSTROUTING_ZONES
-A POSTROUTING_ZONES -o eth0 -g POST_public
-A POST_public -j POST_public_allow
-A POST_public_allow -s 192.168.2.0/24 ! -o lo -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:FORWARD_IN_ZONES - [0:0]
:FORWARD_OUT_ZONES - [0:0]
:FWDI_internal - [0:0]
:FWDI_public - [0:0]
:FWDO_internal - [0:0]
:FWDO_public - [0:0]
:FWDO_public_allow - [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lo -j ACCEPT
-A FORWARD -j FORWARD_IN_ZONES
-A FORWARD -j FORWARD_OUT_ZONES
-A FORWARD -m conntrack --ctstate INVALID -j DROP
-A FORWARD -j REJECT --reject-with icmp-host-prohibited
-A FORWARD_IN_ZONES -i virbr1 -g FWDI_internal
-A FORWARD_IN_ZONES -i eth0 -g FWDI_public
-A FORWARD_OUT_ZONES -o virbr1 -g FWDO_internal
-A FORWARD_OUT_ZONES -o eth0 -g FWDO_public
-A FWDI_internal -p icmp -j ACCEPT
-A FWDI_public -p icmp -j ACCEPT
-A FWDO_public -j FWDO_public_allow
-A FWDO_public_allow -d 192.168.2.0/24 -m conntrack --ctstate NEW -j ACCEPT
COMMIT
`,
        },
      },
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: WEB },
    },
    links: [
      ['vm:eth0', 'host:virbr1'],
      ['host:eth0', 'remote:eth0'],
    ],
    traced: 'host',
    fails: { from: 'vm', what: 'tcp', to: '203.0.113.9', port: 80 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'vm', what: 'ping', to: '203.0.113.9' }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'Beside the masquerade of a source stands an accept of the same network as destination: source and destination were exchanged.',
      causes: [{ rule: '-d 192.168.2.0/24', chain: 'filter FWDO_public_allow' }],
      status: ['rejected'],
    },
    mend: [['host', 'iptables -A FWDO_public_allow -s 192.168.2.0/24 -m conntrack --ctstate NEW -j ACCEPT']],
  },
  {
    name: 'firewalld-drop-zone-before-masquerade',
    thread: {
      title: 'How to masquerade from an ingress zone that has a target=DROP ?',
      address: 'https://github.com/firewalld/firewalld/issues/939',
    },
    backend: 'nft',
    hosts: {
      vm: { addresses: { eth0: ['192.168.8.20/24'] }, routes: ['default via 192.168.8.1'] },
      host: {
        addresses: { eth0: ['192.168.8.1/24'], eth1: ['203.0.113.1/24'] },
        sysctls: FORWARDS,
        rules: {
          nft: `table inet firewalld {
  chain filter_FORWARD {
    type filter hook forward priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    jump filter_FORWARD_IN_ZONES
    jump filter_FORWARD_OUT_ZONES
    ct state invalid drop
    reject with icmpx admin-prohibited
  }
  chain filter_FORWARD_IN_ZONES {
    iifname "eth0" goto filter_FWDI_internal
    iifname "eth1" goto filter_FWDI_external
  }
  chain filter_FORWARD_OUT_ZONES {
    oifname "eth0" goto filter_FWDO_internal
    oifname "eth1" goto filter_FWDO_external
  }
  chain filter_FWDI_internal {
    jump filter_FWDI_internal_allow
    drop
  }
  chain filter_FWDI_internal_allow {
  }
  chain filter_FWDI_external {
    drop
  }
  chain filter_FWDO_internal {
    drop
  }
  chain filter_FWDO_external {
    jump filter_FWDO_external_allow
    drop
  }
  chain filter_FWDO_external_allow {
    ip saddr 192.168.8.0/24 ct state { new, untracked } accept
    ip saddr 192.168.56.0/24 ct state { new, untracked } accept
  }
  chain nat_POSTROUTING {
    type nat hook postrouting priority srcnat + 10; policy accept;
    oifname "eth1" goto nat_POST_external
  }
  chain nat_POST_external {
    ip saddr 192.168.8.0/24 oifname != "lo" masquerade
    ip saddr 192.168.56.0/24 oifname != "lo" masquerade
  }
}
`,
        },
      },
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: WEB },
    },
    links: [
      ['vm:eth0', 'host:eth0'],
      ['host:eth1', 'remote:eth0'],
    ],
    traced: 'host',
    fails: { from: 'vm', what: 'tcp', to: '203.0.113.9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'host', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'vm', what: 'ping', to: '192.168.8.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The zone that it comes from has DROP as its target, and that is asked first: the rich rule's accept stands in the chain of the zone that it leaves by.",
      causes: [
        { rule: 'drop', chain: 'inet firewalld filter_FWDI_internal' },
        { rule: 'ip saddr 192.168.8.0/24', chain: 'inet firewalld filter_FWDO_external_allow' },
      ],
      status: ['dropped'],
    },
    mend: [['host', 'nft add rule inet firewalld filter_FWDI_internal_allow oifname eth1 ct state new accept']],
  },
  {
    name: 'firewalld-masquerades-ipv4-alone',
    thread: { title: 'ipv6 nat', address: 'https://github.com/firewalld/firewalld/issues/29' },
    backend: 'nft',
    hosts: {
      pc: {
        addresses: { eth0: ['192.168.1.10/24', 'fd00:1::10/64'] },
        routes: ['default via 192.168.1.1', 'default via fd00:1::1'],
      },
      router: {
        addresses: { lan: ['192.168.1.1/24', 'fd00:1::1/64'], wan: ['203.0.113.1/24', '2001:db8:f::1/64'] },
        routes: ['default via 2001:db8:f::9'],
        sysctls: FORWARDS,
        rules: {
          nft: `table inet firewalld {
  chain filter_FORWARD {
    type filter hook forward priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lan" oifname "wan" accept
    icmpv6 type echo-request accept
    reject with icmpx admin-prohibited
  }
  chain nat_POSTROUTING {
    type nat hook postrouting priority srcnat + 10; policy accept;
    oifname "wan" goto nat_POST_external
  }
  chain nat_POST_external {
    jump nat_POST_external_allow
  }
  chain nat_POST_external_allow {
    meta nfproto ipv4 oifname != "lo" masquerade
  }
}
`,
        },
      },
      remote: { addresses: { eth0: ['203.0.113.9/24', '2001:db8:f::9/64'] }, listeners: [...WEB, WEB6] },
    },
    links: [
      ['pc:eth0', 'router:lan'],
      ['router:wan', 'remote:eth0'],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'tcp', to: '2001:db8:f::9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'router', what: 'tcp', to: '2001:db8:f::9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words: "The zone's masquerade is for IPv4 alone: a unique local source leaves for the internet as it is.",
      causes: [
        { rule: 'meta nfproto ipv4', chain: 'inet firewalld nat_POST_external_allow' },
        { code: 'not-masqueraded' },
      ],
      status: ['unanswered', 'reply-lost', 'lost'],
    },
    mend: [['router', 'nft add rule inet firewalld nat_POST_external_allow meta nfproto ipv6 oifname wan masquerade']],
  },
  {
    name: 'firewalld-forwards-to-host-of-other-gateway',
    thread: { title: 'Documentation shortfall?', address: 'https://github.com/firewalld/firewalld/issues/92' },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] }, routes: ['default via 192.0.2.1'] },
      gateway: { addresses: { eth0: ['192.0.2.1/24'], eth1: ['10.0.0.254/24'] }, sysctls: FORWARDS },
      lan: { bridges: { br0: ['p1', 'p2', 'p3'] }, sysctls: { 'net.bridge.bridge-nf-call-iptables': '0' } },
      x: {
        addresses: { eth0: ['10.0.0.1/24'] },
        routes: ['default via 10.0.0.254'],
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', port: 22 }],
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:PRE_public_allow - [0:0]
-A PREROUTING -i eth0 -j PRE_public_allow
-A PRE_public_allow -p tcp -m tcp --dport 25 -j MARK --set-xmark 0x64/0xffffffff
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:PRE_public_allow - [0:0]
-A PREROUTING -i eth0 -j PRE_public_allow
-A PRE_public_allow -p tcp -m mark --mark 0x64 -j DNAT --to-destination 10.0.0.25:625
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:FWDI_public_allow - [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -j REJECT --reject-with icmp-host-prohibited
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i eth0 -j FWDI_public_allow
-A FORWARD -m conntrack --ctstate INVALID -j DROP
-A FORWARD -j REJECT --reject-with icmp-host-prohibited
-A FWDI_public_allow -m conntrack --ctstate NEW -m mark --mark 0x64 -j ACCEPT
COMMIT
`,
        },
      },
      y: {
        addresses: { eth0: ['10.0.0.25/24'] },
        routes: ['default via 10.0.0.254'],
        listeners: [{ protocol: 'tcp', port: 625 }],
      },
    },
    links: [
      ['client:eth0', 'gateway:eth0'],
      ['gateway:eth1', 'lan:p1'],
      ['x:eth0', 'lan:p2'],
      ['y:eth0', 'lan:p3'],
    ],
    traced: 'x',
    fails: { from: 'client', what: 'tcp', to: '10.0.0.1', port: 25 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '10.0.0.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '10.0.0.25', port: 625 }, seen: 'answered' },
    ],
    truth: {
      words: 'The port goes to a host whose default route is another gateway: its replies do not come back this way.',
      causes: [
        { rule: 'DNAT --to-destination 10.0.0.25:625', chain: 'nat PRE_public_allow' },
        { code: 'not-netfilter', words: ['10.0.0.25'] },
        { code: 'not-masqueraded' },
      ],
      status: ['unanswered', 'reply-lost'],
    },
    mend: [['x', 'iptables -t nat -A POSTROUTING -d 10.0.0.25 -p tcp -m tcp --dport 625 -j MASQUERADE']],
  },
]
