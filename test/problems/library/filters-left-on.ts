/** Filters of tools that take what nobody meant, from threads: a list of outgoing ports for IPv6, a hotspot's redirected port, a reject without its port, policies without their daemon, no tracking. */
import { FORWARDS, homeRouter } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

/** CSF's chains for IPv6, with the ports of TCP6_IN and TCP6_OUT. */
const CSF6 = (incoming: readonly number[], outgoing: readonly number[]) => `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
:LOCALINPUT - [0:0]
:LOCALOUTPUT - [0:0]
:LOGDROPIN - [0:0]
:LOGDROPOUT - [0:0]
:INVALID - [0:0]
:INVDROP - [0:0]
-A INPUT ! -i lo -j LOCALINPUT
-A INPUT -i lo -j ACCEPT
-A INPUT ! -i lo -p ipv6-icmp -j ACCEPT
-A INPUT ! -i lo -p tcp -j INVALID
-A INPUT ! -i lo -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
${incoming.map((port) => `-A INPUT ! -i lo -p tcp -m conntrack --ctstate NEW -m tcp --dport ${port} -j ACCEPT`).join('\n')}
-A INPUT ! -i lo -j LOGDROPIN
-A OUTPUT ! -o lo -j LOCALOUTPUT
-A OUTPUT ! -o lo -p tcp -m tcp --dport 53 -j ACCEPT
-A OUTPUT ! -o lo -p udp -m udp --dport 53 -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT ! -o lo -p ipv6-icmp -j ACCEPT
-A OUTPUT ! -o lo -p tcp -j INVALID
-A OUTPUT ! -o lo -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
${outgoing.map((port) => `-A OUTPUT ! -o lo -p tcp -m conntrack --ctstate NEW -m tcp --dport ${port} -j ACCEPT`).join('\n')}
-A OUTPUT ! -o lo -j LOGDROPOUT
-A LOGDROPIN -p tcp -m tcp --dport 23 -j DROP
-A LOGDROPIN -p udp -m udp --dport 67 -j DROP
-A LOGDROPIN -j DROP
-A LOGDROPOUT -j REJECT --reject-with icmp6-port-unreachable
-A INVALID -m conntrack --ctstate INVALID -j INVDROP
-A INVALID -p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG NONE -j INVDROP
-A INVALID -p tcp -m tcp --tcp-flags SYN,RST SYN,RST -j INVDROP
-A INVALID -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -m conntrack --ctstate NEW -j INVDROP
-A INVDROP -j DROP
COMMIT
`

export const FILTERS_LEFT_ON: Problem[] = [
  {
    name: 'csf-list-of-outgoing-ports-lacks-smtps-for-ipv6',
    thread: {
      title: 'Firewall blocking Magento sending email',
      address: 'https://github.com/magenx/Magento-2-server-installation/issues/95',
    },
    backend: 'iptables-nft',
    hosts: {
      server: {
        addresses: { eth0: ['192.0.2.1/24', '2001:db8:1::1/64'] },
        listeners: [{ protocol: 'tcp', address: '::', port: 443 }],
        rules: { v6: CSF6([22, 80, 443], [22, 25, 80, 443, 587]) },
      },
      client: {
        addresses: { eth0: ['192.0.2.2/24', '2001:db8:1::2/64'] },
        listeners: [
          { protocol: 'tcp', address: '::', port: 465 },
          { protocol: 'tcp', address: '::', port: 587 },
          { protocol: 'tcp', port: 465 },
        ],
      },
    },
    links: [['client:eth0', 'server:eth0']],
    traced: 'server',
    fails: { from: 'server', what: 'tcp', to: '2001:db8:1::2', port: 465 },
    seen: 'refused',
    others: [
      { sending: { from: 'server', what: 'tcp', to: '2001:db8:1::2', port: 587 }, seen: 'answered' },
      { sending: { from: 'server', what: 'tcp', to: '192.0.2.2', port: 465 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words: 'The list of ports that may be asked outside lacks 465 for IPv6, and what is in no list is rejected.',
      causes: [{ rule: '-j REJECT', chain: 'filter LOGDROPOUT' }, { chain: 'filter OUTPUT' }],
      status: ['rejected'],
    },
    mend: [['server', 'ip6tables -I OUTPUT 9 ! -o lo -p tcp -m conntrack --ctstate NEW -m tcp --dport 465 -j ACCEPT']],
  },
  {
    name: 'chilli-drops-the-port-that-it-redirects-to',
    thread: {
      title: 'Coova-chilli and proxy sever',
      address: 'https://github.com/coova/coova-chilli/issues/258',
    },
    backend: 'iptables-legacy',
    hosts: {
      phone: { addresses: { eth0: ['10.1.0.7/24'] }, routes: ['default via 10.1.0.1'] },
      hotspot: {
        addresses: { tun0: ['10.1.0.1/24'], eth0: ['203.0.113.1/24'] },
        sysctls: FORWARDS,
        listeners: [
          { protocol: 'tcp', port: 8080 },
          { protocol: 'tcp', port: 3990 },
        ],
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -s 10.1.0.0/24 -d 10.1.0.1/32 -p tcp -m tcp --dport 8080 -j DROP
-A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -s 10.1.0.0/24 ! -d 10.1.0.1/32 -i tun0 -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080
-A POSTROUTING -o eth0 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i tun0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i tun0 -p icmp -j ACCEPT
-A INPUT -d 10.1.0.1/32 -i tun0 -p udp -m udp --dport 53 -j ACCEPT
-A INPUT -d 10.1.0.1/32 -i tun0 -p udp -m udp --dport 67:68 -j ACCEPT
-A INPUT -d 10.1.0.1/32 -i tun0 -p tcp -m tcp --dport 3990 -j ACCEPT
-A INPUT -d 10.1.0.1/32 -i tun0 -p tcp -m tcp --dport 4990 -j ACCEPT
-A INPUT -i tun0 -j DROP
-A FORWARD -i tun0 ! -o eth0 -j DROP
-A FORWARD -o tun0 -j ACCEPT
-A FORWARD -i tun0 -j ACCEPT
COMMIT
`,
        },
      },
      web: {
        addresses: { eth0: ['203.0.113.9/24'] },
        listeners: [
          { protocol: 'tcp', port: 80 },
          { protocol: 'tcp', port: 443 },
        ],
      },
    },
    links: [
      ['phone:eth0', 'hotspot:tun0'],
      ['hotspot:eth0', 'web:eth0'],
    ],
    traced: 'hotspot',
    fails: { from: 'phone', what: 'tcp', to: '203.0.113.9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'phone', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'phone', what: 'tcp', to: '10.1.0.1', port: 3990 }, seen: 'answered' },
      { sending: { from: 'phone', what: 'tcp', to: '10.1.0.1', port: 8080 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "What is redirected comes to INPUT with the proxy's port, 8080, which no rule accepts from the hotspot's network: the last rule for tun0 drops it.",
      causes: [{ rule: '-i tun0 -j DROP', chain: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [['hotspot', 'iptables -I INPUT -d 10.1.0.1/32 -i tun0 -p tcp -m tcp --dport 8080 -j ACCEPT']],
  },
  {
    name: 'shellcrash-rejects-ipv6-of-every-port',
    thread: { title: 'Patch-nftables-dns', address: 'https://github.com/juewuy/ShellCrash/pull/784' },
    backend: 'nft',
    ...homeRouter(
      {
        listeners: [{ protocol: 'udp', port: 1053 }],
        rules: {
          nft: `table inet shellcrash {
  set cn_ip {
    type ipv4_addr
    flags interval
    elements = { 203.0.113.128/25 }
  }
  chain prerouting_dns {
    type nat hook prerouting priority dstnat; policy accept;
    meta mark 0x00001ed6 return
    ip saddr != { 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 } return
    ip6 saddr != { fd00::/8, fe80::/10 } reject
    udp dport 53 redirect to :1053
    tcp dport 53 redirect to :1053
  }
}
table inet fw {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "lan" oifname "wan" accept
    meta l4proto ipv6-icmp accept
  }
  chain srcnat {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" meta nfproto ipv4 masquerade
  }
}
`,
        },
      },
      {
        remote: {
          listeners: [
            { protocol: 'tcp', port: 443 },
            { protocol: 'tcp', address: '::', port: 443 },
            { protocol: 'udp', address: '::', port: 53 },
          ],
        },
      },
    ),
    fails: { from: 'pc', what: 'tcp', to: '2001:db8:f::9', port: 443 },
    seen: 'refused',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'udp', to: '203.0.113.9', port: 53 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'udp', to: '2001:db8:f::9', port: 53 }, seen: 'refused' },
    ],
    truth: {
      words:
        'The rule that is to keep foreign sources from the resolver asks for no port: everything that comes in with a global IPv6 source address is rejected before it is routed.',
      causes: [{ rule: 'reject', chain: 'inet shellcrash prerouting_dns' }],
      status: ['rejected'],
    },
    mend: [
      ['router', 'nft insert rule inet shellcrash prerouting_dns meta l4proto { tcp, udp } th dport != 53 return'],
    ],
  },
  {
    name: 'opensnitch-is-off-and-its-policies-are-not',
    thread: {
      title: 'One rule still enabled even with O.Snitch Firewall disabled v1.6.0-rc.2',
      address: 'https://github.com/evilsocket/opensnitch/issues/710',
    },
    backend: 'iptables-nft',
    hosts: {
      client: {
        addresses: { eth0: ['192.0.2.2/24'] },
        listeners: [
          { protocol: 'tcp', port: 443 },
          { protocol: 'udp', port: 53 },
        ],
      },
      server: {
        addresses: { eth0: ['192.0.2.1/24'] },
        listeners: [SSH],
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT DROP [0:0]
:POSTROUTING ACCEPT [0:0]
-A OUTPUT -m conntrack --ctstate NEW,RELATED -j NFQUEUE --queue-num 0 --queue-bypass
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p udp -m udp --sport 53 -j NFQUEUE --queue-num 0 --queue-bypass
COMMIT
`,
        },
      },
    },
    links: [['client:eth0', 'server:eth0']],
    traced: 'server',
    fails: { from: 'server', what: 'tcp', to: '192.0.2.2', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'server', what: 'udp', to: '192.0.2.2', port: 53 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        'The daemon is off and has left its chains: what the host asks goes out, for the queue without a reader is passed over, and the reply meets the policy of input, where only DNS is let in.',
      causes: [{ policy: 'filter INPUT' }],
      status: ['reply-lost'],
    },
    mend: [['server', 'iptables -P INPUT ACCEPT; iptables -t mangle -P OUTPUT ACCEPT']],
  },
  {
    name: 'sentry-host-tracks-nothing-that-goes-to-web-ports',
    thread: {
      title: 'Release 26.1.0 fresh install failed with error',
      address: 'https://github.com/getsentry/self-hosted/issues/4174',
    },
    backend: 'nft',
    hosts: {
      web: {
        addresses: { eth0: ['192.0.2.9/24'] },
        listeners: [
          { protocol: 'tcp', port: 443 },
          { protocol: 'tcp', port: 8080 },
        ],
      },
      host: {
        addresses: { eth0: ['192.0.2.1/24'], 'br-sentry': ['172.18.0.1/16'] },
        bridges: { 'br-sentry': ['veth1'] },
        routes: ['default via 192.0.2.9'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          nft: `table inet filter {
  chain prerouting {
    type filter hook prerouting priority raw; policy accept;
    ip saddr 172.19.1.0/24 notrack
    tcp dport 80 notrack
    tcp dport 443 notrack
  }
  chain input {
    type filter hook input priority filter; policy drop;
    ip saddr 172.19.1.0/24 accept
    ip saddr { 172.16.0.0/12, 192.0.2.0/24 } tcp dport 22 accept
    tcp dport { 80, 443 } accept
    ct state established,related accept
    ip protocol icmp accept
    iif "lo" accept
  }
  chain output {
    type filter hook output priority raw; policy accept;
    ip daddr 172.19.1.0/24 notrack
    tcp sport 80 notrack
    tcp sport 443 notrack
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
  }
}
table ip nat {
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    oifname != "br-sentry" ip saddr 172.18.0.0/16 counter masquerade
  }
}
`,
        },
      },
      c1: { addresses: { eth0: ['172.18.0.2/16'] }, routes: ['default via 172.18.0.1'] },
    },
    links: [
      ['web:eth0', 'host:eth0'],
      ['host:veth1', 'c1:eth0'],
    ],
    traced: 'host',
    fails: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 8080 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '192.0.2.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'tcp', to: '172.18.0.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The rules that leave the web server's requests untracked ask for the port alone, so what containers send to port 443 elsewhere is not tracked either, and nothing masquerades it.",
      causes: [{ rule: 'tcp dport 443 notrack', chain: 'inet filter prerouting' }],
      status: ['unanswered'],
    },
    mend: [['host', 'nft insert rule inet filter prerouting iifname br-sentry accept']],
  },
]
