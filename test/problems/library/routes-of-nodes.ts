/** Routes that others write on the nodes of Calico, from threads: a cloud's table for what the node itself sends, and a block of addresses that is not all here. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { FILTER, NAT, RAW, saved } from './services-astray.ts'

const WORKLOAD = { routes: ['169.254.1.1/32 dev eth0', 'default via 169.254.1.1'] }
const HTTP = { protocol: 'tcp', port: 8080 } as const

/** Felix' chains of a node with one workload, `cali1`. */
const FELIX = `${saved(
  'raw',
  RAW,
  'cali-OUTPUT cali-PREROUTING cali-from-host-endpoint cali-rpf-skip cali-to-host-endpoint',
  `-A PREROUTING -m comment --comment "cali:6gwbT8clXdHdC1b1" -j cali-PREROUTING
-A OUTPUT -m comment --comment "cali:tVnHkvAo15HuiPy0" -j cali-OUTPUT
-A cali-OUTPUT -m comment --comment "cali:njdnLwYeGqBJyMxW" -j MARK --set-xmark 0x0/0xf0000
-A cali-OUTPUT -m comment --comment "cali:rz86uTUcEZAfFsh7" -j cali-to-host-endpoint
-A cali-OUTPUT -m comment --comment "cali:pN0F5zD0b8yf9W1Z" -m mark --mark 0x10000/0x10000 -j ACCEPT
-A cali-PREROUTING -m comment --comment "cali:XFX5xbM8B9qR10JG" -j MARK --set-xmark 0x0/0xf0000
-A cali-PREROUTING -i cali+ -m comment --comment "cali:EWMPb0zVROM-woQp" -j MARK --set-xmark 0x40000/0x40000
-A cali-PREROUTING -m comment --comment "cali:PWuxTAIaFCtsg5Qa" -m mark --mark 0x40000/0x40000 -j cali-rpf-skip
-A cali-PREROUTING -m comment --comment "cali:fSSbGND7dgyemWU7" -m mark --mark 0x40000/0x40000 -m rpfilter --validmark --invert -j DROP
-A cali-PREROUTING -m comment --comment "cali:ImU0-4Rl2WoOI9Ou" -m mark --mark 0x0/0x40000 -j cali-from-host-endpoint
-A cali-PREROUTING -m comment --comment "cali:lV4V2MPoMBf0hl9T" -m mark --mark 0x10000/0x10000 -j ACCEPT
`,
)}${saved(
  'nat',
  NAT,
  'cali-OUTPUT cali-POSTROUTING cali-PREROUTING cali-fip-dnat cali-fip-snat cali-nat-outgoing',
  `-A PREROUTING -m comment --comment "cali:6gwbT8clXdHdC1b1" -j cali-PREROUTING
-A OUTPUT -m comment --comment "cali:tVnHkvAo15HuiPy0" -j cali-OUTPUT
-A POSTROUTING -m comment --comment "cali:O3lYWMrLQYEMJtB5" -j cali-POSTROUTING
-A cali-OUTPUT -m comment --comment "cali:GBTAv2p5CwevEyJm" -j cali-fip-dnat
-A cali-POSTROUTING -m comment --comment "cali:Z-c7XtVd2Bq7s_hA" -j cali-fip-snat
-A cali-POSTROUTING -m comment --comment "cali:nYKhEzDlr11Jccal" -j cali-nat-outgoing
-A cali-PREROUTING -m comment --comment "cali:r6XmIziWUJsdOK6Z" -j cali-fip-dnat
-A cali-nat-outgoing -m comment --comment "cali:flqWnvo8yq4ULQLa" -m set --match-set cali40masq-ipam-pools src -m set ! --match-set cali40all-ipam-pools dst -j MASQUERADE --random-fully
`,
)}${saved(
  'filter',
  FILTER,
  `cali-FORWARD cali-INPUT cali-OUTPUT cali-cidr-block cali-from-wl-dispatch cali-fw-cali1 cali-pri-kns.default cali-pro-kns.default
cali-to-wl-dispatch cali-tw-cali1 cali-wl-to-host`,
  `-A INPUT -m comment --comment "cali:Cz_u1IQiXIMmKD4c" -j cali-INPUT
-A FORWARD -m comment --comment "cali:wUHhoiAYhphO9Mso" -j cali-FORWARD
-A FORWARD -m comment --comment "cali:S93hcgKJrXEqnTfs" -m mark --mark 0x10000/0x10000 -j ACCEPT
-A FORWARD -m comment --comment "cali:mp77cMpurHhyjLrM" -j MARK --set-xmark 0x10000/0x10000
-A OUTPUT -m comment --comment "cali:tVnHkvAo15HuiPy0" -j cali-OUTPUT
-A cali-FORWARD -m comment --comment "cali:vjrMJCRpqwy5oRoX" -j MARK --set-xmark 0x0/0xe0000
-A cali-FORWARD -i cali+ -m comment --comment "cali:8ZoYfO5HKXWbB3pk" -j cali-from-wl-dispatch
-A cali-FORWARD -o cali+ -m comment --comment "cali:jdEuaPBe14V2hutn" -j cali-to-wl-dispatch
-A cali-FORWARD -m comment --comment "cali:12bc6HljsMKsmfr-" -j cali-cidr-block
-A cali-INPUT -i cali+ -m comment --comment "cali:i7okJZpS8VxaJB3n" -g cali-wl-to-host
-A cali-from-wl-dispatch -i cali1 -m comment --comment "cali:dE6mdkmS5cLOcOh6" -g cali-fw-cali1
-A cali-from-wl-dispatch -m comment --comment "cali:zTj6P0TIgYvgz-md" -m comment --comment "Unknown interface" -j DROP
-A cali-fw-cali1 -m comment --comment "cali:4zPz0ZQ1fJC8sH2o" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A cali-fw-cali1 -m comment --comment "cali:5xHHWzWVJyr8yHt0" -m conntrack --ctstate INVALID -j DROP
-A cali-fw-cali1 -m comment --comment "cali:8cJb6c5gC4pS1nOo" -j MARK --set-xmark 0x0/0x10000
-A cali-fw-cali1 -p ipencap -m comment --comment "cali:3GbKjzT1sJf8S5mR" -j DROP
-A cali-fw-cali1 -m comment --comment "cali:UEAJ3xMHqB1jUuC1" -j cali-pro-kns.default
-A cali-fw-cali1 -m comment --comment "cali:6uGvYcOEQ1oiRHVX" -m mark --mark 0x10000/0x10000 -j RETURN
-A cali-fw-cali1 -m comment --comment "cali:XDjFFHTZZ9X1B7oY" -m comment --comment "Drop if no profiles matched" -j DROP
-A cali-pri-kns.default -m comment --comment "cali:WMSw8BmYOknRHfsz" -j MARK --set-xmark 0x10000/0x10000
-A cali-pri-kns.default -m comment --comment "cali:z015DFqrT2eI7Jf1" -m mark --mark 0x10000/0x10000 -j RETURN
-A cali-pro-kns.default -m comment --comment "cali:A6AtOVe5N2k9aDSR" -j MARK --set-xmark 0x10000/0x10000
-A cali-pro-kns.default -m comment --comment "cali:9mCG4lwPyTIFMYsC" -m mark --mark 0x10000/0x10000 -j RETURN
-A cali-to-wl-dispatch -o cali1 -m comment --comment "cali:0sOpe1v6p7lNqKAh" -g cali-tw-cali1
-A cali-to-wl-dispatch -m comment --comment "cali:7KNphB1nNHw80nIO" -m comment --comment "Unknown interface" -j DROP
-A cali-tw-cali1 -m comment --comment "cali:Y1ZlCXmFNgaKmSHb" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A cali-tw-cali1 -m comment --comment "cali:zUEwTJ2zzHtIu6zH" -m conntrack --ctstate INVALID -j DROP
-A cali-tw-cali1 -m comment --comment "cali:3CCbFbHqTpsDLm1r" -j MARK --set-xmark 0x0/0x10000
-A cali-tw-cali1 -m comment --comment "cali:9mIhQyT3CKUBcRNo" -j cali-pri-kns.default
-A cali-tw-cali1 -m comment --comment "cali:xKzSV-nAOHXzvLcw" -m mark --mark 0x10000/0x10000 -j RETURN
-A cali-tw-cali1 -m comment --comment "cali:KkQwXTQGqXNnhCKw" -m comment --comment "Drop if no profiles matched" -j DROP
-A cali-wl-to-host -m comment --comment "cali:Ee9Sbo10IpVujdIY" -j cali-from-wl-dispatch
-A cali-wl-to-host -m comment --comment "cali:nSZbcOoG1xPONxb8" -m comment --comment "Configured DefaultEndpointToHostAction" -j ACCEPT
`,
)}`

export const ROUTES_OF_NODES: Problem[] = [
  {
    name: 'nm-cloud-setup-routes-what-the-node-sends-past-calico',
    thread: {
      title: 'Problems running calico and nm-cloud-setup',
      address: 'https://github.com/projectcalico/calico/issues/4662',
    },
    backend: 'iptables-nft',
    hosts: {
      gateway: {
        addresses: { eth0: ['10.0.10.1/28'], lo: ['198.51.100.7/32'] },
        routes: ['192.168.234.0/26 via 10.0.10.5'],
        listeners: [
          { protocol: 'tcp', port: 443 },
          { protocol: 'udp', address: '198.51.100.7', port: 123 },
        ],
      },
      node: {
        addresses: { eth0: ['10.0.10.5/28'] },
        routes: ['default via 10.0.10.1', '192.168.234.1/32 dev cali1'],
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', port: 10250 }],
        rules: {
          ipset: `create cali40all-ipam-pools hash:net family inet
add cali40all-ipam-pools 192.168.0.0/16
create cali40masq-ipam-pools hash:net family inet
add cali40masq-ipam-pools 192.168.0.0/16
`,
          v4: FELIX,
        },
      },
      pod: { ...WORKLOAD, addresses: { eth0: ['192.168.234.1/32'] }, listeners: [HTTP] },
    },
    links: [
      ['gateway:eth0', 'node:eth0'],
      ['node:cali1', 'pod:eth0'],
    ],
    traced: 'node',
    setup: [
      ['node', 'sysctl -qw net.ipv4.conf.cali1.proxy_arp=1'],
      [
        'node',
        'ip route add 10.0.10.0/28 dev eth0 table 30400; ip route add default via 10.0.10.1 dev eth0 table 30400; ip rule add pref 30400 from 10.0.10.5 lookup 30400',
      ],
    ],
    fails: { from: 'node', what: 'ping', to: '192.168.234.1' },
    seen: 'nothing',
    others: [
      { sending: { from: 'pod', what: 'tcp', to: '10.0.10.5', port: 10250 }, seen: 'nothing', either: true },
      { sending: { from: 'pod', what: 'udp', to: '198.51.100.7', port: 123 }, seen: 'answered' },
      { sending: { from: 'gateway', what: 'tcp', to: '192.168.234.1', port: 8080 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '198.51.100.7', port: 443 }, seen: 'answered' },
      { sending: { from: 'gateway', what: 'tcp', to: '10.0.10.5', port: 10250 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The tool for clouds routes all that has the node's own address by a table which knows eth0 alone. So the way back of what a pod sends to the node is not by its interface, and Calico's reverse path filter drops the reply.",
      causes: [
        { rule: '-m rpfilter --validmark --invert -j DROP', chain: 'raw cali-PREROUTING' },
        { code: 'wrong-way-out', words: ['30400'] },
        { code: 'vanished-rp-filter', words: ['30400'] },
      ],
      status: ['reply-lost'],
      alsoTrue: ['wrong-way-out', 'reply-dropped'],
    },
    mend: [['node', 'ip rule del pref 30400']],
  },
  {
    name: 'calico-blackholes-an-address-lent-to-another-node',
    thread: {
      title: 'Calico blackhole route and IP from this subnet on the other host.',
      address: 'https://github.com/projectcalico/calico/issues/3246',
    },
    backend: 'nft',
    hosts: {
      node1: {
        addresses: { eth0: ['192.0.2.1/24'] },
        routes: [
          '10.192.79.130/32 dev cali1',
          'blackhole 10.192.79.128/26 proto 12',
          '10.192.80.0/26 via 192.0.2.2 proto 12',
          'default via 192.0.2.2',
        ],
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', port: 10250 }],
        rules: {
          nft: `table ip kube-proxy {
  map service-ips {
    type ipv4_addr . inet_proto . inet_service : verdict
    elements = { 10.96.0.77 . tcp . 80 : goto service-EZX6W2LP-default/orders/tcp/,
                 10.96.0.78 . tcp . 80 : goto service-4ZHGWPK3-default/stock/tcp/ }
  }
  chain nat-prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    jump services
  }
  chain nat-output {
    type nat hook output priority -100; policy accept;
    jump services
  }
  chain nat-postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    meta mark & 0x00004000 == 0x00000000 return
    meta mark set meta mark ^ 0x00004000
    masquerade fully-random
  }
  chain services {
    ip daddr . meta l4proto . th dport vmap @service-ips
  }
  chain mark-for-masquerade {
    meta mark set meta mark | 0x00004000
  }
  chain service-EZX6W2LP-default/orders/tcp/ {
    ip daddr 10.96.0.77 tcp dport 80 ip saddr != 10.192.0.0/16 jump mark-for-masquerade
    numgen random mod 1 vmap { 0 : goto endpoint-6KQTB4RA-default/orders/tcp/__10.192.79.145/8080 }
  }
  chain endpoint-6KQTB4RA-default/orders/tcp/__10.192.79.145/8080 {
    ip saddr 10.192.79.145 jump mark-for-masquerade
    meta l4proto tcp dnat to 10.192.79.145:8080
  }
  chain service-4ZHGWPK3-default/stock/tcp/ {
    ip daddr 10.96.0.78 tcp dport 80 ip saddr != 10.192.0.0/16 jump mark-for-masquerade
    numgen random mod 1 vmap { 0 : goto endpoint-P2A5NN7Q-default/stock/tcp/__10.192.80.9/8080 }
  }
  chain endpoint-P2A5NN7Q-default/stock/tcp/__10.192.80.9/8080 {
    ip saddr 10.192.80.9 jump mark-for-masquerade
    meta l4proto tcp dnat to 10.192.80.9:8080
  }
}
table ip calico {
  set cali40all-ipam-pools {
    type ipv4_addr
    flags interval
    elements = { 10.192.0.0/16 }
  }
  chain filter-FORWARD {
    type filter hook forward priority filter; policy accept;
    iifname "cali*" jump filter-cali-from-wl-dispatch
    oifname "cali*" jump filter-cali-to-wl-dispatch
  }
  chain filter-cali-from-wl-dispatch {
    iifname "cali1" goto filter-cali-fw-cali1
    drop comment "Unknown interface"
  }
  chain filter-cali-to-wl-dispatch {
    oifname "cali1" goto filter-cali-tw-cali1
    drop comment "Unknown interface"
  }
  chain filter-cali-fw-cali1 {
    ct state established,related accept
    ct state invalid drop
    udp dport 4789 drop
    accept
  }
  chain filter-cali-tw-cali1 {
    ct state established,related accept
    ct state invalid drop
    accept
  }
  chain nat-POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr @cali40all-ipam-pools ip daddr != @cali40all-ipam-pools masquerade fully-random
  }
}
`,
        },
      },
      node2: {
        addresses: { eth0: ['192.0.2.2/24'], lo: ['10.192.79.145/32', '10.192.80.9/32'] },
        routes: ['10.192.79.128/26 via 192.0.2.1'],
        listeners: [HTTP],
      },
      pod: { ...WORKLOAD, addresses: { eth0: ['10.192.79.130/32'] }, listeners: [HTTP] },
    },
    links: [
      ['node1:eth0', 'node2:eth0'],
      ['node1:cali1', 'pod:eth0'],
    ],
    traced: 'node1',
    setup: [['node1', 'sysctl -qw net.ipv4.conf.cali1.proxy_arp=1']],
    fails: { from: 'pod', what: 'tcp', to: '10.96.0.77', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pod', what: 'tcp', to: '10.96.0.78', port: 80 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: '10.192.79.145', port: 8080 }, seen: 'nothing', either: true },
      { sending: { from: 'node2', what: 'tcp', to: '10.192.79.130', port: 8080 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'ping', to: '192.0.2.2' }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: '192.0.2.1', port: 10250 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The service's endpoint has an address of this node's block and is on another node, and the route to that one address is missing: behind DNAT the block's blackhole takes the packet.",
      causes: [
        { code: 'vanished-no-route', words: ['10.192.79.128/26'] },
        { code: 'wrong-way-out', words: ['10.192.79.128/26'] },
        { code: 'not-netfilter', words: ['10.192.79.128/26'] },
        { code: 'vanished-no-route', words: ['blackhole'] },
      ],
      status: ['lost'],
    },
    mend: [['node1', 'ip route add 10.192.79.145/32 via 192.0.2.2 dev eth0 proto 12']],
  },
]
