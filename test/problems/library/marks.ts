/** Marks, entries and routing rules that disagree: overlapping masks, a switched uplink, a full tunnel, a port asked of both directions. */
import { bridged, FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { transparent } from './nft-translated.ts'

const SIP = { protocol: 'udp', port: 5060 } as const

export const MARKS: Problem[] = [
  {
    name: 'podkop-mark-within-mwan3-mask',
    thread: {
      title: '[BUG] Конфликт fwmark Podkop (0x105) с mwan3 mmx_mask (0x3F00) ломает mwan3 и/или Podkop (TPROXY)',
      address: 'https://github.com/itdoginfo/podkop/issues/275',
    },
    backend: 'nft',
    hosts: {
      isp: { addresses: { eth0: ['203.0.113.254/24'] }, listeners: WEB },
      router: {
        addresses: { wan: ['203.0.113.1/24'], 'br-lan': ['192.168.1.1/24'] },
        routes: ['default via 203.0.113.254'],
        sysctls: FORWARDS,
        rules: {
          nft: `table inet PodkopTable {
  set podkop_subnets {
    type ipv4_addr
    flags interval
    elements = { 198.18.0.0/15 }
  }
  chain mangle {
    type filter hook prerouting priority -150; policy accept;
    iifname "br-lan" ip daddr @podkop_subnets meta l4proto tcp meta mark set 0x00000105 counter
    iifname "br-lan" ip daddr @podkop_subnets meta l4proto udp meta mark set 0x00000105 counter
  }
  chain proxy {
    type filter hook prerouting priority -100; policy accept;
    meta mark 0x00000105 meta l4proto tcp tproxy ip to 127.0.0.1:1602 counter
    meta mark 0x00000105 meta l4proto udp tproxy ip to 127.0.0.1:1602 counter
  }
}
table inet fw4 {
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" meta nfproto ipv4 masquerade comment "!fw4: Masquerade IPv4 wan traffic"
  }
}
`,
        },
      },
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
    },
    links: [
      ['isp:eth0', 'router:wan'],
      ['router:br-lan', 'pc:eth0'],
    ],
    traced: 'router',
    setup: [
      [
        'router',
        'ip rule add pref 2001 fwmark 0x100/0x3f00 lookup 1; ip route add default via 203.0.113.254 dev wan table 1; ip rule add pref 20105 fwmark 0x105 lookup 105; ip route add local default dev lo table 105',
      ],
      ['router', transparent(1602)],
    ],
    fails: { from: 'pc', what: 'tcp', to: '198.18.0.5', port: 80 },
    seen: 'nothing',
    others: [{ sending: { from: 'pc', what: 'tcp', to: '203.0.113.254', port: 80 }, seen: 'answered' }],
    truth: {
      words:
        "The proxy's mark 0x105 lies within the other program's mask: its routing rule for 0x100/0x3f00 stands first and sends the packet out of wan, past the proxy.",
      causes: [
        { code: 'proxy-missing', words: ['2001'] },
        { code: 'wrong-way-out', words: ['2001'] },
        { code: 'not-netfilter', words: ['2001'] },
      ],
      status: ['lost', 'unanswered'],
      alsoTrue: ['proxy-missing'],
    },
    mend: [['router', 'ip rule add pref 105 fwmark 0x105 lookup 105']],
  },
  {
    name: 'uplink-switched-entry-stays',
    thread: {
      title: 'Request: Flush Conntrack after switching WAN',
      address: 'https://github.com/Ranger802004/asusmerlin/issues/13',
    },
    backend: 'nft',
    hosts: {
      sip: { addresses: { eth0: ['203.0.113.50/24'] }, routes: ['default via 203.0.113.1'], listeners: [SIP] },
      ix: { bridges: { ix0: ['p1', 'p2', 'p3'] }, sysctls: { 'net.bridge.bridge-nf-call-iptables': '0' } },
      ispa: {
        addresses: { eth0: ['203.0.113.1/24'], eth1: ['192.0.2.254/24'] },
        routes: ['198.51.100.0/24 via 203.0.113.2'],
        sysctls: FORWARDS,
      },
      // takes no foreign sources
      ispb: {
        addresses: { eth0: ['203.0.113.2/24'], eth1: ['198.51.100.254/24'] },
        sysctls: FORWARDS,
        rules: {
          nft: 'table ip edge {\n  chain forward { type filter hook forward priority filter; policy accept; iifname "eth1" ip saddr != 198.51.100.0/24 drop; }\n}\n',
        },
      },
      router: {
        addresses: { eth5: ['192.0.2.1/24'], eth0: ['198.51.100.1/24'], br0: ['192.168.1.1/24'] },
        routes: ['default via 192.0.2.254'],
        sysctls: FORWARDS,
        rules: {
          nft: `table ip nat {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 192.168.1.0/24 oifname "eth5" snat to 192.0.2.1
    ip saddr 192.168.1.0/24 oifname "eth0" snat to 198.51.100.1
  }
}
table ip filter {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "br0" accept
  }
}
`,
        },
      },
      phone: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
    },
    links: [
      ['sip:eth0', 'ix:p1'],
      ['ispa:eth0', 'ix:p2'],
      ['ispb:eth0', 'ix:p3'],
      ['ispa:eth1', 'router:eth5'],
      ['ispb:eth1', 'router:eth0'],
      ['router:br0', 'phone:eth0'],
    ],
    traced: 'router',
    earlier: {
      sendings: [{ from: 'phone', what: 'udp', to: '203.0.113.50', port: 5060, sport: 5060 }],
      change: [['router', 'ip route replace default via 198.51.100.254']],
    },
    fails: { from: 'phone', what: 'udp', to: '203.0.113.50', port: 5060, sport: 5060 },
    seen: 'nothing',
    others: [{ sending: { from: 'phone', what: 'udp', to: '203.0.113.50', port: 5060 }, seen: 'answered' }],
    truth: {
      words: "The entry is from before the switch: the packet leaves by the new uplink with the old one's address.",
      causes: [{ code: 'stale-conntrack' }],
      status: ['unanswered', 'lost', 'reply-lost'],
    },
    mend: [['router', 'conntrack -D -p udp --orig-port-src 5060']],
  },
  {
    name: 'wg-quick-takes-published-port',
    thread: {
      title: 'expose external port?',
      address: 'https://github.com/jordanpotter/docker-wireguard/issues/21',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['203.0.113.9/24'] }, routes: ['default via 203.0.113.1'] },
      docker: {
        addresses: { eth0: ['203.0.113.1/24'], docker0: ['172.17.0.1/16'] },
        sysctls: FORWARDS,
      },
      container: {
        addresses: { eth0: ['172.17.0.2/16'], wg0: ['10.64.0.2/24'] },
        routes: ['default via 172.17.0.1'],
        sysctls: { 'net.ipv4.conf.all.src_valid_mark': '1' },
        listeners: WEB,
        rules: {
          v4: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -d 10.64.0.2/32 ! -i wg0 -m addrtype ! --src-type LOCAL -m comment --comment "wg-quick(8) rule for wg0" -j DROP
COMMIT
*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p udp -m comment --comment "wg-quick(8) rule for wg0" -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff
-A POSTROUTING -p udp -m mark --mark 0xca6c -m comment --comment "wg-quick(8) rule for wg0" -j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A OUTPUT -d 172.17.0.0/16 -j ACCEPT
-A OUTPUT ! -o wg0 -m mark ! --mark 0xca6c -m addrtype ! --dst-type LOCAL -j REJECT --reject-with icmp-port-unreachable
COMMIT
`,
        },
      },
      vpn: { addresses: { eth0: ['10.64.0.1/24'] }, listeners: WEB },
    },
    links: [
      ['client:eth0', 'docker:eth0'],
      ['docker:docker0', 'container:eth0'],
      ['container:wg0', 'vpn:eth0'],
    ],
    traced: 'container',
    setup: [
      [
        'container',
        'ip route add default dev wg0 table 51820; ip rule add not fwmark 51820 table 51820; ip rule add table main suppress_prefixlength 0',
      ],
      ['client', 'ip route add 172.17.0.0/16 via 203.0.113.1'],
    ],
    fails: { from: 'client', what: 'tcp', to: '172.17.0.2', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'docker', what: 'tcp', to: '172.17.0.2', port: 80 }, seen: 'answered' },
      { sending: { from: 'container', what: 'tcp', to: '10.64.0.1', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The request comes in on eth0; wg-quick's routing rule sends the reply, which has no mark, into the tunnel.",
      causes: [
        { code: 'wrong-way-out' },
        { code: 'reply-by-other-uplink' },
        { code: 'not-netfilter', words: ['wg0', 'eth0'] },
      ],
      status: ['reply-lost', 'unanswered'],
      alsoTrue: ['neighbour-failed'],
    },
    mend: [
      ['container', 'ip rule add from 172.17.0.2 lookup main pref 100; iptables -I OUTPUT -s 172.17.0.2 -j ACCEPT'],
    ],
  },
  {
    name: 'docker-user-original-port-of-both-directions',
    thread: {
      title: 'Docker Network bypasses Firewall, no option to disable',
      address: 'https://github.com/moby/moby/issues/22054',
    },
    backend: 'iptables-nft',
    ...bridged('docker0', '172.17.0.1/16', {
      rules: {
        v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 80 -j DNAT --to-destination 172.17.0.2:80
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8443 -j DNAT --to-destination 172.17.0.2:80
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER-USER -s 198.51.100.0/24 -i eth0 -p tcp -m conntrack --ctorigdstport 80 -j RETURN
-A DOCKER-USER -i eth0 -p tcp -m conntrack --ctorigdstport 80 -j DROP
-A DOCKER-USER -j RETURN
COMMIT
`,
      },
    }),
    fails: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8443 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'nothing' },
      { sending: { from: 'c1', what: 'ping', to: '192.0.2.9' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The rule asks for the connection's original port and not for its direction, so it drops replies to what containers ask of port 80 elsewhere.",
      causes: [{ rule: '--ctorigdstport 80 -j DROP', chain: 'filter DOCKER-USER' }],
      status: ['reply-lost'],
    },
    mend: [
      ['host', 'iptables -R DOCKER-USER 2 -i eth0 -p tcp -m conntrack --ctorigdstport 80 --ctdir ORIGINAL -j DROP'],
    ],
  },
  {
    name: 'nethserver-wider-routing-rule-first',
    thread: {
      title: 'Multi-WAN: backup mode rules priority',
      address: 'https://github.com/NethServer/dev/issues/5245',
    },
    backend: 'iptables-legacy',
    hosts: {
      remote: { addresses: { eth0: ['198.51.100.9/24'] }, routes: ['default via 198.51.100.254'] },
      net: { bridges: { ix0: ['p1', 'p2', 'p3'] }, sysctls: { 'net.bridge.bridge-nf-call-iptables': '0' } },
      fibra: {
        addresses: { eth0: ['198.51.100.254/24'], eth1: ['203.0.113.254/24'] },
        routes: ['10.70.70.0/24 via 198.51.100.253'],
        sysctls: FORWARDS,
      },
      adsl: {
        addresses: { eth0: ['198.51.100.253/24'], eth1: ['10.70.70.1/24'] },
        sysctls: FORWARDS,
        // takes no foreign sources
        rules: {
          nft: 'table ip edge {\n  chain forward { type filter hook forward priority filter; policy accept; iifname "eth1" ip saddr != 10.70.70.0/24 drop; }\n}\n',
        },
      },
      server: {
        addresses: { eth0: ['10.70.70.2/24'], eth1: ['203.0.113.70/24'] },
        listeners: [{ protocol: 'tcp', port: 22 }],
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -m connmark ! --mark 0x0/0xf0000 -j CONNMARK --restore-mark --nfmask 0xf0000 --ctmask 0xf0000
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:net-fw - [0:0]
-A INPUT -i eth0 -j net-fw
-A INPUT -i eth1 -j net-fw
-A INPUT -i lo -j ACCEPT
-A net-fw -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A net-fw -p tcp -m tcp --dport 22 -j ACCEPT
-A net-fw -j DROP
COMMIT
`,
        },
      },
    },
    links: [
      ['remote:eth0', 'net:p1'],
      ['fibra:eth0', 'net:p2'],
      ['adsl:eth0', 'net:p3'],
      ['fibra:eth1', 'server:eth1'],
      ['adsl:eth1', 'server:eth0'],
    ],
    traced: 'server',
    setup: [
      [
        'server',
        `ip route add default via 10.70.70.1 table 1; ip route add default via 203.0.113.254 table 2
ip rule add pref 999 lookup main
ip rule add pref 10000 fwmark 0x10000/0xf0000 lookup 1; ip rule add pref 10001 fwmark 0x20000/0xf0000 lookup 2
ip rule add pref 11900 lookup 1; ip rule add pref 11901 lookup 2
ip rule add pref 20000 from 10.70.70.2 lookup 1; ip rule add pref 20000 from 203.0.113.70 lookup 2`,
      ],
    ],
    fails: { from: 'remote', what: 'tcp', to: '203.0.113.70', port: 22 },
    seen: 'nothing',
    others: [{ sending: { from: 'remote', what: 'tcp', to: '10.70.70.2', port: 22 }, seen: 'answered' }],
    truth: {
      words:
        'It comes in on eth1. The routing rule for all packets stands in front of the one for this source, so the reply leaves by eth0, and that provider drops it.',
      causes: [
        { code: 'wrong-way-out' },
        { code: 'reply-by-other-uplink', words: ['eth0', 'eth1'] },
        { code: 'not-netfilter', words: ['eth0', 'eth1'] },
      ],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [['server', 'ip rule add pref 11000 from 203.0.113.70 lookup 2']],
  },
]
