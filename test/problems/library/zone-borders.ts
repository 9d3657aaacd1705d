/** OpenWrt's and firewalld's zones: what a rule names, and in front of what it stands. */
import { FORWARDS, homeRouter, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const DESK = '2001:db8:1:0:c0de:fade:bead:beef'
const RUSTDESK = { protocol: 'tcp', port: 21118 } as const
const REJECTS = `  chain handle_reject {
    meta l4proto tcp reject with tcp reset comment "!fw4: Reject TCP traffic"
    reject comment "!fw4: Reject any other traffic"
  }
`
const FLOWS = '    ct state vmap { established : accept, related : accept } comment "!fw4: Handle forwarded flows"\n'

export const ZONE_BORDERS: Problem[] = [
  {
    name: 'istoreos-suffix-without-mask',
    thread: {
      title: '[Bug] 防火墙通信规则无法正确匹配IPv6后缀 (Interface ID)',
      address: 'https://github.com/istoreos/istoreos/issues/2642',
    },
    backend: 'nft',
    ...homeRouter(
      {
        addresses: { lan: ['192.168.1.1/24', '2001:db8:1::1/64'] },
        rules: {
          nft: `table inet fw4 {
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    ct state vmap { established : accept, related : accept }
    iifname "lan" accept
    icmpv6 type { echo-request, nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } accept
    jump handle_reject
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
${FLOWS}    iifname "lan" jump forward_lan
    iifname "wan" jump forward_wan
    jump handle_reject
  }
  chain forward_lan {
    oifname "wan" accept comment "!fw4: Accept lan to wan forwarding"
  }
  chain forward_wan {
    icmpv6 type { echo-request, echo-reply, packet-too-big, time-exceeded } limit rate 1000/second accept comment "!fw4: Allow-ICMPv6-Forward"
    ip6 daddr ::c0de:fade:bead:beef tcp dport 21118 counter jump accept_to_lan comment "!fw4: Test-IPv6-Suffix-Rule"
    jump reject_to_wan
  }
  chain accept_to_lan {
    oifname "lan" counter accept comment "!fw4: accept lan IPv4/IPv6 traffic"
  }
  chain reject_to_wan {
    oifname "wan" counter jump handle_reject
  }
${REJECTS}}
`,
        },
      },
      { pc: { listeners: [{ ...RUSTDESK, address: '::' }] } },
    ),
    setup: [['pc', `ip -6 addr add ${DESK}/64 dev eth0 nodad`]],
    fails: { from: 'remote', what: 'tcp', to: DESK, port: 21118 },
    seen: 'refused',
    others: [
      { sending: { from: 'remote', what: 'ping', to: DESK }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: DESK, port: 22 }, seen: 'refused' },
    ],
    truth: {
      words: 'The rule has the host part alone, without a mask: it compares the whole address, which has a prefix.',
      causes: [{ rule: '::c0de:fade:bead:beef', chain: 'inet fw4 forward_wan' }],
      status: ['rejected'],
    },
    mend: [
      [
        'router',
        'nft insert rule inet fw4 forward_wan "ip6 daddr & ::ffff:ffff:ffff:ffff == ::c0de:fade:bead:beef tcp dport 21118 jump accept_to_lan"',
      ],
    ],
  },
  {
    name: 'openwrt-rule-above-forwarded-port',
    thread: {
      title: 'port forwarding broken on 25.12.4',
      address: 'https://github.com/openwrt/openwrt/issues/23636',
    },
    backend: 'nft',
    ...homeRouter(
      {
        rules: {
          nft: `table inet fw4 {
  chain forward {
    type filter hook forward priority filter; policy drop;
${FLOWS}    iifname "lan" jump forward_lan2 comment "!fw4: Handle lan2 IPv4/IPv6 forward traffic"
    iifname "wan" jump forward_wan comment "!fw4: Handle wan IPv4/IPv6 forward traffic"
    jump handle_reject
  }
  chain forward_lan2 {
    jump accept_to_wan comment "!fw4: Accept lan2 to wan forwarding"
  }
  chain forward_wan {
    counter jump reject_to_lan2 comment "!fw4: keep-lan2-apart"
    ct status dnat accept comment "!fw4: Accept port forwards"
    jump reject_to_wan
  }
  chain accept_to_wan {
    oifname "wan" counter accept comment "!fw4: accept wan IPv4/IPv6 traffic"
  }
  chain reject_to_wan {
    oifname "wan" counter jump handle_reject comment "!fw4: reject wan IPv4/IPv6 traffic"
  }
  chain reject_to_lan2 {
    oifname "lan" counter jump handle_reject comment "!fw4: reject lan2 IPv4/IPv6 traffic"
  }
${REJECTS}  chain dstnat {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "wan" jump dstnat_wan comment "!fw4: Handle wan IPv4/IPv6 dstnat traffic"
  }
  chain dstnat_wan {
    meta nfproto ipv4 tcp dport 8443 counter dnat ip to 192.168.1.10:443 comment "!fw4: web"
  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" jump srcnat_wan
  }
  chain srcnat_wan {
    meta nfproto ipv4 masquerade comment "!fw4: Masquerade IPv4 wan traffic"
  }
}
`,
        },
      },
      { pc: { listeners: [{ protocol: 'tcp', port: 443 }] }, remote: { listeners: WEB } },
    ),
    fails: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 8443 },
    seen: 'refused',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '2001:db8:1::10', port: 22 }, seen: 'refused' },
    ],
    truth: {
      words: 'A rule that rejects everything from wan to this zone stands above the one that accepts forwarded ports.',
      causes: [
        { rule: 'jump reject_to_lan2', chain: 'inet fw4 forward_wan' },
        { rule: 'ct status dnat accept', chain: 'inet fw4 forward_wan' },
      ],
      status: ['rejected'],
    },
    mend: [['router', 'nft insert rule inet fw4 forward_wan ct status dnat accept']],
  },
  {
    name: 'aredn-forward-not-for-tunnels',
    thread: {
      title: 'Port forwards on hAP3 running LAN NAT do not forward traffic from wireguard tunnels',
      address: 'https://github.com/aredn/aredn/issues/1216',
    },
    backend: 'nft',
    hosts: {
      mesh: { addresses: { eth0: ['10.5.0.9/16'] }, routes: ['10.173.200.57/32 via 10.5.0.1'] },
      peer: { addresses: { wgc0: ['172.31.160.2/30'] }, routes: ['10.173.200.57/32 via 172.31.160.1'] },
      node: {
        addresses: {
          wlan0: ['10.5.0.1/16'],
          wgs0: ['172.31.160.1/30'],
          'br-lan': ['172.27.0.1/24'],
          lo: ['10.173.200.57/32'],
        },
        bridges: { 'br-lan': ['lan1'] },
        sysctls: FORWARDS,
        rules: {
          nft: `table inet fw4 {
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    ct state vmap { established : accept, related : accept }
    iifname { "wlan0", "wgs0", "br-lan" } accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
${FLOWS}    iifname "wlan0" jump forward_wifi
    iifname "wgs0" jump forward_vpn
    iifname "br-lan" oifname { "wlan0", "wgs0" } accept
  }
  chain forward_wifi {
    oifname { "wlan0", "wgs0" } accept
    ct status dnat accept comment "!fw4: Accept port forwards"
  }
  chain forward_vpn {
    oifname { "wlan0", "wgs0" } accept
    ct status dnat accept comment "!fw4: Accept port forwards"
  }
  chain dstnat {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "wlan0" jump dstnat_wifi comment "!fw4: Handle wifi IPv4/IPv6 dstnat traffic"
  }
  chain dstnat_wifi {
    ip daddr 10.173.200.57 tcp dport 80 counter dnat ip to 172.27.0.10:80 comment "!fw4: @redirect[0]"
    ip daddr 10.173.200.57 tcp dport 443 counter dnat ip to 172.27.0.10:443 comment "!fw4: @redirect[3]"
  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname { "wlan0", "wgs0" } ip saddr 172.27.0.0/24 snat ip to 10.173.200.57
  }
  chain mangle_prerouting {
    type filter hook prerouting priority mangle; policy accept;
    ip daddr 10.173.200.57 meta mark set 0x15
  }
}
`,
        },
      },
      box: {
        addresses: { eth0: ['172.27.0.10/24'] },
        routes: ['default via 172.27.0.1'],
        listeners: WEB,
      },
    },
    links: [
      ['mesh:eth0', 'node:wlan0'],
      ['peer:wgc0', 'node:wgs0'],
      ['node:lan1', 'box:eth0'],
    ],
    traced: 'node',
    fails: { from: 'peer', what: 'tcp', to: '10.173.200.57', port: 80 },
    seen: 'refused',
    others: [
      { sending: { from: 'mesh', what: 'tcp', to: '10.173.200.57', port: 80 }, seen: 'answered' },
      { sending: { from: 'peer', what: 'tcp', to: '10.173.200.57', port: 22 }, seen: 'refused' },
      { sending: { from: 'peer', what: 'ping', to: '10.173.200.57' }, seen: 'answered' },
    ],
    truth: {
      words: 'The ports are forwarded for what comes in by radio; what a tunnel brings is asked by no chain of dstnat.',
      causes: [
        { rule: 'iifname "wlan0" jump dstnat_wifi', chain: 'inet fw4 dstnat' },
        { rule: 'dnat ip to 172.27.0.10:80', chain: 'inet fw4 dstnat_wifi' },
      ],
      status: ['refused'],
      alsoTrue: ['closed-port', 'refused-here'],
    },
    mend: [['node', 'nft add rule inet fw4 dstnat iifname wgs0 jump dstnat_wifi']],
  },
  {
    name: 'openwrt-ipsec-client-back-out-of-wan',
    thread: {
      title: 'Request to add default firewall rule of WAN2WAN forwarding for (strongswan) policy based vpn',
      address: 'https://github.com/openwrt/openwrt/issues/10929',
    },
    backend: 'nft',
    hosts: {
      // what the tunnel's policy hands on, as it comes in on wan again
      phone: {
        addresses: { eth0: ['203.0.113.20/24'], lo: ['10.3.0.2/32'] },
        routes: ['192.0.2.9/32 via 203.0.113.1 src 10.3.0.2', '192.168.1.0/24 via 203.0.113.1 src 10.3.0.2'],
      },
      isp: { bridges: { br0: ['p1', 'p2', 'p3'] }, sysctls: { 'net.bridge.bridge-nf-call-iptables': '0' } },
      web: { addresses: { eth0: ['203.0.113.9/24'], lo: ['192.0.2.9/32'] }, listeners: WEB },
      router: {
        addresses: { wan: ['203.0.113.1/24'], lan: ['192.168.1.1/24'] },
        routes: ['10.3.0.2/32 via 203.0.113.20', '192.0.2.9/32 via 203.0.113.9'],
        sysctls: FORWARDS,
        rules: {
          nft: `table inet fw4 {
  chain forward {
    type filter hook forward priority filter; policy drop;
${FLOWS}    iifname "lan" jump forward_lan
    iifname "wan" jump forward_wan
    jump handle_reject
  }
  chain forward_lan {
    jump accept_to_wan comment "!fw4: Accept lan to wan forwarding"
  }
  chain forward_wan {
    meta l4proto esp counter jump accept_to_lan comment "!fw4: Allow-IPSec-ESP"
    udp dport 500 counter jump accept_to_lan comment "!fw4: Allow-ISAKMP"
    ip saddr 10.3.0.0/24 counter jump accept_to_lan comment "!fw4: vpn clients"
    jump reject_to_wan
  }
  chain accept_to_lan {
    oifname "lan" counter accept comment "!fw4: accept lan IPv4/IPv6 traffic"
  }
  chain accept_to_wan {
    ct state invalid counter drop comment "!fw4: Prevent NAT leakage"
    oifname "wan" counter accept comment "!fw4: accept wan IPv4/IPv6 traffic"
  }
  chain reject_to_wan {
    oifname "wan" counter jump handle_reject comment "!fw4: reject wan IPv4/IPv6 traffic"
  }
${REJECTS}  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" jump srcnat_wan
  }
  chain srcnat_wan {
    meta nfproto ipv4 masquerade comment "!fw4: Masquerade IPv4 wan traffic"
  }
}
`,
        },
      },
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'], listeners: WEB },
    },
    links: [
      ['phone:eth0', 'isp:p1'],
      ['web:eth0', 'isp:p2'],
      ['router:wan', 'isp:p3'],
      ['router:lan', 'pc:eth0'],
    ],
    traced: 'router',
    fails: { from: 'phone', what: 'tcp', to: '192.0.2.9', port: 80 },
    seen: 'refused',
    others: [
      { sending: { from: 'phone', what: 'tcp', to: '192.168.1.10', port: 80 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "A client of a policy's tunnel comes in on wan, and what it sends to the internet goes out there again: no rule accepts wan to wan.",
      causes: [
        { rule: 'jump reject_to_wan', chain: 'inet fw4 forward_wan' },
        { rule: 'jump accept_to_lan', chain: 'inet fw4 forward_wan' },
        { rule: 'oifname "lan"', chain: 'inet fw4 accept_to_lan' },
        { chain: 'inet fw4 reject_to_wan' },
      ],
      status: ['rejected'],
    },
    mend: [['router', 'nft insert rule inet fw4 forward_wan ip saddr 10.3.0.0/24 jump accept_to_wan']],
  },
  {
    name: 'passwall-interface-name-of-config',
    thread: {
      title: "ACL: Source Interface rule does not work for interfaces with auto='0'",
      address: 'https://github.com/Openwrt-Passwall/openwrt-passwall2/issues/1070',
    },
    backend: 'nft',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: WEB },
      router: {
        bridges: { docker0: ['veth1'] },
        addresses: { wan: ['203.0.113.1/24'], docker0: ['172.17.0.1/16'], lan: ['192.168.1.1/24'] },
        sysctls: FORWARDS,
        rules: {
          nft: `table inet passwall2 {
  set psw2_lan {
    type ipv4_addr
    flags interval
    elements = { 10.0.0.0/8, 127.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 224.0.0.0/3 }
  }
  chain dstnat {
    type nat hook prerouting priority dstnat - 1; policy accept;
    jump PSW2_NAT
  }
  chain PSW2_NAT {
    ip daddr @psw2_lan counter return
    iifname "docker" meta l4proto tcp counter return comment "containers"
    meta nfproto ipv4 meta l4proto tcp counter redirect to :1041
  }
}
table inet fw4 {
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" masquerade
  }
}
`,
        },
      },
      c1: { addresses: { eth0: ['172.17.0.2/16'] }, routes: ['default via 172.17.0.1'] },
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
    },
    links: [
      ['remote:eth0', 'router:wan'],
      ['router:veth1', 'c1:eth0'],
      ['router:lan', 'pc:eth0'],
    ],
    traced: 'router',
    // the proxy takes the clients of the LAN alone
    setup: [
      [
        'router',
        'nft add chain inet passwall2 guard "{ type filter hook input priority filter; policy accept; }"; nft add rule inet passwall2 guard iifname docker0 tcp dport 1041 drop',
      ],
    ],
    fails: { from: 'c1', what: 'tcp', to: '203.0.113.9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'c1', what: 'ping', to: '203.0.113.9' }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '192.168.1.1', port: 22 }, seen: 'refused' },
    ],
    truth: {
      words:
        'The exception names docker, as the configuration does; the device is docker0, so the proxy gets the packet.',
      causes: [{ rule: 'iifname "docker"', chain: 'inet passwall2 PSW2_NAT' }],
      status: ['dropped'],
    },
    mend: [['router', 'nft insert rule inet passwall2 PSW2_NAT iifname docker0 meta l4proto tcp return']],
  },
]
