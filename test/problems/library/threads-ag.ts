/** Ways that are not as the rules' writer saw them: a mark too late for routing, replies by the other uplink with a TTL of one, a redirect to loopback, ARP that answers for the other interface, a source that is running out. */
import { FORWARDS, homeRouter, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { transparent } from './nft-translated.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

export const THREADS_AG: Problem[] = [
  {
    name: 'ziti-marks-own-packets-where-no-route-is-asked-anew',
    thread: {
      title: 'ziti-tunnel tproxy: intercept locally generated packets without using local routes',
      address: 'https://github.com/openziti/edge/issues/64',
    },
    backend: 'iptables-nft',
    hosts: {
      gateway: { addresses: { eth0: ['192.0.2.254/24'] }, listeners: WEB },
      host: {
        addresses: { eth0: ['192.0.2.1/24'] },
        routes: ['default via 192.0.2.254'],
        listeners: [SSH],
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 8080 -j TPROXY --on-port 8888 --on-ip 0.0.0.0 --tproxy-mark 0x1/0x1
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:MYPROXY - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A OUTPUT -p tcp -m tcp --dport 8080 -j MYPROXY
-A MYPROXY -j MARK --set-xmark 0x1/0xffffffff
-A MYPROXY -j ACCEPT
COMMIT
`,
        },
      },
    },
    links: [['gateway:eth0', 'host:eth0']],
    traced: 'host',
    setup: [
      ['host', 'ip rule add fwmark 1 lookup 100; ip route add local 0.0.0.0/0 dev lo table 100'],
      ['host', transparent(8888)],
    ],
    fails: { from: 'host', what: 'tcp', to: '198.51.100.7', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'host', what: 'tcp', to: '192.0.2.254', port: 80 }, seen: 'answered' },
      { sending: { from: 'gateway', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'gateway', what: 'ping', to: '192.0.2.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The mark that is to lead the packet to lo is set in OUTPUT of filter: only mangle has a packet routed anew, so it leaves by eth0, does not get to PREROUTING and TPROXY, and nobody has the address out there.',
      causes: [
        { rule: '--set-xmark 0x1/0xffffffff', chain: 'filter MYPROXY' },
        { code: 'wrong-way-out', words: ['table 100'] },
        { code: 'proxy-missing', words: ['0x1'] },
        { code: 'not-netfilter', words: ['table 100'] },
      ],
      status: ['unanswered', 'lost'],
    },
    mend: [['host', 'iptables -t mangle -A OUTPUT -p tcp --dport 8080 -j MARK --set-mark 1']],
  },
  {
    name: 'hotspot-raises-ttl-of-replies-by-the-other-uplink',
    thread: {
      title: 'Add options to configure network ttl',
      address: 'https://github.com/lakinduakash/linux-wifi-hotspot/issues/325',
    },
    backend: 'iptables-nft',
    hosts: {
      pc: {
        addresses: { wlan0: ['192.168.12.10/24'] },
        routes: ['default via 192.168.12.1'],
      },
      hotspot: {
        addresses: { ap0: ['192.168.12.1/24'], usb0: ['10.64.0.2/24'], eth1: ['203.0.113.2/24'] },
        routes: ['default via 10.64.0.1', '198.51.100.128/25 via 203.0.113.1'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING ! -i ap0 -j TTL --ttl-inc 1
-A POSTROUTING -o usb0 -j TTL --ttl-set 65
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 192.168.12.0/24 ! -o ap0 -j MASQUERADE
COMMIT
`,
        },
      },
      carrier: {
        addresses: { usb0: ['10.64.0.1/24'], eth1: ['203.0.113.1/24'], lo: ['198.51.100.7/32', '198.51.100.200/32'] },
        listeners: WEB,
        sysctls: { 'net.ipv4.ip_default_ttl': '1' },
      },
    },
    links: [
      ['pc:wlan0', 'hotspot:ap0'],
      ['hotspot:usb0', 'carrier:usb0'],
      ['hotspot:eth1', 'carrier:eth1'],
    ],
    traced: 'hotspot',
    setup: [
      [
        'hotspot',
        `nft -f - <<'END'
table inet guard {
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    ct state vmap { established : accept, related : accept, invalid : drop }
    iifname "ap0" tcp dport 22 accept
    iifname "ap0" udp dport { 53, 67 } accept
    ip protocol icmp accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state vmap { established : accept, related : accept, invalid : drop }
    iifname "ap0" oifname { "usb0", "eth1" } accept
  }
}
END`,
      ],
      ['hotspot', 'for i in all usb0 eth1; do sysctl -qw net.ipv4.conf.$i.rp_filter=2; done'],
      ['carrier', 'for i in all usb0 eth1; do sysctl -qw net.ipv4.conf.$i.rp_filter=0; done'],
      ['carrier', 'ip route add 10.64.0.2/32 via 203.0.113.2 dev eth1'],
    ],
    fails: { from: 'pc', what: 'tcp', to: '198.51.100.7', port: 80 },
    seen: 'answered',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '198.51.100.200', port: 80 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '192.168.12.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'carrier', what: 'tcp', to: '203.0.113.2', port: 22 }, seen: 'nothing' },
      { sending: { from: 'hotspot', what: 'tcp', to: '198.51.100.7', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'Nothing is wrong: the request leaves by usb0 with the TTL that the rule sets, its reply comes by eth1 with TTL 1, is raised to 2, given back its destination and forwarded.',
      causes: [],
      status: ['answered'],
    },
    mend: [['hotspot', 'true']],
  },
  {
    name: 'redsocks-listens-beside-what-output-redirects-to',
    thread: {
      title: 'Failed to connect to myip.ipip.net port 80:Connection refused',
      address: 'https://github.com/darkk/redsocks/issues/146',
    },
    backend: 'iptables-nft',
    ...homeRouter(
      {
        listeners: [SSH, { protocol: 'tcp', port: 12345, address: '192.168.1.1' }],
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:REDSOCKS - [0:0]
-A PREROUTING -i lan -p tcp -j REDSOCKS
-A OUTPUT -p tcp -j REDSOCKS
-A POSTROUTING -o wan -j MASQUERADE
-A REDSOCKS -d 203.0.113.77/32 -j RETURN
-A REDSOCKS -d 0.0.0.0/8 -j RETURN
-A REDSOCKS -d 10.0.0.0/8 -j RETURN
-A REDSOCKS -d 127.0.0.0/8 -j RETURN
-A REDSOCKS -d 169.254.0.0/16 -j RETURN
-A REDSOCKS -d 172.16.0.0/12 -j RETURN
-A REDSOCKS -d 192.168.0.0/16 -j RETURN
-A REDSOCKS -d 224.0.0.0/4 -j RETURN
-A REDSOCKS -d 240.0.0.0/4 -j RETURN
-A REDSOCKS -p tcp -j REDIRECT --to-ports 12345
COMMIT
`,
        },
      },
      { remote: { listeners: WEB } },
    ),
    fails: { from: 'router', what: 'tcp', to: '203.0.113.9', port: 80 },
    seen: 'refused',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 4433 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '192.168.1.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'router', what: 'ping', to: '203.0.113.9' }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "redsocks listens on the address of lan, where REDIRECT sends what comes in by lan; the router's own connections REDIRECT sends to 127.0.0.1, where nobody listens on 12345.",
      causes: [
        { rule: '--to-ports 12345', chain: 'nat REDSOCKS' },
        { code: 'closed-port', words: ['12345'] },
        { code: 'refused-here', words: ['12345'] },
      ],
      status: ['refused'],
    },
    mend: [['router', 'iptables -t nat -R REDSOCKS 10 -p tcp -j DNAT --to-destination 192.168.1.1:12345']],
  },
  {
    name: 'two-interfaces-in-one-network-and-fib-asks-for-the-address-of-one',
    thread: {
      title: 'Multi-homed hosts answer ARP requests for addresses on the wrong interface (arp_filter not set)',
      address: 'https://github.com/home-assistant/operating-system/issues/5003',
    },
    backend: 'nft',
    hosts: {
      peer: { addresses: { eth0: ['192.168.1.9/24', '2001:db8:1::9/64'] } },
      switch: { bridges: { br0: ['p0', 'p1', 'p2'] } },
      haos: {
        addresses: { end0: ['192.168.1.5/24', '2001:db8:1::5/64'], wlan0: ['192.168.1.6/24', '2001:db8:1::6/64'] },
        listeners: [{ protocol: 'tcp', port: 8123 }],
        rules: {
          nft: `table inet filter {
  chain antispoof {
    type filter hook prerouting priority raw; policy accept;
    iifname "lo" accept
    meta nfproto ipv4 fib saddr . iif oif missing counter drop
    meta nfproto ipv4 fib daddr . iif type != { local, broadcast, multicast } counter drop
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    ct state established,related accept
    ct state invalid drop
    meta l4proto { icmp, ipv6-icmp } accept
    tcp dport 8123 accept
    udp dport 5353 accept
  }
}
`,
        },
      },
    },
    links: [
      ['peer:eth0', 'switch:p0'],
      ['haos:end0', 'switch:p1'],
      ['haos:wlan0', 'switch:p2'],
    ],
    traced: 'haos',
    setup: [
      [
        'haos',
        'ip route del 192.168.1.0/24 dev wlan0; ip route add 192.168.1.0/24 dev wlan0 src 192.168.1.6 metric 600',
      ],
      ['haos', 'for i in all end0 wlan0; do sysctl -qw net.ipv4.conf.$i.rp_filter=1; done'],
    ],
    fails: { from: 'peer', what: 'tcp', to: '192.168.1.6', port: 8123 },
    seen: 'nothing',
    others: [
      { sending: { from: 'peer', what: 'tcp', to: '192.168.1.5', port: 8123 }, seen: 'answered' },
      { sending: { from: 'peer', what: 'ping', to: '192.168.1.6' }, seen: 'nothing', either: true },
      { sending: { from: 'haos', what: 'ping', to: '192.168.1.9' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The host replies to ARP for wlan0's address by end0, since that is its way to the peer; what then comes in by end0 is for an address that is not of end0, and the rule drops it.",
      causes: [{ rule: 'fib daddr . iif type !=', chain: 'inet filter antispoof' }],
      status: ['dropped'],
    },
    mend: [
      [
        'haos',
        "h=$(nft -a list chain inet filter antispoof | sed -n 's/.*fib daddr . iif type.* handle //p'); nft replace rule inet filter antispoof handle $h meta nfproto ipv4 fib daddr type != '{ local, broadcast, multicast }' counter drop",
      ],
    ],
  },
  {
    name: 'cilium-gives-its-deprecated-address-to-what-leaves',
    thread: {
      title:
        'preferredIPv6Address() (IPV6_DIRECT_ROUTING) ignores deprecated/public-vs-private status, unlike the newer NodeAddress table logic',
      address: 'https://github.com/cilium/cilium/issues/48133',
    },
    backend: 'nft',
    hosts: {
      backend: {
        addresses: { ens18: ['fd00:1::6/64'] },
        listeners: [{ protocol: 'tcp', port: 8080, address: '::' }],
      },
      node: {
        addresses: { ens18: ['fd00:1::5/64', '2001:db8:a::5/64'], lxc1: ['fd00:10::1/64'] },
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', port: 4240, address: '::' }],
        rules: {
          nft: `table inet filter {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "lxc*" accept
  }
}
table ip6 nat {
  chain CILIUM_POST_nat {
    ip6 saddr fd00:10::/64 ip6 daddr fd00:10::/56 accept
    ip6 saddr fd00:10::/64 oifname "ens18" snat to 2001:db8:a::5
  }
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    jump CILIUM_POST_nat
  }
}
`,
        },
      },
      pod: {
        addresses: { eth0: ['fd00:10::2/64'] },
        routes: ['default via fd00:10::1'],
      },
    },
    links: [
      ['backend:ens18', 'node:ens18'],
      ['node:lxc1', 'pod:eth0'],
    ],
    traced: 'node',
    setup: [['node', 'ip -6 addr change 2001:db8:a::5/64 dev ens18 preferred_lft 0 valid_lft 1800']],
    fails: { from: 'pod', what: 'tcp', to: 'fd00:1::6', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'node', what: 'tcp', to: 'fd00:1::6', port: 8080 }, seen: 'answered' },
      { sending: { from: 'backend', what: 'tcp', to: 'fd00:1::5', port: 4240 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: 'fd00:1::5', port: 4240 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The rule gives what pods send the node's deprecated address as its source, and the backend has no route to that: its reply does not come.",
      causes: [
        { rule: 'snat to 2001:db8:a::5', chain: 'ip6 nat CILIUM_POST_nat' },
        { code: 'snat-changed-source', words: ['2001:db8:a::5'] },
        { code: 'snat-elsewhere', words: ['2001:db8:a::5'] },
      ],
      status: ['unanswered'],
    },
    mend: [
      [
        'node',
        "h=$(nft -a list chain ip6 nat CILIUM_POST_nat | sed -n 's/.*snat to.* handle //p'); nft replace rule ip6 nat CILIUM_POST_nat handle $h ip6 saddr fd00:10::/64 oifname ens18 snat to fd00:1::5",
      ],
    ],
  },
]
