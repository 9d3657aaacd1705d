/** Guests, pods and mesh nodes, from threads: an address that the kernel owns too, a list of ports, of prefixes, of hosts. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

export const THREADS_V: Problem[] = [
  {
    name: 'haos-answers-for-the-anycast-address-of-the-prefix',
    thread: {
      title:
        "HA o/s breaks network's IPv6 connectivity whenever home-router reboots / HAOS suddenly starts impersonating router static IPv6 address when router does DAD during boot-up",
      address: 'https://github.com/home-assistant/operating-system/issues/3588',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['2001:db8:1::20/64'] } },
      net: { bridges: { lan: ['p1', 'p2', 'p3'] }, sysctls: { 'net.bridge.bridge-nf-call-ip6tables': '0' } },
      router: {
        addresses: { eth0: ['2001:db8:1::/64'] },
        listeners: [{ protocol: 'udp', address: '2001:db8:1::', port: 53 }],
      },
      haos: {
        addresses: { eth0: ['2001:db8:1::11/64'] },
        sysctls: { 'net.ipv6.conf.all.forwarding': '1' },
        listeners: [{ protocol: 'tcp', address: '2001:db8:1::11', port: 8123 }],
        rules: {
          nft: `table ip6 filter {
  chain INPUT {
    type filter hook input priority filter; policy accept;
  }
  chain FORWARD {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "hassio" accept
  }
}
`,
        },
      },
    },
    links: [
      ['client:eth0', 'net:p1'],
      ['router:eth0', 'net:p2'],
      ['haos:eth0', 'net:p3'],
    ],
    traced: 'haos',
    setup: [['net', 'ip link set p2 down']],
    fails: { from: 'client', what: 'udp', to: '2001:db8:1::', port: 53 },
    seen: 'refused',
    others: [{ sending: { from: 'client', what: 'tcp', to: '2001:db8:1::11', port: 8123 }, seen: 'answered' }],
    truth: {
      words:
        "Nothing is wrong in netfilter: with forwarding on, the kernel has joined the prefix's subnet-router anycast address, which is the router's own, and answers for it while the router is away.",
      causes: ['refused-here', 'closed-port', 'not-netfilter', 'vanished-scope', 'wrong-way-out'].map((code) => ({
        code,
        words: ['anycast'],
      })),
      status: ['refused'],
      alsoTrue: ['refused-here', 'closed-port'],
    },
    mend: [
      ['haos', 'sysctl -qw net.ipv6.conf.all.forwarding=0'],
      ['net', 'ip link set p2 up; sleep 1'],
      ['client', 'ip -6 neigh flush dev eth0'],
    ],
  },
  {
    name: 'kubevirt-lists-the-ports-that-it-sends-to-the-guest',
    thread: {
      title: "Can't ssh vmi when vmi use masquerade network interface",
      address: 'https://github.com/kubevirt/kubevirt/issues/3959',
    },
    backend: 'nft',
    hosts: {
      client: {
        addresses: { eth0: ['fd00:10:244::9/64'] },
        listeners: [{ protocol: 'tcp', address: 'fd00:10:244::9', port: 80 }],
      },
      launcher: {
        bridges: { 'k6t-eth0': ['tap0'] },
        addresses: { eth0: ['fd00:10:244::5/64'], 'k6t-eth0': ['fd10:0:2::1/120'] },
        sysctls: FORWARDS,
        rules: {
          nft: `table ip6 nat {
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "eth0" counter jump KUBEVIRT_PREINBOUND
  }
  chain input {
    type nat hook input priority 100; policy accept;
  }
  chain output {
    type nat hook output priority -100; policy accept;
    ip6 daddr ::1 tcp dport 27017 counter dnat to fd10:0:2::2
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip6 saddr fd10:0:2::2 counter masquerade
    oifname "k6t-eth0" counter jump KUBEVIRT_POSTINBOUND
  }
  chain KUBEVIRT_PREINBOUND {
    tcp dport 27017 counter dnat to fd10:0:2::2
  }
  chain KUBEVIRT_POSTINBOUND {
    ip6 saddr ::1 tcp dport 27017 counter snat to fd10:0:2::1
  }
}
`,
        },
      },
      guest: {
        addresses: { eth0: ['fd10:0:2::2/120'] },
        routes: ['default via fd10:0:2::1'],
        listeners: [
          { protocol: 'tcp', address: 'fd10:0:2::2', port: 22 },
          { protocol: 'tcp', address: 'fd10:0:2::2', port: 27017 },
        ],
      },
    },
    links: [
      ['client:eth0', 'launcher:eth0'],
      ['launcher:tap0', 'guest:eth0'],
    ],
    traced: 'launcher',
    fails: { from: 'client', what: 'tcp', to: 'fd00:10:244::5', port: 22 },
    seen: 'refused',
    others: [
      { sending: { from: 'client', what: 'tcp', to: 'fd00:10:244::5', port: 27017 }, seen: 'answered' },
      { sending: { from: 'guest', what: 'tcp', to: 'fd00:10:244::9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The guest's interface lists ports, so the pod sends these alone to the guest; ssh is not among them, and stays in the pod, where nothing listens.",
      causes: [
        { chain: 'ip6 nat KUBEVIRT_PREINBOUND' },
        { rule: 'jump KUBEVIRT_PREINBOUND', chain: 'ip6 nat prerouting' },
      ],
      status: ['refused'],
      alsoTrue: ['refused-here', 'closed-port'],
    },
    mend: [['launcher', 'nft add rule ip6 nat KUBEVIRT_PREINBOUND tcp dport 22 counter dnat to fd10:0:2::2']],
  },
  {
    name: 'gluon-source-filter-lacks-the-prefix-of-the-domain',
    thread: {
      title: 'Include ebtables-source-filter',
      address: 'https://github.com/freifunkMUC/site-ffm/issues/46',
    },
    backend: 'nft',
    hosts: {
      phone: { addresses: { eth0: ['2001:db8:e68:f001::20/64', 'fd12:3456::20/64', '10.8.0.20/16'] } },
      node: {
        bridges: { 'br-client': ['client0', 'bat0'] },
        sysctls: { 'net.bridge.bridge-nf-call-iptables': '1', 'net.bridge.bridge-nf-call-ip6tables': '1' },
        rules: {
          nft: `table bridge filter {
  chain FORWARD {
    type filter hook forward priority filter; policy accept;
    oifname "bat0" counter jump LOCAL_FORWARD
  }
  chain LOCAL_FORWARD {
    ether type arp counter return
    ether type ip ip saddr 10.8.0.0/16 counter return
    ether type ip udp sport 68 udp dport 67 counter return
    ether type ip6 ip6 saddr ::/128 counter return
    ether type ip6 ip6 saddr fe80::/64 counter return
    ether type ip6 ip6 saddr fd12:3456::/64 counter return
    ether type ip6 ip6 saddr 2001:db8:e68:f000::/64 counter return
    counter drop
  }
}
`,
        },
      },
      gateway: {
        addresses: { eth0: ['2001:db8:e68:f001::1/64', 'fd12:3456::1/64', '10.8.0.1/16'] },
        listeners: [{ protocol: 'tcp', address: '2001:db8:e68:f001::1', port: 443 }, SSH],
      },
    },
    links: [
      ['phone:eth0', 'node:client0'],
      ['node:bat0', 'gateway:eth0'],
    ],
    traced: 'node',
    // it has met the gateway before
    setup: [
      ['gateway', 'ip link set eth0 address 02:00:00:00:0f:01'],
      ['phone', 'ip -6 neigh replace 2001:db8:e68:f001::1 lladdr 02:00:00:00:0f:01 dev eth0 nud permanent'],
    ],
    fails: { from: 'phone', what: 'tcp', to: '2001:db8:e68:f001::1', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'phone', what: 'ping', to: 'fd12:3456::1' }, seen: 'answered' },
      { sending: { from: 'phone', what: 'tcp', to: '10.8.0.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The bridge lets into the mesh what has a source of the site's prefixes alone; the domain's own prefix is not among them, and the last rule drops.",
      causes: [{ chain: 'bridge filter LOCAL_FORWARD' }],
      status: ['dropped'],
    },
    mend: [
      ['node', 'nft insert rule bridge filter LOCAL_FORWARD ether type ip6 ip6 saddr 2001:db8:e68:f001::/64 return'],
    ],
  },
  {
    name: 'klipper-takes-the-port-for-a-part-of-the-address',
    thread: { title: 'kliper-lb IPv6 compliance issue', address: 'https://github.com/k3s-io/klipper-lb/issues/4' },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['2001:db8:1::9/64'] }, routes: ['default via 2001:db8:1::1'] },
      node: {
        addresses: { eth0: ['2001:db8:1::1/64'], veth1: ['fd00:10:42::1/64'], veth2: ['fd00:10:43::1/64'] },
        sysctls: FORWARDS,
      },
      svclb: {
        addresses: { eth0: ['fd00:10:42::5/64'] },
        routes: ['default via fd00:10:42::1'],
        sysctls: { 'net.ipv4.ip_forward': '1' },
        rules: {
          v6: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING ! -s fd00:10:43::a/128 -p tcp -m tcp --dport 8080 -j DNAT --to-destination fd00:10:43::a:80
-A POSTROUTING -d fd00:10:43::a/128 -p tcp -j MASQUERADE
COMMIT
`,
        },
      },
      service: {
        addresses: { eth0: ['fd00:10:43::a/64'] },
        routes: ['default via fd00:10:43::1'],
        listeners: [{ protocol: 'tcp', address: 'fd00:10:43::a', port: 80 }],
      },
    },
    links: [
      ['client:eth0', 'node:eth0'],
      ['svclb:eth0', 'node:veth1'],
      ['service:eth0', 'node:veth2'],
    ],
    traced: 'svclb',
    fails: { from: 'client', what: 'tcp', to: 'fd00:10:42::5', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'ping', to: 'fd00:10:42::5' }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: 'fd00:10:43::a', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The script switches on forwarding of IPv4 alone, and writes address and port without brackets: DNAT reads the port as the last part of an address that nobody has.',
      causes: [
        { code: 'vanished-forwarding-off' },
        { rule: '--to-destination fd00:10:43::a:80', chain: 'nat PREROUTING' },
      ],
      status: ['lost'],
      alsoTrue: ['dnat-changed-destination'],
    },
    mend: [
      [
        'svclb',
        "sysctl -qw net.ipv6.conf.all.forwarding=1; ip6tables -t nat -R PREROUTING 1 ! -s fd00:10:43::a/128 -p tcp --dport 8080 -j DNAT --to-destination '[fd00:10:43::a]:80'",
      ],
    ],
  },
]
