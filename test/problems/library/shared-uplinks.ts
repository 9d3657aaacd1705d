/** Gateways with nft that share an uplink: what is translated, marked and forwarded for some networks and not for others. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const NAS = [
  { protocol: 'tcp', port: 8888 },
  { protocol: 'tcp', address: '::', port: 8888 },
] as const

export const SHARED_UPLINKS: Problem[] = [
  {
    name: 'networkmanager-share-rejects-containers',
    thread: {
      title: 'add dnsmasq for NetworkManager shared network',
      address: 'https://github.com/home-assistant/operating-system/pull/3865',
    },
    backend: 'nft',
    hosts: {
      addon: { addresses: { eth0: ['172.30.33.2/23'] }, routes: ['default via 172.30.32.1'] },
      host: {
        bridges: { hassio: ['veth1'] },
        addresses: { hassio: ['172.30.32.1/23'], wlp3s0: ['10.42.0.1/24'], eth0: ['192.0.2.1/24'] },
        sysctls: FORWARDS,
        rules: {
          nft: `table ip nm-shared-wlp3s0 {
  chain nat_postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 10.42.0.0/24 ip daddr != 10.42.0.0/24 masquerade
  }
  chain filter_forward {
    type filter hook forward priority filter; policy accept;
    ip daddr 10.42.0.0/24 oifname "wlp3s0" ct state { established, related } accept
    ip saddr 10.42.0.0/24 iifname "wlp3s0" accept
    iifname "wlp3s0" oifname "wlp3s0" accept
    iifname "wlp3s0" reject
    oifname "wlp3s0" reject
  }
}
table ip nat {
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 172.30.32.0/23 oifname != "hassio" counter masquerade
  }
}
`,
        },
      },
      camera: {
        addresses: { eth0: ['10.42.0.20/24'] },
        routes: ['default via 10.42.0.1'],
        listeners: [{ protocol: 'tcp', port: 554 }],
      },
      net: { addresses: { eth0: ['192.0.2.9/24'] }, listeners: WEB },
    },
    links: [
      ['addon:eth0', 'host:veth1'],
      ['host:wlp3s0', 'camera:eth0'],
      ['host:eth0', 'net:eth0'],
    ],
    traced: 'host',
    fails: { from: 'addon', what: 'tcp', to: '10.42.0.20', port: 554 },
    seen: 'refused',
    others: [
      { sending: { from: 'host', what: 'tcp', to: '10.42.0.20', port: 554 }, seen: 'answered' },
      { sending: { from: 'addon', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'camera', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'NetworkManager rejects whatever is forwarded to the network that it shares, except replies: also what comes from containers of the same host.',
      causes: [{ rule: 'oifname "wlp3s0" reject', chain: 'ip nm-shared-wlp3s0 filter_forward' }],
      status: ['rejected'],
    },
    mend: [['host', 'nft insert rule ip nm-shared-wlp3s0 filter_forward iifname "hassio" oifname "wlp3s0" accept']],
  },
  {
    name: 'networkd-masquerades-its-own-prefix-alone',
    thread: {
      title: 'Masquerade Should be Attached To Routes, Not Addresses',
      address: 'https://github.com/systemd/systemd/issues/8040',
    },
    backend: 'nft',
    hosts: {
      site: { addresses: { eth0: ['10.66.0.5/24'] }, routes: ['default via 10.66.0.1'] },
      peer: {
        addresses: { eth0: ['10.66.0.1/24'], wg0: ['192.168.77.2/24'] },
        routes: ['default via 192.168.77.43'],
        sysctls: FORWARDS,
      },
      gw: {
        addresses: { wg0: ['192.168.77.43/24'], eth0: ['203.0.113.1/24'] },
        routes: ['10.66.0.0/24 via 192.168.77.2'],
        sysctls: FORWARDS,
        rules: {
          nft: `table ip io.systemd.nat {
  set masq_saddr {
    type ipv4_addr
    flags interval
    elements = { 192.168.77.0/24 }
  }
  map map_port_ipport {
    type inet_proto . inet_service : ipv4_addr . inet_service
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
`,
        },
      },
      net: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [{ protocol: 'udp', port: 53 }] },
    },
    links: [
      ['site:eth0', 'peer:eth0'],
      ['peer:wg0', 'gw:wg0'],
      ['gw:eth0', 'net:eth0'],
    ],
    traced: 'gw',
    fails: { from: 'site', what: 'udp', to: '203.0.113.9', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'peer', what: 'udp', to: '203.0.113.9', port: 53 }, seen: 'answered' },
      { sending: { from: 'gw', what: 'ping', to: '10.66.0.5' }, seen: 'answered' },
    ],
    truth: {
      words:
        "networkd masquerades the prefix of the tunnel's address, and not the networks that are routed into the tunnel: this one leaves with its private source.",
      causes: [
        { code: 'not-in-set', words: ['masq_saddr'] },
        { code: 'not-masqueraded', words: ['10.66.0.5'] },
        { rule: '@masq_saddr masquerade', chain: 'ip io.systemd.nat postrouting' },
      ],
      status: ['unanswered', 'reply-lost', 'lost'],
    },
    mend: [['gw', 'nft add element ip io.systemd.nat masq_saddr { 10.66.0.0/24 }']],
  },
  {
    name: 'mwan3-marks-link-local-of-its-router',
    thread: {
      title: "mwan3 policy routing eating the router's own link-local IPv6 output",
      address: 'https://github.com/dl12345/mwan3/issues/6',
    },
    backend: 'nft',
    hosts: {
      router: {
        addresses: { lan: ['fe80::1/64', '2001:db8:1::1/64'], wan: ['2001:db8:f::1/64'] },
        sysctls: FORWARDS,
        rules: {
          nft: `table inet mwan3 {
  set mwan3_connected_v6 {
    type ipv6_addr
    flags interval
    elements = { 2001:db8:1::/64, 2001:db8:f::/64 }
  }
  chain mwan3_connected {
    ip6 daddr @mwan3_connected_v6 meta mark set meta mark | 0x00003f00
  }
  chain mwan3_rules {
    meta nfproto ipv6 meta mark & 0x00003f00 == 0x00000000 meta mark set meta mark & 0xffffc0ff | 0x00000100 comment "default_rule_v6"
  }
  chain mwan3_hook {
    icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, nd-redirect } return
    meta mark & 0x00003f00 == 0x00000000 meta mark set ct mark & 0x00003f00
    meta mark & 0x00003f00 == 0x00000000 jump mwan3_connected
    meta mark & 0x00003f00 == 0x00000000 jump mwan3_rules
    ct mark set meta mark & 0x00003f00
  }
  chain mangle_output {
    type route hook output priority mangle; policy accept;
    jump mwan3_hook
  }
}
`,
        },
      },
      pc: { addresses: { eth0: ['fe80::20/64', '2001:db8:1::20/64'] }, routes: ['default via 2001:db8:1::1'] },
      net: { addresses: { eth0: ['2001:db8:f::9/64'], lo: ['2001:db8:99::1/128'] } },
    },
    links: [
      ['pc:eth0', 'router:lan'],
      ['router:wan', 'net:eth0'],
    ],
    traced: 'router',
    setup: [
      [
        'router',
        'ip -6 route add default via 2001:db8:f::9 dev wan table 1; ip -6 rule add pref 2001 fwmark 0x100/0x3f00 lookup 1; ip -6 rule add pref 3001 fwmark 0x100/0x3f00 unreachable',
      ],
    ],
    fails: { from: 'router', what: 'ping', to: 'fe80::20%lan' },
    seen: 'nothing',
    looksAt: { protocol: 'icmpv6', dst: 'fe80::20' },
    others: [
      { sending: { from: 'router', what: 'ping', to: '2001:db8:1::20' }, seen: 'answered' },
      { sending: { from: 'router', what: 'ping', to: '2001:db8:f::9' }, seen: 'answered' },
    ],
    truth: {
      words:
        'What the router itself sends to link-local addresses gets the mark of an uplink: the rules for that mark have no route to the LAN, and reach "unreachable".',
      causes: [
        { rule: 'default_rule_v6', chain: 'inet mwan3 mwan3_rules' },
        { code: 'marked-astray' },
        { code: 'not-in-set', words: ['mwan3_connected_v6'] },
      ],
      status: ['lost', 'unanswered', 'dropped', 'rejected'],
    },
    mend: [['router', 'nft add element inet mwan3 mwan3_connected_v6 { fe80::/10, ff00::/8 }']],
  },
  {
    name: 'openwrt-reflects-ipv4-alone',
    thread: {
      title: 'NAT Loopback not working on IPv6 port forwarding',
      address: 'https://github.com/openwrt/openwrt/issues/19299',
    },
    backend: 'nft',
    hosts: {
      remote: {
        addresses: { eth0: ['203.0.113.9/24', '2001:db8:f::9/64'] },
        routes: ['fdfb:e363:ea7e:1::/64 via 2001:db8:f::1'],
      },
      router: {
        bridges: { 'br-lan': ['lan1', 'lan2'] },
        addresses: {
          wan: ['203.0.113.1/24', '2001:db8:f::1/64'],
          'br-lan': ['192.168.1.1/24', 'fdfb:e363:ea7e:1::ff/64'],
        },
        sysctls: FORWARDS,
        rules: {
          nft: `table inet fw4 {
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    ct state established,related accept
    iifname "br-lan" jump input_lan
    iifname "wan" jump input_wan
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "br-lan" jump forward_lan
    iifname "wan" jump forward_wan
  }
  chain input_lan {
    ct status dnat accept comment "!fw4: Accept port redirections"
    iifname "br-lan" counter accept comment "!fw4: accept lan IPv4/IPv6 traffic"
  }
  chain input_wan {
    meta l4proto { icmp, ipv6-icmp } counter accept
    ct status dnat accept comment "!fw4: Accept port redirections"
  }
  chain forward_lan {
    oifname "wan" counter accept comment "!fw4: accept wan IPv4/IPv6 traffic"
    ct status dnat accept comment "!fw4: Accept port forwards"
    oifname "br-lan" counter accept comment "!fw4: accept lan IPv4/IPv6 traffic"
  }
  chain forward_wan {
    ct status dnat accept comment "!fw4: Accept port forwards"
  }
  chain dstnat {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "br-lan" jump dstnat_lan
    iifname "wan" jump dstnat_wan
  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "br-lan" jump srcnat_lan
    oifname "wan" jump srcnat_wan
  }
  chain dstnat_lan {
    ip saddr 192.168.1.0/24 ip daddr 203.0.113.1 tcp dport 8888 dnat ip to 192.168.1.20:8888 comment "!fw4: nas (reflection)"
  }
  chain srcnat_lan {
    ip saddr 192.168.1.0/24 ip daddr 192.168.1.20 tcp dport 8888 snat ip to 192.168.1.1 comment "!fw4: nas (reflection)"
  }
  chain dstnat_wan {
    meta nfproto ipv4 tcp dport 8888 counter dnat ip to 192.168.1.20:8888 comment "!fw4: nas"
    meta nfproto ipv6 tcp dport 8888 counter dnat ip6 to [fdfb:e363:ea7e:1::1]:8888 comment "!fw4: nas6"
  }
  chain srcnat_wan {
    meta nfproto ipv4 masquerade comment "!fw4: Masquerade IPv4 wan traffic"
  }
}
`,
        },
      },
      nas: {
        addresses: { eth0: ['192.168.1.20/24', 'fdfb:e363:ea7e:1::1/64'] },
        routes: ['default via 192.168.1.1', 'default via fdfb:e363:ea7e:1::ff'],
        listeners: NAS,
      },
      pc: {
        addresses: { eth0: ['192.168.1.10/24', 'fdfb:e363:ea7e:1::10/64'] },
        routes: ['default via 192.168.1.1', 'default via fdfb:e363:ea7e:1::ff'],
      },
    },
    links: [
      ['remote:eth0', 'router:wan'],
      ['router:lan1', 'nas:eth0'],
      ['router:lan2', 'pc:eth0'],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'tcp', to: '2001:db8:f::1', port: 8888 },
    seen: 'refused',
    others: [
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:f::1', port: 8888 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.1', port: 8888 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'ping', to: '2001:db8:f::1' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The forwarded port of IPv6 is for what comes in by wan: for the LAN only the one of IPv4 is reflected, and the router itself has nothing at that port.',
      causes: [
        { rule: 'dport 8888', chain: 'inet fw4 dstnat_wan' },
        { rule: 'dport 8888', chain: 'inet fw4 dstnat_lan' },
        { code: 'dnat-mismatch', words: ['8888'] },
      ],
      status: ['refused'],
      alsoTrue: ['closed-port', 'refused-here'],
    },
    mend: [
      [
        'router',
        'nft add rule inet fw4 dstnat_lan ip6 saddr fdfb:e363:ea7e:1::/64 ip6 daddr 2001:db8:f::1 tcp dport 8888 dnat ip6 to [fdfb:e363:ea7e:1::1]:8888; nft add rule inet fw4 srcnat_lan ip6 saddr fdfb:e363:ea7e:1::/64 ip6 daddr fdfb:e363:ea7e:1::1 tcp dport 8888 snat ip6 to fdfb:e363:ea7e:1::ff',
      ],
    ],
  },
  {
    name: 'tailscale-marks-and-nobody-masquerades',
    thread: {
      title: 'Tailscaled does not configure NAT masquerade rules on Rocky Linux 10',
      address: 'https://github.com/tailscale/tailscale/issues/18872',
    },
    backend: 'nft',
    hosts: {
      peer: { addresses: { eth0: ['100.107.0.2/24'] }, routes: ['default via 100.107.0.1'] },
      router: {
        addresses: { tailscale0: ['100.107.0.1/24'], ens18: ['172.16.100.5/24'] },
        sysctls: FORWARDS,
        rules: {
          nft: `table ip filter {
  chain ts-forward {
    iifname "tailscale0" counter meta mark set meta mark & 0xff00ffff ^ 0x00040000
    meta mark & 0x00ff0000 == 0x00040000 counter accept
    oifname "tailscale0" ip saddr 100.64.0.0/10 counter drop
    oifname "tailscale0" counter accept
  }
  chain FORWARD {
    type filter hook forward priority filter; policy accept;
    counter jump ts-forward
  }
}
table ip nat {
  chain ts-postrouting {
  }
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    counter jump ts-postrouting
  }
}
`,
        },
      },
      server: { addresses: { eth0: ['172.16.100.51/24'] }, listeners: WEB },
    },
    links: [
      ['peer:eth0', 'router:tailscale0'],
      ['router:ens18', 'server:eth0'],
    ],
    traced: 'router',
    fails: { from: 'peer', what: 'ping', to: '172.16.100.51' },
    seen: 'nothing',
    others: [
      { sending: { from: 'router', what: 'tcp', to: '172.16.100.51', port: 80 }, seen: 'answered' },
      { sending: { from: 'peer', what: 'ping', to: '100.107.0.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        'What comes from the tailnet is marked to be masqueraded, and the chain that would do it is empty: the server has no route to its source.',
      causes: [{ chain: 'ip nat ts-postrouting' }, { code: 'not-masqueraded', words: ['100.107.0.2'] }],
      status: ['unanswered', 'reply-lost', 'lost'],
    },
    mend: [['router', 'nft add rule ip nat ts-postrouting "meta mark & 0x00ff0000 == 0x00040000 masquerade"']],
  },
]
