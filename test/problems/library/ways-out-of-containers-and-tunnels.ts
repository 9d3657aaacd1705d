/** Ways out that no rule opens, from threads: a container in the zone of the uplink, an exit node without a rule for all addresses. */
import { bridged, FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const

const FIREWALLD = `table inet firewalld {
  chain mangle_PREROUTING {
    type filter hook prerouting priority mangle + 10; policy accept;
    jump mangle_PREROUTING_ZONES
  }
  chain mangle_PREROUTING_ZONES {
    goto mangle_PRE_public
  }
  chain mangle_PRE_public {
  }
  chain nat_PREROUTING {
    type nat hook prerouting priority dstnat + 10; policy accept;
    jump nat_PREROUTING_ZONES
  }
  chain nat_PREROUTING_ZONES {
    goto nat_PRE_public
  }
  chain nat_PRE_public {
  }
  chain nat_POSTROUTING {
    type nat hook postrouting priority srcnat + 10; policy accept;
  }
  chain filter_PREROUTING {
    type filter hook prerouting priority filter + 10; policy accept;
    icmpv6 type { nd-router-advert, nd-neighbor-solicit } accept
    meta nfproto ipv6 fib saddr . mark . iif oif missing drop
  }
  chain filter_INPUT {
    type filter hook input priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    jump filter_INPUT_ZONES
    ct state invalid drop
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
    tcp dport 22 ct state { new, untracked } accept
    ip6 daddr fe80::/64 udp dport 546 ct state { new, untracked } accept
  }
  chain filter_FORWARD {
    type filter hook forward priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    ip6 daddr { ::/96, 64:ff9b::/96, 2002::/24 } reject with icmpv6 addr-unreachable
    jump filter_FORWARD_IN_ZONES
    jump filter_FORWARD_OUT_ZONES
    ct state invalid drop
    reject with icmpx admin-prohibited
  }
  chain filter_FORWARD_IN_ZONES {
    goto filter_FWDI_public
  }
  chain filter_FORWARD_OUT_ZONES {
    goto filter_FWDO_public
  }
  chain filter_FWDI_public {
    jump filter_FWDI_public_allow
    meta l4proto { icmp, ipv6-icmp } accept
    reject with icmpx admin-prohibited
  }
  chain filter_FWDI_public_allow {
  }
  chain filter_FWDO_public {
    jump filter_FWDO_public_allow
  }
  chain filter_FWDO_public_allow {
  }
}
`

export const WAYS_OUT_OF_CONTAINERS_AND_TUNNELS: Problem[] = [
  {
    name: 'nspawn-asks-outside-from-the-public-zone',
    thread: {
      title: 'starting firewalld nukes existing firewall rules',
      address: 'https://github.com/firewalld/firewalld/issues/742',
    },
    backend: 'nft',
    hosts: {
      client: {
        addresses: { eth0: ['192.0.2.9/24'] },
        listeners: [HTTPS, { protocol: 'udp', port: 123 }],
      },
      host: {
        addresses: { eth0: ['192.0.2.1/24'], 've-web': ['192.168.175.241/28'] },
        routes: ['default via 192.0.2.9'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          nft: `table ip io.systemd.nat {
  set masq_saddr {
    type ipv4_addr
    flags interval
    elements = { 192.168.175.240/28 }
  }
  map map_port_ipport {
    type inet_proto . inet_service : ipv4_addr . inet_service
    elements = { tcp . 8080 : 192.168.175.253 . 80 }
  }
  chain prerouting {
    type nat hook prerouting priority dstnat + 1; policy accept;
    fib daddr type local dnat ip to meta l4proto . th dport map @map_port_ipport
  }
  chain output {
    type nat hook output priority -99; policy accept;
    ip daddr != 127.0.0.0/8 oif "lo" dnat ip to meta l4proto . th dport map @map_port_ipport
  }
  chain postrouting {
    type nat hook postrouting priority srcnat + 1; policy accept;
    ip saddr @masq_saddr masquerade
  }
}
${FIREWALLD}`,
        },
      },
      web: {
        addresses: { host0: ['192.168.175.253/28'] },
        routes: ['default via 192.168.175.241'],
        listeners: [{ protocol: 'tcp', port: 80 }],
      },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['host:ve-web', 'web:host0'],
    ],
    traced: 'host',
    fails: { from: 'web', what: 'udp', to: '192.0.2.9', port: 123 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 }, seen: 'answered' },
      { sending: { from: 'host', what: 'udp', to: '192.0.2.9', port: 123 }, seen: 'answered' },
      { sending: { from: 'web', what: 'ping', to: '192.0.2.9' }, seen: 'answered' },
      { sending: { from: 'web', what: 'tcp', to: '192.168.175.241', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'unreachable' },
      { sending: { from: 'web', what: 'tcp', to: '192.0.2.9', port: 443 }, seen: 'unreachable', either: true },
    ],
    truth: {
      words:
        "No zone names the container's device, so it is in the default one, public, whose forward rejects all but ICMP. systemd masquerades what would leave, and opens nothing.",
      causes: [
        { rule: 'reject with icmpx', chain: 'inet firewalld filter_FWDI_public' },
        { rule: 'goto filter_FWDI_public', chain: 'inet firewalld filter_FORWARD_IN_ZONES' },
        { chain: 'inet firewalld filter_FORWARD_IN_ZONES' },
      ],
      status: ['rejected'],
    },
    mend: [['host', 'nft insert rule inet firewalld filter_FORWARD_IN_ZONES iifname "ve-*" accept']],
  },
  {
    name: 'netbird-exit-node-has-no-rule-for-the-default-route',
    thread: {
      title: 'exit node inside a Docker container',
      address: 'https://github.com/netbirdio/netbird/issues/5391',
    },
    backend: 'nft',
    ...(() => {
      const net = bridged('docker0', '172.17.0.1/16', {
        addresses: { wt0: ['100.90.0.1/16'] },
        listeners: [SSH],
        rules: {
          nft: `table ip netbird {
  set nb0000722 {
    type ipv4_addr
    flags dynamic
    elements = { 100.90.0.7, 100.90.0.8 }
  }
  set nb-7b3a0c11 {
    type ipv4_addr
    flags interval
    elements = { 100.90.0.0/16 }
  }
  chain netbird-rt-fwd {
    ct state established,related counter accept
    ip saddr @nb-7b3a0c11 ip daddr 192.0.2.30 counter accept
  }
  chain netbird-rt-postrouting {
    type nat hook postrouting priority srcnat - 1; policy accept;
    meta mark 0x0001bd21 oifname != "lo" counter masquerade
    meta mark 0x0001bd22 oifname "wt0" counter masquerade
  }
  chain netbird-rt-redirect {
    type nat hook prerouting priority dstnat; policy accept;
  }
  chain netbird-mangle-prerouting {
    type filter hook prerouting priority mangle; policy accept;
    iifname "wt0" ct state new ip daddr 0.0.0.0/0 fib daddr type != local meta mark set 0x0001bd21
    iifname "wt0" ct state new ct mark set 0x0001bd10
    iifname "wt0" ip saddr @nb0000722 fib daddr type local meta mark set 0x0001bd20
  }
  chain netbird-acl-input-rules {
    ct state established,related counter accept
    ip saddr @nb0000722 accept
  }
  chain netbird-acl-input-filter {
    type filter hook input priority filter; policy accept;
    iifname "wt0" jump netbird-acl-input-rules
    iifname "wt0" drop
  }
  chain netbird-acl-forward-filter {
    type filter hook forward priority filter; policy accept;
    meta mark 0x0001bd20 accept
    iifname "wt0" jump netbird-rt-fwd
    iifname "wt0" drop
  }
}
table ip filter {
  chain DOCKER-USER {
  }
  chain DOCKER {
    ip daddr 172.17.0.2 iifname != "docker0" oifname "docker0" tcp dport 80 counter accept
    iifname != "docker0" oifname "docker0" counter drop
  }
  chain FORWARD {
    type filter hook forward priority filter; policy drop;
    iifname "wt0" counter accept
    oifname "wt0" ct state established,related counter accept
    counter jump DOCKER-USER
    ct state established,related counter accept
    oifname "docker0" counter jump DOCKER
    iifname "docker0" counter accept
  }
}
table ip nat {
  chain DOCKER {
    iifname != "docker0" tcp dport 8080 counter dnat to 172.17.0.2:80
  }
  chain PREROUTING {
    type nat hook prerouting priority dstnat; policy accept;
    fib daddr type local counter jump DOCKER
  }
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 172.17.0.0/16 oifname != "docker0" counter masquerade
  }
}
`,
        },
      })
      return {
        ...net,
        hosts: {
          ...net.hosts,
          client: {
            addresses: { eth0: ['192.0.2.9/24', '192.0.2.30/32'], lo: ['198.51.100.80/32'] },
            listeners: [HTTPS],
          },
          phone: { addresses: { wt0: ['100.90.0.7/16'] }, routes: ['default via 100.90.0.1'] },
        },
        links: [...net.links, ['host:wt0', 'phone:wt0'] as const],
      }
    })(),
    fails: { from: 'phone', what: 'tcp', to: '198.51.100.80', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'phone', what: 'tcp', to: '192.0.2.30', port: 443 }, seen: 'answered' },
      { sending: { from: 'phone', what: 'tcp', to: '100.90.0.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 }, seen: 'answered' },
    ],
    truth: {
      words:
        'NetBird marks what the exit node is to masquerade, but its chain of routes has an accept for one address alone, none for all: the drop for wt0 ends it.',
      causes: [
        { rule: 'iifname "wt0" drop', chain: 'ip netbird netbird-acl-forward-filter' },
        { chain: 'ip netbird netbird-rt-fwd' },
      ],
      status: ['dropped'],
    },
    mend: [['host', 'nft add rule ip netbird netbird-rt-fwd ip saddr @nb-7b3a0c11 counter accept']],
  },
]
