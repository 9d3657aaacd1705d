/** What people ask most: gateways of VPNs, guests behind a host, limits and sets on a host, a second uplink. */
import { bridged, FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const DNS = { protocol: 'udp', port: 53 } as const

export const COMMONLY_ASKED: Problem[] = [
  {
    name: 'wg-install-accepts-what-comes-from-the-tunnel-alone',
    thread: {
      title: 'Add forwarding eth0 -> wg0',
      address: 'https://github.com/angristan/wireguard-install/pull/132',
    },
    backend: 'iptables-legacy',
    hosts: {
      phone: { addresses: { wg0: ['fd42:42:42::2/64'] }, routes: ['default via fd42:42:42::1'] },
      server: {
        addresses: { wg0: ['fd42:42:42::1/64'], eth0: ['2001:db8:1::1/64'] },
        sysctls: FORWARDS,
        rules: {
          v6: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o eth0 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -i wg0 -j ACCEPT
COMMIT
`,
        },
      },
      site: {
        addresses: { eth0: ['2001:db8:1::9/64'] },
        listeners: [{ ...HTTPS, address: '2001:db8:1::9' }],
      },
    },
    links: [
      ['phone:wg0', 'server:wg0'],
      ['server:eth0', 'site:eth0'],
    ],
    traced: 'server',
    fails: { from: 'phone', what: 'tcp', to: '2001:db8:1::9', port: 443 },
    seen: 'nothing',
    others: [{ sending: { from: 'server', what: 'tcp', to: '2001:db8:1::9', port: 443 }, seen: 'answered' }],
    truth: {
      words:
        "What comes from the tunnel is accepted; the replies, from eth0 to the tunnel, are dropped by FORWARD's policy.",
      causes: [{ policy: 'filter FORWARD' }],
      status: ['reply-lost'],
    },
    mend: [['server', 'ip6tables -A FORWARD -i eth0 -o wg0 -j ACCEPT']],
  },
  {
    name: 'openwrt-tunnel-address-answers-by-the-uplink',
    thread: {
      title: "wireguard-tools: when route_allowed_ips isn't set you should still correctly source packets",
      address: 'https://github.com/openwrt/openwrt/issues/22682',
    },
    backend: 'nft',
    hosts: {
      remote: { addresses: { eth0: ['198.51.100.9/24'] }, routes: ['default via 198.51.100.1'] },
      net: {
        addresses: { eth0: ['198.51.100.1/24'], isp: ['203.0.113.254/24'], hub: ['192.0.2.1/25'] },
        routes: ['192.0.2.128/31 via 192.0.2.8'],
        sysctls: FORWARDS,
        rules: {
          nft: 'table ip edge {\n  chain forward { type filter hook forward priority filter; policy accept; iifname "isp" ip saddr != 203.0.113.0/24 drop; }\n}\n',
        },
      },
      hub: {
        addresses: { eth0: ['192.0.2.8/25'], wg0: ['192.0.2.128/31'] },
        routes: ['default via 192.0.2.1'],
        sysctls: FORWARDS,
      },
      router: {
        addresses: { eth3: ['203.0.113.209/24'], wg0: ['192.0.2.129/31'] },
        routes: ['default via 203.0.113.254'],
        sysctls: FORWARDS,
        rules: {
          nft: `table inet fw4 {
  chain input {
    type filter hook input priority filter; policy drop;
    iif "lo" accept comment "!fw4: Accept traffic from loopback"
    ct state vmap { established : accept, related : accept } comment "!fw4: Handle inbound flows"
    iifname { "eth3", "wg0" } jump input_wan comment "!fw4: Handle wan IPv4/IPv6 input traffic"
    jump handle_reject
  }
  chain input_wan {
    icmp type echo-request counter accept comment "!fw4: Allow-Ping"
    jump handle_reject
  }
  chain handle_reject {
    meta l4proto tcp reject with tcp reset comment "!fw4: Reject TCP traffic"
    reject comment "!fw4: Reject any other traffic"
  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname { "eth3", "wg0" } meta nfproto ipv4 masquerade comment "!fw4: Masquerade IPv4 wan traffic"
  }
}
`,
        },
      },
    },
    links: [
      ['remote:eth0', 'net:eth0'],
      ['net:isp', 'router:eth3'],
      ['net:hub', 'hub:eth0'],
      ['hub:wg0', 'router:wg0'],
    ],
    traced: 'router',
    fails: { from: 'remote', what: 'ping', to: '192.0.2.129' },
    seen: 'nothing',
    others: [
      { sending: { from: 'remote', what: 'ping', to: '203.0.113.209' }, seen: 'answered' },
      { sending: { from: 'hub', what: 'ping', to: '192.0.2.129' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The request comes in on wg0; the reply takes the default route out of eth3, with a source that is not of that provider.',
      causes: [
        { code: 'reply-by-other-uplink', words: ['wg0', 'eth3'] },
        { code: 'wrong-way-out', words: ['wg0', 'eth3'] },
      ],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [
      ['router', 'ip route add default via 192.0.2.128 dev wg0 table 200; ip rule add from 192.0.2.129 lookup 200'],
    ],
  },
  {
    name: 'ufw-input-beside-the-table-of-lxd',
    thread: {
      title: 'LXD not adding UFW rules for the bridge on a default installation',
      address: 'https://github.com/canonical/lxd/issues/14808',
    },
    backend: 'iptables-nft',
    ...bridged('lxdbr0', '10.10.10.1/24', {
      listeners: [{ ...DNS, address: '10.10.10.1' }, SSH],
      rules: {
        nft: `table inet lxd {
  chain pstrt.lxdbr0 {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 10.10.10.0/24 ip daddr != 10.10.10.0/24 masquerade
  }
  chain in.lxdbr0 {
    type filter hook input priority filter; policy accept;
    iifname "lxdbr0" tcp dport 53 accept
    iifname "lxdbr0" udp dport 53 accept
    iifname "lxdbr0" udp dport 67 accept
  }
}
`,
        v4: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:ufw-before-input - [0:0]
:ufw-user-input - [0:0]
-A INPUT -j ufw-before-input
-A ufw-before-input -i lo -j ACCEPT
-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-input -m conntrack --ctstate INVALID -j DROP
-A ufw-before-input -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A ufw-before-input -j ufw-user-input
-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
      },
    }),
    fails: { from: 'c1', what: 'udp', to: '10.10.10.1', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'udp', to: '192.0.2.1', port: 53 }, seen: 'nothing' },
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "LXD's table accepts it; ufw's INPUT, at the same hook, has no rule for the bridge, and its policy drops it.",
      causes: [{ policy: 'filter INPUT' }, { chain: 'filter ufw-user-input' }],
      status: ['dropped'],
    },
    mend: [['host', 'iptables -A ufw-user-input -i lxdbr0 -j ACCEPT']],
  },
  {
    name: 'firewalld-rich-limit-is-for-all-together',
    thread: {
      title: 'Add support to per-source-IP rate limiting',
      address: 'https://github.com/firewalld/firewalld/issues/70',
    },
    backend: 'nft',
    hosts: {
      operator: { addresses: { eth0: ['192.0.2.2/24'] } },
      bot: { addresses: { eth0: ['198.51.100.66/24'] } },
      server: {
        addresses: { eth0: ['192.0.2.1/24'], eth1: ['198.51.100.1/24'] },
        listeners: [SSH, HTTPS],
        rules: {
          nft: `table inet firewalld {
  chain filter_INPUT {
    type filter hook input priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    ct state invalid drop
    jump filter_INPUT_ZONES
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
    tcp dport 443 accept
    tcp dport 22 limit rate 2/hour burst 5 packets accept
  }
}
`,
        },
      },
    },
    links: [
      ['operator:eth0', 'server:eth0'],
      ['bot:eth0', 'server:eth1'],
    ],
    traced: 'server',
    earlier: {
      sendings: Array.from({ length: 5 }, () => ({ from: 'bot', what: 'tcp', to: '198.51.100.1', port: 22 }) as const),
      change: [],
    },
    fails: { from: 'operator', what: 'tcp', to: '192.0.2.1', port: 22 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'operator', what: 'tcp', to: '192.0.2.1', port: 443 }, seen: 'answered' },
      { sending: { from: 'operator', what: 'tcp', to: '192.0.2.1', port: 23 }, seen: 'unreachable' },
    ],
    truth: {
      words:
        "The rule's limit counts all sources together; the bot has used it up, and the operator's connection meets the zone's reject.",
      causes: [{ rule: 'limit rate', chain: 'inet firewalld filter_IN_public_allow' }],
      status: ['rejected'],
    },
    mend: [
      [
        'server',
        "nft add set inet firewalld by_source '{ type ipv4_addr; flags dynamic; timeout 1m; }'; nft insert rule inet firewalld filter_IN_public_allow tcp dport 22 add @by_source '{ ip saddr limit rate 6/minute }' accept",
      ],
    ],
  },
  {
    name: 'l2tp-script-drops-before-openvpns-forward',
    thread: {
      title: 'my port forwarding for openvpn not working after install l2tp script',
      address: 'https://github.com/hwdsl2/setup-ipsec-vpn/issues/831',
    },
    backend: 'iptables-nft',
    hosts: {
      peer: { addresses: { eth0: ['203.0.113.9/24'] } },
      vps: {
        addresses: { eth0: ['203.0.113.1/24'], tun0: ['10.8.0.1/24'] },
        listeners: [SSH],
        sysctls: FORWARDS,
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i eth0 -p tcp -m tcp --dport 51413 -j DNAT --to-destination 10.8.0.2
-A POSTROUTING -s 192.168.42.0/24 -o eth0 -j MASQUERADE
-A POSTROUTING -s 10.8.0.0/24 ! -d 10.8.0.0/24 -j SNAT --to-source 203.0.113.1
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p udp -m udp --dport 1701 -m policy --dir in --pol none -j DROP
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p udp -m multiport --dports 500,4500 -j ACCEPT
-A INPUT -p udp -m udp --dport 1701 -j DROP
-A INPUT -d 10.8.0.2/32 -p tcp -m tcp --dport 51413 -j ACCEPT
-A FORWARD -m conntrack --ctstate INVALID -j DROP
-A FORWARD -i eth0 -o ppp+ -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i ppp+ -o eth0 -j ACCEPT
-A FORWARD -s 192.168.42.0/24 -d 192.168.42.0/24 -i ppp+ -o ppp+ -j ACCEPT
-A FORWARD -j DROP
COMMIT
`,
        },
      },
      home: {
        addresses: { tun0: ['10.8.0.2/24'] },
        routes: ['default via 10.8.0.1'],
        listeners: [{ protocol: 'tcp', port: 51413 }],
      },
    },
    links: [
      ['peer:eth0', 'vps:eth0'],
      ['vps:tun0', 'home:tun0'],
    ],
    traced: 'vps',
    fails: { from: 'peer', what: 'tcp', to: '203.0.113.1', port: 51413 },
    seen: 'nothing',
    others: [{ sending: { from: 'peer', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' }],
    truth: {
      words:
        'The forwarded connection goes through FORWARD, where the script drops all that it does not accept; the rule in INPUT never sees it.',
      causes: [{ rule: '-j DROP', chain: 'filter FORWARD' }],
      status: ['dropped'],
    },
    mend: [
      [
        'vps',
        'iptables -I FORWARD -d 10.8.0.2 -p tcp --dport 51413 -j ACCEPT; iptables -I FORWARD -s 10.8.0.0/24 -j ACCEPT',
      ],
    ],
  },
  {
    name: 'firehol-dnat-takes-the-containers-own-requests',
    thread: { title: 'dnat lxc', address: 'https://github.com/firehol/firehol/issues/416' },
    backend: 'iptables-legacy',
    ...bridged('virbr0', '192.168.122.1/24', {
      rules: {
        v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 192.168.122.2
-A POSTROUTING -o eth0 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
`,
      },
    }),
    fails: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'ping', to: '192.0.2.9' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The DNAT has neither an interface nor an address: it sends what the container asks of the internet back to the container.',
      causes: [{ rule: 'DNAT', chain: 'nat PREROUTING' }],
      status: ['unanswered', 'lost'],
    },
    mend: [
      [
        'host',
        'iptables -t nat -R PREROUTING 1 -d 192.0.2.1/32 -p tcp --dport 80 -j DNAT --to-destination 192.168.122.2',
      ],
    ],
  },
]
