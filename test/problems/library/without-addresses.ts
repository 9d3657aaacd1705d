/** Interfaces that lack something: an address, or ARP. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const

/** A router whose uplink has no address: its public one is elsewhere. */
const unnumbered = {
  remote: { addresses: { eth0: ['198.51.100.9/24'] }, routes: ['default via 198.51.100.1'], listeners: [HTTPS] },
  isp: {
    addresses: { core: ['198.51.100.1/24'], cust: ['169.254.0.1/32'] },
    routes: ['203.0.113.1/32 dev cust'],
    sysctls: FORWARDS,
  },
  pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'], listeners: [HTTPS] },
} as const

const UNNUMBERED_LINKS = [
  ['pc:eth0', 'router:lan'],
  ['router:up1', 'isp:cust'],
  ['isp:core', 'remote:eth0'],
] as const

export const WITHOUT_ADDRESSES: Problem[] = [
  {
    name: 'iam-docker-redirects-on-an-interface-without-an-address',
    thread: { title: 'Favor REDIRECT over DNAT', address: 'https://github.com/swipely/iam-docker/pull/11' },
    backend: 'nft',
    hosts: {
      remote: { addresses: { eth0: ['10.0.0.9/24'] }, listeners: [HTTPS] },
      node: {
        addresses: { eth0: ['10.0.0.1/24'] },
        routes: ['default via 10.0.0.9'],
        sysctls: FORWARDS,
        listeners: [SSH, { protocol: 'tcp', port: 8080 }],
        rules: {
          nft: `table ip nat {
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "eni*" ip daddr 169.254.169.254 tcp dport 80 counter redirect to :8080
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 10.0.1.0/24 oifname "eth0" counter masquerade
  }
}
table inet host {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    ct state invalid drop
    iifname "lo" accept
    icmp type echo-request accept
    tcp dport 22 accept
    iifname "eni*" tcp dport 8080 counter accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "eni*" oifname "eth0" ip daddr != 169.254.0.0/16 counter accept
  }
}
`,
        },
      },
      pod: {
        addresses: { eth0: ['10.0.1.10/32'] },
        routes: ['169.254.1.1 dev eth0', 'default via 169.254.1.1 dev eth0'],
      },
    },
    links: [
      ['remote:eth0', 'node:eth0'],
      ['pod:eth0', 'node:eni1'],
    ],
    traced: 'node',
    setup: [
      ['node', 'ip link set eni1 up; ip route add 10.0.1.10/32 dev eni1; sysctl -qw net.ipv4.conf.eni1.proxy_arp=1'],
    ],
    fails: { from: 'pod', what: 'tcp', to: '169.254.169.254', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pod', what: 'tcp', to: '10.0.0.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: '10.0.0.1', port: 8080 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '10.0.0.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'A redirect takes the first address of the interface by which the packet comes in. That of the pod has none, so nat drops the packet.',
      causes: [{ rule: 'redirect to :8080', chain: 'ip nat prerouting' }],
      status: ['dropped', 'lost'],
    },
    mend: [
      [
        'node',
        'nft insert rule ip nat prerouting iifname "eni*" ip daddr 169.254.169.254 tcp dport 80 dnat to 10.0.0.1:8080',
      ],
    ],
  },
  {
    name: 'frr-router-has-its-address-on-a-dummy-and-masquerade-passes-it-over',
    thread: {
      title: 'route src is wrong if dummy interface is used as loopback',
      address: 'https://github.com/FRRouting/frr/issues/361',
    },
    backend: 'iptables-nft',
    hosts: {
      ...unnumbered,
      router: {
        addresses: { lan: ['192.168.1.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 203.0.113.1/32 -p tcp -m tcp --dport 8443 -j DNAT --to-destination 192.168.1.10:443
-A POSTROUTING -s 192.168.1.0/24 -o up1 -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -i up1 -p tcp -m tcp --dport 179 -j ACCEPT
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -m conntrack --ctstate INVALID -j DROP
-A FORWARD -i lan -o up1 -j ACCEPT
-A FORWARD -m conntrack --ctstate DNAT -j ACCEPT
COMMIT
`,
        },
      },
    },
    links: UNNUMBERED_LINKS,
    traced: 'router',
    setup: [
      [
        'router',
        'ip link add pub type bridge; ip link set pub up; ip addr add 203.0.113.1/32 dev pub; ip route add default via 169.254.0.1 dev up1 onlink src 203.0.113.1',
      ],
    ],
    fails: { from: 'pc', what: 'tcp', to: '198.51.100.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 8443 }, seen: 'answered' },
      { sending: { from: 'router', what: 'tcp', to: '198.51.100.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The uplink has no address, so masquerade takes the first global one of any interface: that of the LAN, and not the public one, which is on an interface that was made later.',
      causes: [{ rule: '-j MASQUERADE', chain: 'nat POSTROUTING' }],
      status: ['unanswered', 'reply-lost', 'lost'],
    },
    mend: [['router', 'iptables -t nat -I POSTROUTING 1 -s 192.168.1.0/24 -o up1 -j SNAT --to-source 203.0.113.1']],
  },
  {
    name: 'healthy-masquerade-of-an-uplink-without-an-address-takes-that-of-lo',
    thread: {
      title: 'bpf-masquerade issue for k8s node with node-ip on lo loopback interface',
      address: 'https://github.com/cilium/cilium/issues/17463',
    },
    backend: 'nft',
    hosts: {
      ...unnumbered,
      router: {
        addresses: { lo: ['203.0.113.1/32'], lan: ['192.168.1.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          nft: `table inet edge {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state vmap { established : accept, related : accept, invalid : drop }
    iifname "lo" accept
    meta l4proto icmp accept
    tcp dport { 22, 179 } accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept, invalid : drop }
    iifname "lan" oifname "up1" accept
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 192.168.1.0/24 oifname "up1" masquerade
  }
}
`,
        },
      },
    },
    links: UNNUMBERED_LINKS,
    traced: 'router',
    setup: [['router', 'ip route add default via 169.254.0.1 dev up1 onlink']],
    fails: { from: 'pc', what: 'tcp', to: '198.51.100.9', port: 443 },
    seen: 'answered',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words: 'Nothing is wrong: masquerade takes the global address of lo before that of any other interface.',
      causes: [],
      status: ['answered'],
    },
    mend: [['router', 'true']],
  },
  {
    name: 'networkd-leaves-the-uplink-without-arp',
    thread: {
      title: "systemd-networkd: Link defaults to NOARP if [Link] section present but there's no explicit ARP setting",
      address: 'https://github.com/systemd/systemd/issues/4760',
    },
    backend: 'nft',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [HTTPS] },
      router: {
        addresses: { wan: ['203.0.113.1/24'], lan: ['192.168.1.1/24'] },
        routes: ['default via 203.0.113.9'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname { "lo", "lan" } accept
    icmp type echo-request accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "lan" oifname "wan" accept
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
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
    },
    links: [
      ['remote:eth0', 'router:wan'],
      ['router:lan', 'pc:eth0'],
    ],
    traced: 'router',
    setup: [['router', 'ip link set dev wan arp off; ip neigh flush all']],
    fails: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '192.168.1.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'ping', to: '203.0.113.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        "ARP is off at the uplink: the router asks nobody for a link address, and sends the frame to the interface's own. Nor does it answer who asks for its address.",
      causes: ['neighbour-failed', 'unanswered', 'not-netfilter', 'kernel-drop', 'lost', 'reply-lost'].map((code) => ({
        code,
        words: ['arp on'],
      })),
      status: ['unanswered', 'lost'],
    },
    mend: [['router', 'ip link set dev wan arp on']],
  },
]
