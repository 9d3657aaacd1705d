/** Owners' machines, from threads: a queue without its program, marks that the filter asks with, tables and lists that know one network alone. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTP = { protocol: 'tcp', port: 80 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const

export const THREADS_R: Problem[] = [
  {
    name: 'portmaster-filter-drops-what-no-queue-has-marked',
    thread: { title: 'Silent NFQueue Fail', address: 'https://github.com/safing/portmaster/issues/110' },
    backend: 'iptables-nft',
    hosts: {
      desktop: {
        addresses: { eth0: ['192.0.2.2/24', '2001:db8:1::2/64'] },
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:PORTMASTER-INGEST-INPUT - [0:0]
:PORTMASTER-INGEST-OUTPUT - [0:0]
-A INPUT -j PORTMASTER-INGEST-INPUT
-A OUTPUT -j PORTMASTER-INGEST-OUTPUT
-A PORTMASTER-INGEST-INPUT -j CONNMARK --restore-mark
-A PORTMASTER-INGEST-INPUT -m mark --mark 0x0 -j NFQUEUE --queue-num 17140 --queue-bypass
-A PORTMASTER-INGEST-OUTPUT -j CONNMARK --restore-mark
-A PORTMASTER-INGEST-OUTPUT -m mark --mark 0x0 -j NFQUEUE --queue-num 17040 --queue-bypass
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:PORTMASTER-FILTER - [0:0]
-A INPUT -j PORTMASTER-FILTER
-A OUTPUT -j PORTMASTER-FILTER
-A PORTMASTER-FILTER -m mark --mark 0x0 -j DROP
-A PORTMASTER-FILTER -m mark --mark 0x6a4 -j RETURN
-A PORTMASTER-FILTER -p icmp -m mark --mark 0x6a5 -j RETURN
-A PORTMASTER-FILTER -m mark --mark 0x6a5 -j REJECT --reject-with icmp-admin-prohibited
-A PORTMASTER-FILTER -m mark --mark 0x6a6 -j DROP
-A PORTMASTER-FILTER -j CONNMARK --save-mark
-A PORTMASTER-FILTER -m mark --mark 0x6ae -j RETURN
-A PORTMASTER-FILTER -m mark --mark 0x6b0 -j DROP
COMMIT
`,
        },
      },
      server: {
        addresses: { eth0: ['192.0.2.1/24', '2001:db8:1::1/64'] },
        listeners: [HTTPS, { protocol: 'tcp', address: '2001:db8:1::1', port: 443 }],
      },
    },
    links: [['desktop:eth0', 'server:eth0']],
    traced: 'desktop',
    fails: { from: 'desktop', what: 'tcp', to: '192.0.2.1', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'desktop', what: 'tcp', to: '2001:db8:1::1', port: 443 }, seen: 'answered' },
      { sending: { from: 'desktop', what: 'ping', to: '192.0.2.1' }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        'The program that reads the queue for IPv4 has lost it, so the packet passes the queue without a mark, and the filter drops what has none.',
      causes: [
        { rule: '--mark 0x0 -j DROP', chain: 'filter PORTMASTER-FILTER' },
        { rule: '--queue-num 17040', chain: 'mangle PORTMASTER-INGEST-OUTPUT' },
        { code: 'queue-without-listener' },
      ],
      status: ['dropped'],
    },
    mend: [['desktop', 'iptables -D OUTPUT -j PORTMASTER-FILTER; iptables -D INPUT -j PORTMASTER-FILTER']],
  },
  {
    name: 'synology-table-of-its-address-lacks-the-containers',
    thread: {
      title: "[BUG] - Docker 28.x: host can't reach published ports via its own LAN IP",
      address: 'https://github.com/telnetdoogie/synology-docker/issues/93',
    },
    backend: 'iptables-legacy',
    hosts: {
      gateway: { addresses: { eth0: ['192.168.1.1/24'] }, listeners: [HTTP] },
      nas: {
        bridges: { docker0: ['veth1'] },
        addresses: { eth0: ['192.168.1.100/24'], docker0: ['172.17.0.1/16'] },
        routes: ['default via 192.168.1.1'],
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', port: 810 }],
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
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER-FORWARD - [0:0]
-A FORWARD -j DOCKER-FORWARD
-A DOCKER-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A DOCKER-FORWARD -i docker0 -j ACCEPT
COMMIT
`,
        },
      },
      c1: { addresses: { eth0: ['172.17.0.2/16'] }, routes: ['default via 172.17.0.1'] },
    },
    links: [
      ['gateway:eth0', 'nas:eth0'],
      ['nas:veth1', 'c1:eth0'],
    ],
    traced: 'nas',
    setup: [
      [
        'nas',
        'ip route add 192.168.1.0/24 dev eth0 src 192.168.1.100 table 1; ip route add default via 192.168.1.1 dev eth0 table 1; ip rule add from 192.168.1.100 lookup 1 pref 32764',
      ],
    ],
    fails: { from: 'c1', what: 'tcp', to: '192.168.1.100', port: 810 },
    seen: 'nothing',
    others: [
      { sending: { from: 'c1', what: 'tcp', to: '172.17.0.1', port: 810 }, seen: 'answered' },
      { sending: { from: 'gateway', what: 'tcp', to: '192.168.1.100', port: 810 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'tcp', to: '192.168.1.1', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The reply's source is the address of eth0, whose own table has no route to the containers: the reply leaves by eth0 to the gateway.",
      causes: ['reply-by-other-uplink', 'wrong-way-out', 'reply-dropped'].map((code) => ({ code, words: ['eth0'] })),
      status: ['reply-lost', 'unanswered'],
    },
    mend: [['nas', 'ip route add 172.17.0.0/16 dev docker0 src 172.17.0.1 table 1']],
  },
  {
    name: 'isp-balance-takes-the-tunnel-for-a-lan',
    thread: { title: 'DROP-SPOOF in dmesg', address: 'https://github.com/lstein/Net-ISP-Balance/issues/20' },
    backend: 'iptables-legacy',
    hosts: {
      router: {
        addresses: { eth0: ['10.0.0.5/24'], tun0: ['10.127.0.230/24'] },
        routes: ['172.31.0.0/16 via 10.127.0.1'],
        sysctls: FORWARDS,
        rules: {
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
:DROPSPOOF - [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -s 10.0.0.0/24 -i eth0 -j ACCEPT
-A INPUT -s 10.127.0.0/24 -i tun0 -j ACCEPT
-A INPUT ! -s 10.0.0.0/24 -i eth0 -j DROPSPOOF
-A INPUT ! -s 10.127.0.0/24 -i tun0 -j DROPSPOOF
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -s 10.0.0.0/24 -i eth0 -j ACCEPT
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -d 10.0.0.0/24 -o eth0 -j ACCEPT
-A OUTPUT -d 10.127.0.0/24 -o tun0 -j ACCEPT
-A OUTPUT ! -d 10.0.0.0/24 -o eth0 -j DROPSPOOF
-A OUTPUT ! -d 10.127.0.0/24 -o tun0 -j DROPSPOOF
-A DROPSPOOF -m limit --limit 1/minute -j LOG --log-prefix "DROP-SPOOF: "
-A DROPSPOOF -j DROP
COMMIT
`,
        },
      },
      vpn: { addresses: { eth0: ['10.127.0.1/24'], lo: ['172.31.81.212/32'] }, listeners: [HTTPS] },
      pc: { addresses: { eth0: ['10.0.0.9/24'] }, listeners: [SSH] },
    },
    links: [
      ['router:tun0', 'vpn:eth0'],
      ['router:eth0', 'pc:eth0'],
    ],
    traced: 'router',
    fails: { from: 'router', what: 'tcp', to: '172.31.81.212', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'router', what: 'tcp', to: '10.127.0.1', port: 443 }, seen: 'answered' },
      { sending: { from: 'router', what: 'tcp', to: '10.0.0.9', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The tunnel is written down as a LAN, where only its own network may be: what is behind the other end counts as spoofed.',
      causes: [
        { rule: '-o tun0 -j DROPSPOOF', chain: 'filter OUTPUT' },
        { rule: '-j DROP', chain: 'filter DROPSPOOF' },
      ],
      status: ['dropped'],
    },
    mend: [['router', 'iptables -I OUTPUT -o tun0 -j ACCEPT']],
  },
  {
    name: 'openvpn-install-snat-to-no-address',
    thread: {
      title: 'server behind NAT. connected but no traffic routed',
      address: 'https://github.com/Nyr/openvpn-install/issues/377',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: { addresses: { tun0: ['10.8.0.2/24'] }, routes: ['default via 10.8.0.1'] },
      server: {
        addresses: { tun0: ['10.8.0.1/24'], eth0: ['192.168.178.40/24'] },
        routes: ['default via 192.168.178.1'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 10.8.0.0/24 ! -d 10.8.0.0/24 -j SNAT --to-source 0.0.0.0
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
`,
        },
      },
      box: { addresses: { lan: ['192.168.178.1/24'], lo: ['198.51.100.9/32'] }, listeners: [HTTPS] },
    },
    links: [
      ['client:tun0', 'server:tun0'],
      ['server:eth0', 'box:lan'],
    ],
    traced: 'server',
    fails: { from: 'client', what: 'tcp', to: '198.51.100.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '10.8.0.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'server', what: 'tcp', to: '198.51.100.9', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words: 'The script did not find its address and wrote 0.0.0.0, so what clients send leaves without a source.',
      causes: [
        { rule: '--to-source 0.0.0.0', chain: 'nat POSTROUTING' },
        { code: 'snat-changed-source', words: ['0.0.0.0'] },
      ],
      status: ['unanswered', 'reply-lost', 'lost'],
      alsoTrue: ['snat-changed-source'],
    },
    mend: [
      ['server', 'iptables -t nat -R POSTROUTING 1 -s 10.8.0.0/24 ! -d 10.8.0.0/24 -j SNAT --to-source 192.168.178.40'],
    ],
  },
  {
    name: 'kill-switch-knows-networks-of-ten-alone',
    thread: {
      title: 'Suggested fix for routers with 192.168.* addresses',
      address: 'https://github.com/qbwaggle/vpnkillswitch/issues/7',
    },
    backend: 'iptables-legacy',
    hosts: {
      pc: {
        addresses: { wlan0: ['192.168.0.50/24'], tun0: ['10.8.8.2/24'] },
        routes: ['default via 10.8.8.1'],
        rules: {
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -s 10.0.0.0/8 -d 10.0.0.0/8 -j ACCEPT
-A INPUT -i tun0 -j ACCEPT
-A INPUT -p udp -m udp --sport 1194 -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -s 10.0.0.0/8 -d 10.0.0.0/8 -j ACCEPT
-A OUTPUT -o tun0 -j ACCEPT
-A OUTPUT -p udp -m udp --dport 1194 -j ACCEPT
COMMIT
`,
        },
      },
      nas: { addresses: { eth0: ['192.168.0.20/24'] }, listeners: [SSH] },
      vpn: { addresses: { eth0: ['10.8.8.1/24'], lo: ['198.51.100.9/32'] }, listeners: [HTTPS] },
    },
    links: [
      ['pc:wlan0', 'nas:eth0'],
      ['pc:tun0', 'vpn:eth0'],
    ],
    traced: 'pc',
    fails: { from: 'pc', what: 'tcp', to: '192.168.0.20', port: 22 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '198.51.100.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'nas', what: 'ping', to: '192.168.0.50' }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        "The rules for the LAN know 10.0.0.0/8 alone, and this one is 192.168.0.0/24: OUTPUT's policy drops the request, and INPUT's would drop the reply.",
      causes: [{ policy: 'filter OUTPUT' }, { rule: '-s 10.0.0.0/8 -d 10.0.0.0/8 -j ACCEPT', chain: 'filter OUTPUT' }],
      status: ['dropped'],
    },
    mend: [
      [
        'pc',
        'iptables -A INPUT -s 192.168.0.0/16 -d 192.168.0.0/16 -j ACCEPT; iptables -A OUTPUT -s 192.168.0.0/16 -d 192.168.0.0/16 -j ACCEPT',
      ],
    ],
  },
  {
    name: 'l2tp-without-ipsec-is-dropped-twice',
    thread: {
      title: 'Allow clients to connect without IPSec?',
      address: 'https://github.com/hwdsl2/setup-ipsec-vpn/issues/1167',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: { addresses: { eth0: ['203.0.113.9/24'] } },
      server: {
        addresses: { eth0: ['203.0.113.1/24'] },
        listeners: [SSH, { protocol: 'udp', port: 1701 }, { protocol: 'udp', port: 500 }],
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p udp -m udp --dport 1701 -m policy --dir in --pol none -j DROP
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p udp -m multiport --dports 500,4500 -j ACCEPT
-A INPUT -p udp -m udp --dport 1701 -m policy --dir in --pol ipsec -j ACCEPT
-A INPUT -p udp -m udp --dport 1701 -j DROP
COMMIT
`,
        },
      },
    },
    links: [['client:eth0', 'server:eth0']],
    traced: 'server',
    fails: { from: 'client', what: 'udp', to: '203.0.113.1', port: 1701 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'udp', to: '203.0.113.1', port: 500 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The script drops what comes to the L2TP port without IPsec: by a rule for that in front, and once more behind the rule that accepts the rest.',
      causes: [{ rule: '--pol none -j DROP', chain: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [
      [
        'server',
        'iptables -D INPUT -p udp --dport 1701 -m policy --dir in --pol none -j DROP; iptables -D INPUT -p udp --dport 1701 -j DROP',
      ],
    ],
  },
]
