/** Replies from another address or into the host's own proxy, a hop limit that a rule wrote too low, and a host that answers from both addresses that were asked: from threads. */

import { clientAndServer, FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { asks, POKED } from './groups-asked.ts'

const python = (program: string, look: string) => `python3 -c "${program}" >/dev/null 2>&1 </dev/null &
for i in $(seq 100); do ${look} && break; sleep .1; done`

/** What xinetd does for `time` over UDP: answers whoever asks, with a socket that is bound to `address` or to none. */
const tellsTime = (address: string) =>
  python(
    `import socket
s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.bind(('${address}',37))
while True:
  d,who=s.recvfrom(2000); s.sendto(b'time',who)`,
    'ss -lnu | grep -q :37',
  )

/** Is nobody's from its socket on, and its proxy root's. */
const WEB_OF_NOBODY = python(
  `import os,socket
os.setgid(65534); os.setuid(65534)
s=socket.socket(); s.setsockopt(1,2,1); s.bind(('',8080)); s.listen(5)
while True: s.accept()[0].close()`,
  'ss -lnt | grep -q :8080',
)
const PROXY = python(
  `import socket
s=socket.socket(); s.setsockopt(0,19,1); s.bind(('',7893)); s.listen(5)
while True: s.accept()[0].close()`,
  'ss -lnt | grep -q :7893',
)

/** Answers from the address that was asked (IP_PKTINFO); whoever asks with `first` has to wait for the next question's answer. */
const ANSWERS_WHERE_ASKED = python(
  `import socket,struct
s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.setsockopt(0,8,1); s.bind(('',53)); held=[]
while True:
  d,c,f,who=s.recvmsg(2000,100)
  held.insert(0,(who,[(0,8,struct.pack('i4s4s',0,c[0][2][4:8],bytes(4)))]))
  if d==b'first': continue
  for to,by in held: s.sendmsg([b'answer'],by,0,to)
  held=[]`,
  'ss -lnu | grep -q :53',
)

export const THREADS_AE: Problem[] = [
  {
    name: 'xinetd-answers-by-the-first-uplink-in-spite-of-marks',
    thread: {
      title: 'send UDP replies from the correct source address using IP_PKTINFO',
      address: 'https://github.com/openSUSE/xinetd/pull/16',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['203.0.113.9/24'] }, routes: ['default via 203.0.113.1'] },
      net: {
        addresses: { eth0: ['203.0.113.1/24'], eth1: ['10.236.1.1/24'], eth2: ['10.236.2.1/24'] },
        sysctls: FORWARDS,
      },
      server: {
        addresses: { eth0: ['10.236.1.5/24'], eth1: ['10.236.2.5/24'] },
        routes: [
          'default via 10.236.1.1 metric 1000',
          'default via 10.236.2.1 metric 1001',
          'default via 10.236.2.1 table 102',
        ],
        listeners: [{ protocol: 'tcp', port: 37 }],
        rules: {
          nft: `table inet uplinks {
  chain prerouting {
    type filter hook prerouting priority mangle; policy accept;
    ct state new iifname "eth1" ct mark set 0x00000002
  }
  chain output {
    type route hook output priority mangle; policy accept;
    ct mark 0x00000002 meta mark set ct mark
  }
}
table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname "lo" accept
    ip protocol icmp accept
    meta l4proto { tcp, udp } th dport 37 accept
  }
}
`,
        },
      },
    },
    links: [
      ['client:eth0', 'net:eth0'],
      ['net:eth1', 'server:eth0'],
      ['net:eth2', 'server:eth1'],
    ],
    traced: 'server',
    setup: [
      ['server', 'ip rule add fwmark 0x2 lookup 102'],
      ['server', tellsTime('')],
    ],
    fails: { from: 'client', what: 'udp', to: '10.236.2.5', port: 37 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'udp', to: '10.236.1.5', port: 37 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '10.236.2.5', port: 37 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '10.236.2.5' }, seen: 'answered' },
    ],
    truth: {
      words:
        "xinetd's UDP socket is bound to no address: the first default route gives its answer eth0's address, 10.236.1.5. That makes it a connection of its own, so it has no mark of eth1, and whoever asked 10.236.2.5 does not take it.",
      causes: [
        { code: 'reply-from-other-address', words: ['10.236.1.5'] },
        { code: 'not-netfilter', words: ['10.236.1.5'] },
      ],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [
      [
        'server',
        "kill $(awk '/^NSpid/ {print $NF}' /proc/$(ss -lnupH 'sport = 37' | grep -o 'pid=[0-9]*' | cut -d= -f2)/status); sleep .2",
      ],
      ['server', tellsTime('10.236.2.5')],
    ],
  },
  {
    ...clientAndServer({
      listeners: [{ protocol: 'tcp', port: 22 }],
      routes: ['local default dev lo table 300'],
      rules: {
        nft: `table inet cgtproxy {
  set bypass {
    type ipv4_addr
    flags interval
    elements = { 10.0.0.0/8, 127.0.0.0/8 }
  }
  chain prerouting {
    type filter hook prerouting priority mangle; policy accept;
    ip daddr @bypass return
    meta mark 0x00001ed2 meta l4proto { tcp, udp } tproxy ip to :7893
  }
  chain output {
    type route hook output priority mangle; policy accept;
    ip daddr @bypass return
    meta nfproto ipv4 meta l4proto { tcp, udp } meta skuid 65534 goto clash-meta-MARK
  }
  chain clash-meta-MARK {
    meta mark set 0x00001ed2
  }
}
`,
      },
    }),
    name: 'cgtproxy-takes-the-replies-of-a-service-of-its-own',
    thread: {
      title: 'fix(table): do not tproxy any "reply"',
      address: 'https://github.com/black-desk/cgtproxy/pull/38',
    },
    backend: 'nft',
    setup: [
      ['server', 'ip rule add fwmark 0x1ed2 lookup 300'],
      ['server', PROXY],
      ['server', WEB_OF_NOBODY],
    ],
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The web server runs as the user whose packets are marked for the proxy, so its SYN-ACK is marked, too: the table of that mark leads it to lo, and the proxy gets it in place of the client.',
      causes: [
        { rule: 'meta mark set 0x00001ed2', chain: 'inet cgtproxy clash-meta-MARK' },
        { rule: 'meta skuid 65534', chain: 'inet cgtproxy output' },
        { rule: 'tproxy', chain: 'inet cgtproxy prerouting' },
        { code: 'marked-astray' },
        { code: 'wrong-way-out', words: ['lo'] },
      ],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [['server', 'nft insert rule inet cgtproxy output ct direction reply return']],
  },
  {
    name: 'overthebox-sends-to-one-server-with-a-ttl-of-one',
    thread: { title: 'Feature : TTL overriding', address: 'https://github.com/ovh/overthebox-feeds/issues/632' },
    backend: 'iptables-nft',
    hosts: {
      pc: { addresses: { eth0: ['192.168.100.10/24'] }, routes: ['default via 192.168.100.1'] },
      router: {
        addresses: { lan: ['192.168.100.1/24'], wan: ['203.0.113.2/24'] },
        routes: ['default via 203.0.113.1'],
        sysctls: FORWARDS,
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -d 198.51.100.8/32 -p tcp -j TTL --ttl-set 1
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o wan -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan -o wan -j ACCEPT
COMMIT
`,
        },
      },
      isp: {
        addresses: { eth0: ['203.0.113.1/24'], eth1: ['198.51.100.1/24'] },
        listeners: [{ protocol: 'tcp', port: 80 }],
        sysctls: FORWARDS,
      },
      server: {
        addresses: { eth0: ['198.51.100.8/24', '198.51.100.9/24'] },
        routes: ['default via 198.51.100.1'],
        listeners: [
          { protocol: 'tcp', port: 443 },
          { protocol: 'udp', port: 53, address: '198.51.100.8' },
        ],
      },
    },
    links: [
      ['pc:eth0', 'router:lan'],
      ['router:wan', 'isp:eth0'],
      ['isp:eth1', 'server:eth0'],
    ],
    traced: 'router',
    fails: { from: 'pc', what: 'tcp', to: '198.51.100.8', port: 443 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'pc', what: 'udp', to: '198.51.100.8', port: 53 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '198.51.100.9', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        "A rule sets the TTL of what leaves for this server to 1: the provider's router, the next one on the way, does not forward it and says so (time exceeded).",
      causes: [{ rule: '-j TTL --ttl-set 1', chain: 'mangle POSTROUTING' }],
      status: ['unanswered', 'lost', 'rejected', 'refused'],
    },
    mend: [['router', 'iptables -t mangle -R POSTROUTING 1 -d 198.51.100.8/32 -p tcp -j TTL --ttl-set 65']],
  },
  {
    name: 'miekg-answers-from-both-addresses-that-were-asked',
    thread: {
      title: 'Send UDP DNS responses from the address we received them from',
      address: 'https://github.com/miekg/dns/issues/95',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['203.0.113.9/24'] }, routes: ['default via 203.0.113.1'] },
      net: {
        addresses: { eth0: ['203.0.113.1/24'], eth1: ['198.51.100.1/24'], eth2: ['192.0.2.1/24'] },
        sysctls: FORWARDS,
      },
      server: {
        addresses: { eth0: ['198.51.100.53/24'], eth1: ['192.0.2.53/24'] },
        routes: ['default via 198.51.100.1', 'default via 192.0.2.1 table 102'],
        rules: {
          nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname "lo" accept
    ip protocol icmp accept
    udp dport 53 accept
  }
  chain output {
    type filter hook output priority filter; policy drop;
    oifname "lo" accept
    ct state established,related accept
  }
}
`,
        },
      },
    },
    links: [
      ['client:eth0', 'net:eth0'],
      ['net:eth1', 'server:eth0'],
      ['net:eth2', 'server:eth1'],
    ],
    traced: 'server',
    setup: [
      ['server', 'ip rule add from 192.0.2.53 lookup 102'],
      ['server', ANSWERS_WHERE_ASKED],
      [
        'client',
        asks(
          'AF_INET',
          "o.sendto(b'first',('198.51.100.53',53)); o.sendto(b'second',('192.0.2.53',53)); a=o.recvfrom(2000)[1][0]; b=o.recvfrom(2000)[1][0]; a==b or s.sendto(b'both',who)",
        ),
      ],
    ],
    fails: POKED,
    seen: 'answered',
    looksAt: { protocol: 'udp', dst: '198.51.100.53' },
    others: [
      { sending: { from: 'client', what: 'udp', to: '198.51.100.53', port: 53 }, seen: 'answered' },
      { sending: { from: 'client', what: 'udp', to: '192.0.2.53', port: 53 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '192.0.2.53' }, seen: 'answered' },
    ],
    truth: {
      words:
        'Nothing is wrong: both addresses were asked from one port, and each answers for itself, the one that was asked last first, and by its own uplink.',
      causes: [],
      status: ['answered'],
    },
    mend: [['server', 'true']],
  },
]
