/** Marks that do not last, replies without a route, neighbours that cannot be asked, and a portal in front of a proxy. */
import { clientAndServer, FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SERVER = '2001:db8:f002::1'

export const WAYS_BACK: Problem[] = [
  {
    name: 'gl-restore-takes-policy-mark',
    thread: {
      title: 'Add nft connmark restore patch for GL skb mark coexistence',
      address: 'https://github.com/admonstrator/glinet-tailscale-updater/pull/85',
    },
    backend: 'nft',
    hosts: {
      pc: { addresses: { eth0: ['192.168.8.10/24'] }, routes: ['default via 192.168.8.1'] },
      router: {
        addresses: { lan: ['192.168.8.1/24'], wan: ['203.0.113.1/24'], wgclient: ['10.8.0.2/24'] },
        routes: ['default via 203.0.113.254', 'default via 10.8.0.1 table 1001'],
        sysctls: FORWARDS,
        rules: {
          nft: `table inet gl_policy {
  chain prerouting {
    type filter hook prerouting priority mangle - 1; policy accept;
    iifname "lan" meta mark set meta mark & 0xffff0fff | 0x00008000
  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname { "wan", "wgclient" } masquerade
  }
}
table ip mangle {
  chain PREROUTING {
    type filter hook prerouting priority mangle; policy accept;
    ct state established,related meta mark set ct mark & 0x00ff0000
  }
  chain OUTPUT {
    type filter hook output priority mangle; policy accept;
    ct state new meta mark & 0x00ff0000 != 0x0 ct mark set meta mark & 0x00ff0000
  }
}
`,
        },
      },
      isp: {
        addresses: { eth0: ['203.0.113.254/24'], eth1: ['192.0.2.254/24'] },
        sysctls: FORWARDS,
        rules: {
          nft: 'table ip edge {\n  chain forward { type filter hook forward priority filter; policy accept; iifname "eth0" ip saddr != 203.0.113.0/24 drop; }\n}\n',
        },
      },
      vpn: {
        addresses: { wg0: ['10.8.0.1/24'], eth0: ['192.0.2.8/24'] },
        routes: ['203.0.113.0/24 via 192.0.2.254'],
        sysctls: FORWARDS,
      },
      net: { bridges: { br0: ['p1', 'p2', 'p3'] }, sysctls: { 'net.bridge.bridge-nf-call-iptables': '0' } },
      service: {
        addresses: { eth0: ['192.0.2.9/24'] },
        routes: ['10.8.0.0/24 via 192.0.2.8', '203.0.113.0/24 via 192.0.2.254'],
        listeners: [{ protocol: 'udp', port: 3478 }, ...WEB],
      },
    },
    links: [
      ['pc:eth0', 'router:lan'],
      ['router:wan', 'isp:eth0'],
      ['router:wgclient', 'vpn:wg0'],
      ['isp:eth1', 'net:p1'],
      ['vpn:eth0', 'net:p2'],
      ['service:eth0', 'net:p3'],
    ],
    traced: 'router',
    setup: [['router', 'ip rule add fwmark 0x8000/0xf000 lookup 1001 prio 6000']],
    earlier: {
      sendings: [{ from: 'pc', what: 'udp', to: '192.0.2.9', port: 3478, sport: 41641 }],
      change: [],
    },
    fails: { from: 'pc', what: 'udp', to: '192.0.2.9', port: 3478, sport: 41641 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'router', what: 'udp', to: '192.0.2.9', port: 3478 }, seen: 'answered' },
    ],
    truth: {
      words:
        "From the second packet on, the connection's mark is restored over the packet's: the policy's bit is gone, and it leaves by the wrong uplink.",
      causes: [{ rule: 'meta mark set ct mark', chain: 'ip mangle PREROUTING' }],
      status: ['unanswered', 'lost', 'reply-lost'],
    },
    mend: [
      [
        'router',
        'nft flush chain ip mangle PREROUTING; nft add rule ip mangle PREROUTING ct state established,related ct mark and 0x00ff0000 != 0 meta mark set ct mark',
      ],
    ],
  },
  {
    name: 'startos-reply-into-blackhole',
    thread: {
      title: 'fix(start-os): route v6 replies out the interface that owns the source address',
      address: 'https://github.com/Start9Labs/start-technologies/pull/3632',
    },
    backend: 'nft',
    hosts: {
      client: {
        addresses: { eth0: ['2001:db8:a::9/64', '198.51.100.9/24'] },
        routes: ['default via 2001:db8:a::1', 'default via 198.51.100.1'],
      },
      relay: {
        addresses: { eth0: ['2001:db8:a::1/64', '198.51.100.1/24'], wg0: ['2001:db8:b::1/64', '10.59.0.1/24'] },
        routes: [`${SERVER}/128 via 2001:db8:b::2`],
        sysctls: FORWARDS,
      },
      server: {
        addresses: { wg0: ['2001:db8:b::2/64', '10.59.0.2/24', `${SERVER}/128`], eth0: ['192.168.1.5/24'] },
        routes: ['default via 10.59.0.1 table 75', 'default via 2001:db8:b::1 table 1005'],
        listeners: [
          { protocol: 'tcp', address: SERVER, port: 443 },
          { protocol: 'tcp', port: 443 },
        ],
        rules: {
          nft: `table inet startos {
  chain mangle_prerouting {
    type filter hook prerouting priority mangle; policy accept;
    iifname "wg0" ct state new ct mark set 0x000003ed
    meta mark set ct mark
  }
  chain mangle_output {
    type route hook output priority mangle; policy accept;
    meta mark set ct mark
  }
}
`,
        },
      },
      lan: { addresses: { eth0: ['192.168.1.9/24'] } },
    },
    links: [
      ['client:eth0', 'relay:eth0'],
      ['relay:wg0', 'server:wg0'],
      ['server:eth0', 'lan:eth0'],
    ],
    traced: 'server',
    setup: [
      [
        'server',
        'ip -6 route add blackhole default table 75; for f in -4 -6; do ip $f rule add lookup main suppress_prefixlength 0 prio 50; ip $f rule add fwmark 0x3ed lookup 1005 prio 60; ip $f rule add lookup 75 prio 75; done',
      ],
    ],
    fails: { from: 'client', what: 'tcp', to: SERVER, port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '10.59.0.2', port: 443 }, seen: 'answered' },
      { sending: { from: 'lan', what: 'tcp', to: '192.168.1.5', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The SYN-ACK is routed before the output chain can restore its mark: the catch-all table has a blackhole, and the kernel drops it before it is made.',
      causes: [
        { code: 'vanished-no-route', words: ['blackhole'] },
        { rule: 'meta mark set ct mark', chain: 'inet startos mangle_output' },
        { code: 'mark-missing' },
        { code: 'not-netfilter', words: ['blackhole'] },
        { code: 'reply-dropped', words: ['blackhole'] },
      ],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [['server', `ip -6 rule add from ${SERVER} lookup 1005 prio 55`]],
  },
  {
    name: 'yunohost-vpn-drops-solicitation',
    thread: {
      title: 'Iptables rules not working for ipv6 traffic on local network',
      address: 'https://github.com/YunoHost-Apps/vpnclient_ynh/issues/59',
    },
    backend: 'iptables-nft',
    ...clientAndServer({
      listeners: [
        { protocol: 'tcp', address: '2001:db8:1::1', port: 443 },
        { protocol: 'tcp', port: 443 },
      ],
      rules: {
        v6: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:vpnclient_in - [0:0]
:vpnclient_out - [0:0]
-A INPUT -i eth0 -j vpnclient_in
-A OUTPUT -o eth0 -j vpnclient_out
-A vpnclient_in -p ipv6-icmp -j ACCEPT
-A vpnclient_in -s 2001:db8:1::/64 -j ACCEPT
-A vpnclient_in -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A vpnclient_in -j DROP
-A vpnclient_out -d 2001:db8:53::53/128 -p udp -m udp --dport 1194 -j ACCEPT
-A vpnclient_out -d 2001:db8:1::/64 -j ACCEPT
-A vpnclient_out -d fe80::/10 -j ACCEPT
-A vpnclient_out -j DROP
COMMIT
`,
      },
    }),
    // it knows the server's link address, and so tells nothing of its own
    setup: [
      ['server', 'ip link set eth0 address 02:00:00:00:00:01; ip -6 addr replace 2001:db8:1::1/64 dev eth0 nodad'],
      [
        'client',
        'ip -6 neigh replace 2001:db8:1::1 lladdr 02:00:00:00:00:01 dev eth0 nud permanent; ip -6 neigh flush dev eth0 nud stale',
      ],
      ['server', 'ip -6 neigh flush dev eth0'],
    ],
    fails: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 443 },
    seen: 'nothing',
    others: [{ sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 443 }, seen: 'answered' }],
    truth: {
      words: 'The reply waits for the neighbour, and the solicitation to ff02::1:ff00:2 is dropped in vpnclient_out.',
      causes: [{ rule: '-j DROP', chain: 'filter vpnclient_out' }],
      status: ['reply-lost', 'unanswered', 'lost'],
      alsoTrue: ['neighbour-failed'],
    },
    mend: [['server', 'ip6tables -I vpnclient_out -d ff02::/16 -j ACCEPT']],
  },
  {
    name: 'vyos-bridge-drops-arp',
    thread: { title: 'T4072: firewall extend bridge firewall', address: 'https://github.com/vyos/vyos-1x/pull/3901' },
    backend: 'nft',
    hosts: {
      router: {
        bridges: { br0: ['eth1', 'eth2'] },
        addresses: { br0: ['100.64.10.1/24', '100.64.20.1/24'] },
        rules: {
          nft: `table bridge vyos_filter {
  chain VYOS_INPUT_filter {
    type filter hook input priority filter; policy accept;
    jump NAME_input-filter
  }
  chain NAME_input-filter {
    ip saddr 100.64.10.0/24 counter accept comment "bri-INP-filter-10"
    ip saddr 100.64.20.0/24 counter drop comment "bri-INP-filter-20"
    counter drop comment "INP-filter default-action drop"
  }
}
`,
        },
      },
      ten: { addresses: { eth0: ['100.64.10.2/24'] }, listeners: WEB },
      eleven: { addresses: { eth0: ['100.64.10.3/24'] } },
    },
    links: [
      ['router:eth1', 'ten:eth0'],
      ['router:eth2', 'eleven:eth0'],
    ],
    traced: 'router',
    fails: { from: 'router', what: 'tcp', to: '100.64.10.2', port: 80 },
    seen: 'unreachable',
    others: [{ sending: { from: 'eleven', what: 'tcp', to: '100.64.10.2', port: 80 }, seen: 'answered' }],
    truth: {
      words: 'The bridge lets in addresses of IP alone, so its default action drops ARP.',
      causes: [
        { rule: 'default-action drop', chain: 'bridge vyos_filter NAME_input-filter' },
        { code: 'neighbour-failed', words: ['vyos_filter'] },
      ],
      status: ['lost'],
      alsoTrue: ['neighbour-failed'],
    },
    mend: [['router', 'nft insert rule bridge vyos_filter NAME_input-filter ether type arp accept']],
  },
  {
    name: 'nodogsplash-accepts-before-proxy',
    thread: {
      title: 'Existing Firewall Rules Ignored After Authentication',
      address: 'https://github.com/nodogsplash/nodogsplash/issues/229',
    },
    backend: 'iptables-legacy',
    hosts: {
      // the provider takes web traffic from the proxy alone
      remote: {
        addresses: { eth0: ['203.0.113.9/24'] },
        listeners: [{ protocol: 'tcp', port: 443 }],
      },
      router: {
        addresses: { wan: ['203.0.113.1/24'], 'br-lan': ['192.168.1.1/24'] },
        bridges: { 'br-lan': ['wlan0', 'eth1'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        listeners: [{ protocol: 'tcp', port: 8080 }],
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:ndsOUT - [0:0]
-A PREROUTING -i br-lan -j ndsOUT
-A ndsOUT -s 192.168.1.20/32 -j MARK --set-xmark 0x30000/0x30000
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:ndsOUT - [0:0]
:zone_lan_prerouting - [0:0]
-A PREROUTING -i br-lan -j ndsOUT
-A PREROUTING -i br-lan -m comment --comment "!fw3" -j zone_lan_prerouting
-A POSTROUTING -o wan -m comment --comment "!fw3" -j MASQUERADE
-A ndsOUT -m mark --mark 0x20000/0x30000 -j ACCEPT
-A ndsOUT -m mark --mark 0x30000/0x30000 -j ACCEPT
-A ndsOUT -p tcp -m tcp --dport 80 -j DNAT --to-destination 192.168.1.1:2050
-A ndsOUT -j ACCEPT
-A zone_lan_prerouting -p tcp -m tcp --dport 80 -m comment --comment "!fw3: http to proxy" -j REDIRECT --to-ports 8080
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:ndsNET - [0:0]
:ndsAUT - [0:0]
-A FORWARD -i br-lan -j ndsNET
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ndsNET -m mark --mark 0x10000/0x30000 -j DROP
-A ndsNET -m conntrack --ctstate INVALID -j DROP
-A ndsNET -m mark --mark 0x30000/0x30000 -j ndsAUT
-A ndsNET -j REJECT --reject-with icmp-port-unreachable
-A ndsAUT -j ACCEPT
COMMIT
`,
        },
      },
      laptop: { addresses: { eth0: ['192.168.1.20/24'] }, routes: ['default via 192.168.1.1'] },
      guest: { addresses: { eth0: ['192.168.1.30/24'] }, routes: ['default via 192.168.1.1'] },
    },
    links: [
      ['remote:eth0', 'router:wan'],
      ['router:wlan0', 'laptop:eth0'],
      ['router:eth1', 'guest:eth0'],
    ],
    traced: 'router',
    fails: { from: 'laptop', what: 'tcp', to: '203.0.113.9', port: 80 },
    seen: 'refused',
    others: [
      { sending: { from: 'laptop', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'guest', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'refused' },
    ],
    truth: {
      words:
        "The portal's chain accepts authenticated clients in table nat, so the rule behind it that sends them to the proxy is not asked.",
      causes: [
        { rule: '--mark 0x30000/0x30000 -j ACCEPT', chain: 'nat ndsOUT' },
        { rule: 'REDIRECT --to-ports 8080', chain: 'nat zone_lan_prerouting' },
      ],
      status: ['refused'],
      alsoTrue: ['refused-there', 'refused-here'],
    },
    mend: [['router', 'iptables -t nat -R ndsOUT 2 -m mark --mark 0x30000/0x30000 -j RETURN']],
  },
]
