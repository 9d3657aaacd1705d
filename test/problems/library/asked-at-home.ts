/** What people ask about their home routers and tunnels: a lease that changed, a network that both ends have, a list at the wire. */
import { FORWARDS, homeRouter, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

export const ASKED_AT_HOME: Problem[] = [
  {
    name: 'ddwrt-forwards-to-the-address-of-the-last-lease',
    thread: {
      title: 'DD-WRT Tutorial 1: Static DHCP',
      address: 'https://wi-fiplanet.com/dd-wrt-tutorial-1-static-dhcp/',
    },
    backend: 'iptables-legacy',
    ...homeRouter(
      {
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 203.0.113.1/32 -p tcp -m tcp --dport 25565 -j DNAT --to-destination 192.168.1.102:25565
-A PREROUTING -d 203.0.113.1/32 -p icmp -j DNAT --to-destination 192.168.1.1
-A POSTROUTING -o wan -j SNAT --to-source 203.0.113.1
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lan -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A FORWARD -m state --state RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan -o wan -j ACCEPT
-A FORWARD -d 192.168.1.102/32 -p tcp -m tcp --dport 25565 -j ACCEPT
COMMIT
`,
        },
      },
      { pc: { listeners: [{ protocol: 'tcp', port: 25565 }] }, remote: { listeners: WEB } },
    ),
    fails: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 25565 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'ping', to: '203.0.113.1' }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words: 'The port is forwarded to the address that the PC had before; nobody has it now, so no ARP reply comes.',
      causes: [{ code: 'neighbour-failed' }, { rule: '--to-destination 192.168.1.102:25565', chain: 'nat PREROUTING' }],
      status: ['lost'],
    },
    mend: [
      [
        'router',
        'iptables -t nat -R PREROUTING 1 -d 203.0.113.1 -p tcp --dport 25565 -j DNAT --to-destination 192.168.1.10:25565',
      ],
      ['router', 'iptables -I FORWARD -d 192.168.1.10 -p tcp --dport 25565 -j ACCEPT'],
    ],
  },
  {
    name: 'wireguard-client-is-in-the-network-it-asks-for',
    thread: {
      title: 'Cannot reach my local network computers',
      address: 'https://github.com/pivpn/pivpn/issues/958',
    },
    backend: 'nft',
    hosts: {
      hotel: { addresses: { eth0: ['192.168.1.1/24'] } },
      laptop: {
        addresses: { wlan0: ['192.168.1.12/24'], wg0: ['10.6.0.2/24'] },
        routes: ['default via 192.168.1.1', 'default via 10.6.0.1 dev wg0 table 51820'],
        rules: {
          nft: `table ip wg-quick-wg0 {
  chain preraw { type filter hook prerouting priority raw; policy accept; iifname != "wg0" ip daddr 10.6.0.2 fib saddr type != local drop; }
  chain premangle { type filter hook prerouting priority mangle; policy accept; meta l4proto udp meta mark set ct mark; }
  chain postmangle { type filter hook postrouting priority mangle; policy accept; meta l4proto udp meta mark 0xca6c ct mark set meta mark; }
}
`,
        },
      },
      pi: {
        addresses: { wg0: ['10.6.0.1/24'], eth0: ['192.168.1.2/24'] },
        sysctls: FORWARDS,
        rules: {
          nft: 'table ip nat {\n  chain postrouting { type nat hook postrouting priority srcnat; policy accept; ip saddr 10.6.0.0/24 oifname "eth0" masquerade; }\n}\n',
        },
        listeners: [{ protocol: 'tcp', port: 22 }],
      },
      desktop: { addresses: { eth0: ['192.168.1.64/24'] }, listeners: [{ protocol: 'tcp', port: 3389 }] },
    },
    links: [
      ['hotel:eth0', 'laptop:wlan0'],
      ['laptop:wg0', 'pi:wg0'],
      ['pi:eth0', 'desktop:eth0'],
    ],
    traced: 'laptop',
    setup: [
      [
        'laptop',
        'ip rule add not fwmark 0xca6c table 51820 pref 32765; ip rule add table main suppress_prefixlength 0 pref 32764',
      ],
    ],
    fails: { from: 'laptop', what: 'tcp', to: '192.168.1.64', port: 3389 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'laptop', what: 'tcp', to: '10.6.0.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'laptop', what: 'ping', to: '192.168.1.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The network at home and the one the laptop is in are the same: its own link's route is taken, not the tunnel's, and nobody there has the address.",
      causes: [{ code: 'neighbour-failed' }, { code: 'wrong-way-out' }],
      status: ['lost'],
    },
    mend: [['laptop', 'ip route add 192.168.1.64/32 via 10.6.0.1 dev wg0']],
  },
  {
    name: 'country-list-at-ingress-drops-replies',
    thread: {
      title: 'Using netdev, allow outbound initiated',
      address: 'https://github.com/wirefalls/geo-nft/issues/33',
    },
    backend: 'nft',
    ...homeRouter(
      {
        rules: {
          nft: `table netdev geo {
  set block4 {
    type ipv4_addr
    flags interval
    elements = { 198.51.100.0/24, 203.0.113.8/29 }
  }
  chain wan_ingress {
    type filter hook ingress device "wan" priority -500; policy accept;
    ip saddr @block4 counter drop
  }
}
table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname { "lo", "lan" } accept
    meta l4proto ipv6-icmp accept
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
      {
        remote: {
          listeners: [
            { protocol: 'tcp', port: 443 },
            { protocol: 'tcp', address: '2001:db8:f::9', port: 443 },
          ],
        },
      },
    ),
    setup: [['remote', 'ip addr add 203.0.113.20/24 dev eth0']],
    fails: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.20', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '2001:db8:f::9', port: 443 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'ping', to: '203.0.113.1' }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The list is asked at the wire, before connection tracking: it drops the replies of the server that the PC has asked.',
      causes: [{ rule: '@block4', chain: 'netdev geo wan_ingress' }],
      status: ['unanswered', 'reply-lost'],
    },
    mend: [['router', 'nft flush chain netdev geo wan_ingress']],
  },
  {
    name: 'ppp-client-of-the-lan-without-proxy-arp',
    thread: {
      title: 'Workings of a Virtual Private Network in Linux—Part 2',
      address: 'https://www.linuxjournal.com/article/3707?page=0,3',
    },
    backend: 'nft',
    hosts: {
      roadwarrior: {
        addresses: { ppp0: ['192.168.1.200/32'] },
        routes: ['192.168.1.2/32 dev ppp0', '192.168.1.0/24 via 192.168.1.2'],
        listeners: WEB,
      },
      vpn: {
        addresses: { eth0: ['192.168.1.2/24'] },
        routes: ['192.168.1.200/32 dev ppp0'],
        sysctls: FORWARDS,
        rules: {
          nft: `table inet filter {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "ppp*" accept
    oifname "ppp*" accept
  }
}
`,
        },
      },
      fileserver: { addresses: { eth0: ['192.168.1.10/24'] }, listeners: [{ protocol: 'tcp', port: 445 }] },
    },
    links: [
      ['roadwarrior:ppp0', 'vpn:ppp0'],
      ['vpn:eth0', 'fileserver:eth0'],
    ],
    traced: 'vpn',
    fails: { from: 'roadwarrior', what: 'tcp', to: '192.168.1.10', port: 445 },
    seen: 'nothing',
    others: [
      { sending: { from: 'roadwarrior', what: 'ping', to: '192.168.1.2' }, seen: 'answered' },
      { sending: { from: 'fileserver', what: 'ping', to: '192.168.1.2' }, seen: 'answered' },
      {
        sending: { from: 'fileserver', what: 'tcp', to: '192.168.1.200', port: 80 },
        seen: 'unreachable',
        either: true,
      },
    ],
    truth: {
      words:
        "The client has an address of the LAN, so the file server asks for it by ARP, and the VPN's server does not reply in its place.",
      causes: [
        { code: 'not-masqueraded' },
        { code: 'unanswered', words: ['proxy_arp'] },
        { code: 'no-reply', words: ['proxy_arp'] },
        { code: 'not-netfilter', words: ['proxy_arp'] },
      ],
      status: ['unanswered', 'lost'],
    },
    mend: [['vpn', 'sysctl -qw net.ipv4.conf.eth0.proxy_arp=1']],
  },
  {
    name: 'mwan3-sends-a-prefix-by-the-uplink-of-another',
    thread: {
      title: 'mwan3: 2.10.x branch 50% ping loss with L2TP IPv6',
      address: 'https://github.com/openwrt/packages/issues/14332',
    },
    backend: 'iptables-legacy',
    hosts: {
      remote: {
        addresses: { eth0: ['2001:db8:f1::9/64'], eth1: ['2001:db8:f2::9/64'], lo: ['2001:db8:f::9/128'] },
        routes: ['2001:db8:a::/48 via 2001:db8:f1::1', '2001:db8:b::/48 via 2001:db8:f2::1'],
        listeners: [{ protocol: 'tcp', address: '2001:db8:f::9', port: 80 }],
      },
      // each takes what is its own, and drops other sources
      aaisp: {
        addresses: { eth0: ['2001:db8:a::1/64'], eth1: ['2001:db8:f1::1/64'] },
        routes: ['2001:db8:a:1::/64 via 2001:db8:a::2', 'default via 2001:db8:f1::9'],
        sysctls: FORWARDS,
        rules: {
          v6: '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A FORWARD -i eth0 ! -s 2001:db8:a::/48 -j DROP\nCOMMIT\n',
        },
      },
      henet: {
        addresses: { eth0: ['2001:db8:b::1/64'], eth1: ['2001:db8:f2::1/64'] },
        routes: ['2001:db8:b:1::/64 via 2001:db8:b::2', 'default via 2001:db8:f2::9'],
        sysctls: FORWARDS,
        rules: {
          v6: '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A FORWARD -i eth0 ! -s 2001:db8:b::/48 -j DROP\nCOMMIT\n',
        },
      },
      router: {
        addresses: {
          'l2tp-aaisp': ['2001:db8:a::2/64'],
          '6in4-henet': ['2001:db8:b::2/64'],
          'br-lan': ['2001:db8:a:1::1/64', '2001:db8:b:1::1/64'],
        },
        bridges: { 'br-lan': ['lan1', 'lan2'] },
        routes: [
          // each for the prefix that its provider has delegated, as netifd has them
          ...['::/64', ':1::/64'].flatMap((part) => [
            `default from 2001:db8:a${part} via 2001:db8:a::1 metric 512`,
            `default from 2001:db8:b${part} via 2001:db8:b::1 metric 1024`,
          ]),
          'default via 2001:db8:a::1 dev l2tp-aaisp table 1',
          'default via 2001:db8:b::1 dev 6in4-henet table 2',
          // mwan3 copies these from main
          ...[1, 2].flatMap((table) => [
            `2001:db8:a:1::/64 dev br-lan table ${table}`,
            `2001:db8:b:1::/64 dev br-lan table ${table}`,
          ]),
        ],
        sysctls: FORWARDS,
        rules: {
          v6: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:mwan3_connected - [0:0]
:mwan3_hook - [0:0]
:mwan3_ifaces_in - [0:0]
:mwan3_policy_aaisp_first - [0:0]
:mwan3_rules - [0:0]
-A PREROUTING -j mwan3_hook
-A OUTPUT -j mwan3_hook
-A mwan3_connected -d 2001:db8:a::/64 -j MARK --set-xmark 0x3f00/0x3f00
-A mwan3_connected -d 2001:db8:a:1::/64 -j MARK --set-xmark 0x3f00/0x3f00
-A mwan3_connected -d 2001:db8:b::/64 -j MARK --set-xmark 0x3f00/0x3f00
-A mwan3_connected -d 2001:db8:b:1::/64 -j MARK --set-xmark 0x3f00/0x3f00
-A mwan3_connected -d fe80::/10 -j MARK --set-xmark 0x3f00/0x3f00
-A mwan3_hook -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j RETURN
-A mwan3_hook -p ipv6-icmp -m icmp6 --icmpv6-type 136 -j RETURN
-A mwan3_hook -j CONNMARK --restore-mark --nfmask 0x3f00 --ctmask 0x3f00
-A mwan3_hook -m mark --mark 0x0/0x3f00 -j mwan3_ifaces_in
-A mwan3_hook -m mark --mark 0x0/0x3f00 -j mwan3_connected
-A mwan3_hook -m mark --mark 0x0/0x3f00 -j mwan3_rules
-A mwan3_hook -j CONNMARK --save-mark --nfmask 0x3f00 --ctmask 0x3f00
-A mwan3_ifaces_in -i l2tp-aaisp -m mark --mark 0x0/0x3f00 -j MARK --set-xmark 0x100/0x3f00
-A mwan3_ifaces_in -i 6in4-henet -m mark --mark 0x0/0x3f00 -j MARK --set-xmark 0x200/0x3f00
-A mwan3_policy_aaisp_first -m mark --mark 0x0/0x3f00 -m comment --comment "aaisp6 3 3" -j MARK --set-xmark 0x100/0x3f00
-A mwan3_rules -m mark --mark 0x0/0x3f00 -m comment --comment default_rule_v6 -j mwan3_policy_aaisp_first
COMMIT
`,
        },
      },
      laptop: { addresses: { eth0: ['2001:db8:b:1::10/64'] }, routes: ['default via 2001:db8:b:1::1'] },
      desktop: { addresses: { eth0: ['2001:db8:a:1::20/64'] }, routes: ['default via 2001:db8:a:1::1'] },
    },
    links: [
      ['remote:eth0', 'aaisp:eth1'],
      ['remote:eth1', 'henet:eth1'],
      ['aaisp:eth0', 'router:l2tp-aaisp'],
      ['henet:eth0', 'router:6in4-henet'],
      ['router:lan1', 'laptop:eth0'],
      ['router:lan2', 'desktop:eth0'],
    ],
    traced: 'router',
    setup: [
      [
        'router',
        'ip -6 rule add fwmark 0x100/0x3f00 lookup 1 pref 2001; ip -6 rule add fwmark 0x200/0x3f00 lookup 2 pref 2002',
      ],
    ],
    fails: { from: 'laptop', what: 'tcp', to: '2001:db8:f::9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'desktop', what: 'tcp', to: '2001:db8:f::9', port: 80 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'ping', to: '2001:db8:b::2' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The default policy marks all for the first uplink, also what comes from the second one's prefix: that provider drops foreign sources.",
      causes: [
        { rule: '--set-xmark 0x100/0x3f00', chain: 'mangle mwan3_policy_aaisp_first' },
        { rule: 'default_rule_v6', chain: 'mangle mwan3_rules' },
        { code: 'marked-astray' },
        { code: 'wrong-way-out' },
      ],
      status: ['unanswered', 'lost'],
    },
    mend: [['router', 'ip -6 rule add from 2001:db8:b:1::/64 lookup 2 pref 1000']],
  },
]
