/** Sockets and routes that take one peer for all: connected ones, a redirect that is remembered, a mask that covers no bit of its mark. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const

const waitsFor = (port: number) => `for i in $(seq 100); do ss -lnu | grep -q :${port} && break; sleep .1; done`

/** As ncat does: is connected to whoever asks first, and answers that one. */
const servesTheFirst = (port: number) => `python3 -c "import socket
s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.bind(('',${port}))
d,who=s.recvfrom(2000); s.connect(who)
while d != b'quit':
  try: s.send(b'here'); d=s.recv(2000)
  except OSError: pass" >/dev/null 2>&1 &
${waitsFor(port)}`

/** A socket of its own for \`peer\`, and another that answers everybody. */
const servesBeside = (port: number, peer: string) => `python3 -c "import socket
c=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); c.setsockopt(1,2,1); c.bind(('',${port})); c.connect(('${peer}',${port}))
s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.setsockopt(1,2,1); s.bind(('',${port}))
while True:
  d,who=s.recvfrom(2000); s.sendto(b'here',who)" >/dev/null 2>&1 &
${waitsFor(port)}`

const answersAll = (port: number) => `python3 -c "import socket
s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.bind(('',${port}))
while True:
  d,who=s.recvfrom(2000); s.sendto(b'here',who)" >/dev/null 2>&1 &
${waitsFor(port)}`

const UFW_LIKE = (accepts: string) => `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:ufw-before-input - [0:0]
:ufw-user-input - [0:0]
:ufw-after-input - [0:0]
-A INPUT -j ufw-before-input
-A INPUT -j ufw-user-input
-A INPUT -j ufw-after-input
-A ufw-before-input -i lo -j ACCEPT
-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-input -m conntrack --ctstate INVALID -j DROP
-A ufw-before-input -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT
${accepts}
-A ufw-after-input -p udp -m udp --dport 137 -j DROP
-A ufw-after-input -m addrtype --dst-type BROADCAST -j DROP
COMMIT
`

export const LISTENS_FOR_OTHERS: Problem[] = [
  {
    name: 'ncat-is-connected-to-whoever-sent-first',
    thread: {
      title: 'ncat cannot listen to multiple UDP clients',
      address: 'https://github.com/nmap/nmap/issues/1223',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.2/24'] } },
      probe: { addresses: { eth0: ['198.51.100.7/24'] } },
      server: {
        addresses: { eth0: ['192.0.2.1/24'], eth1: ['198.51.100.1/24'] },
        listeners: [SSH],
        rules: { v4: UFW_LIKE('-A ufw-user-input -p udp -m udp --dport 5514 -j ACCEPT') },
      },
    },
    links: [
      ['client:eth0', 'server:eth0'],
      ['probe:eth0', 'server:eth1'],
    ],
    traced: 'server',
    setup: [
      ['server', servesTheFirst(5514)],
      [
        'probe',
        `python3 -c "import socket; s=socket.socket(2,2); s.bind(('',40000)); s.sendto(b'first',('198.51.100.1',5514)); s.settimeout(2); s.recv(100)"`,
      ],
    ],
    fails: { from: 'client', what: 'udp', to: '192.0.2.1', port: 5514 },
    seen: 'refused',
    others: [
      { sending: { from: 'probe', what: 'udp', to: '198.51.100.1', port: 5514, sport: 40000 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The only socket at the port is connected to 198.51.100.7:40000, which sent first: it takes what comes from there alone, and the kernel refuses everybody else.',
      causes: ['closed-port', 'refused-here', 'refused'].map((code) => ({ code, words: ['198.51.100.7'] })),
      status: ['refused'],
    },
    mend: [
      [
        'probe',
        `python3 -c "import socket; s=socket.socket(2,2); s.bind(('',40000)); s.sendto(b'quit',('198.51.100.1',5514))"; sleep .3`,
      ],
      ['server', answersAll(5514)],
    ],
  },
  {
    name: 'healthy-daemon-has-a-connected-socket-beside-the-one-for-all',
    thread: { title: "gRPC UDP port forwarding doesn't work", address: 'https://github.com/lima-vm/lima/issues/3152' },
    backend: 'iptables-legacy',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.2/24'] } },
      server: {
        addresses: { eth0: ['192.0.2.1/24'] },
        listeners: [SSH],
        rules: { v4: UFW_LIKE('-A ufw-user-input -p udp -m udp --dport 1194 -j ACCEPT') },
      },
    },
    links: [['client:eth0', 'server:eth0']],
    traced: 'server',
    setup: [['server', servesBeside(1194, '192.0.2.77')]],
    fails: { from: 'client', what: 'udp', to: '192.0.2.1', port: 1194 },
    seen: 'answered',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'udp', to: '192.0.2.1', port: 137 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'Nothing is wrong: of the two sockets at the port one is connected to another peer, and the other takes all.',
      causes: [],
      status: ['answered'],
    },
    mend: [['server', 'true']],
  },
  {
    name: 'host-keeps-to-the-router-that-a-redirect-named',
    thread: {
      title: 'Damn you, ICMP redirect!!! (or rather, how to flush a cached ICMP redirect under CentOS7/Linux)',
      address: 'https://commandline.ninja/tag/routing/',
    },
    backend: 'nft',
    hosts: {
      switch: { bridges: { br0: ['p1', 'p2', 'p3'] } },
      server: {
        addresses: { eth0: ['10.0.1.210/24'] },
        routes: ['default via 10.0.1.250'],
        sysctls: { 'net.ipv4.conf.all.accept_redirects': '1' },
        listeners: [SSH],
        rules: {
          nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state vmap { established : accept, related : accept, invalid : drop }
    iifname "lo" accept
    meta l4proto icmp accept
    tcp dport 22 accept
  }
  chain output {
    type filter hook output priority filter; policy accept;
    tcp dport 25 meta skuid != 0 reject
  }
}
`,
        },
      },
      core: {
        addresses: { v6: ['10.0.1.250/24'], v5: ['10.0.249.1/29'] },
        routes: ['10.0.11.0/24 via 10.0.1.240'],
        sysctls: { ...FORWARDS, 'net.ipv4.conf.all.send_redirects': '1' },
      },
      old: {
        addresses: { v6: ['10.0.1.240/24'], v5: ['10.0.249.6/29'], plant: ['10.0.11.1/24'] },
        sysctls: FORWARDS,
      },
      plc: { addresses: { eth0: ['10.0.11.220/24', '10.0.11.221/24'] }, routes: ['default via 10.0.11.1'] },
    },
    links: [
      ['server:eth0', 'switch:p1'],
      ['core:v6', 'switch:p2'],
      ['old:v6', 'switch:p3'],
      ['core:v5', 'old:v5'],
      ['old:plant', 'plc:eth0'],
    ],
    traced: 'server',
    setup: [
      ['server', 'ping -c 3 -i 0.3 -W 1 10.0.11.220 >/dev/null'],
      ['old', 'ip link set v6 down; ip route add 10.0.1.0/24 via 10.0.249.1'],
      ['core', 'ip route replace 10.0.11.0/24 via 10.0.249.6'],
      ['server', 'ip neigh flush all'],
    ],
    fails: { from: 'server', what: 'ping', to: '10.0.11.220' },
    seen: 'unreachable',
    others: [
      { sending: { from: 'server', what: 'ping', to: '10.0.11.221' }, seen: 'answered' },
      { sending: { from: 'server', what: 'ping', to: '10.0.1.250' }, seen: 'answered' },
      { sending: { from: 'core', what: 'tcp', to: '10.0.1.210', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'A redirect has told the server to send what is for this address to 10.0.1.240, and the server remembers it. That router has left the network since; the routing table leads by another.',
      causes: ['neighbour-failed', 'wrong-way-out', 'lost', 'kernel-drop', 'rejected'].map((code) => ({
        code,
        words: ['redirect'],
      })),
      status: ['lost', 'unanswered'],
      alsoTrue: ['neighbour-failed'],
    },
    mend: [['server', 'ip route flush cache']],
  },
  {
    name: 'routing-rule-has-a-mask-that-covers-no-bit-of-its-mark',
    thread: {
      title: 'ping: Set mark (SO_MARK) on probe socket',
      address: 'https://github.com/iputils/iputils/pull/340',
    },
    backend: 'iptables-nft',
    hosts: {
      remote: {
        addresses: { eth0: ['203.0.113.9/24'], eth1: ['10.9.0.9/24'], lo: ['198.51.100.9/32'] },
        routes: ['192.168.1.20/32 via 10.9.0.1'],
        listeners: [HTTPS],
      },
      vpn: {
        addresses: { tun: ['10.8.0.1/24'], out1: ['10.9.0.1/24'] },
        routes: ['192.168.1.20/32 via 10.8.0.2', '198.51.100.9/32 via 10.9.0.9'],
        sysctls: FORWARDS,
      },
      router: {
        addresses: { wan: ['203.0.113.1/24'], tun0: ['10.8.0.2/24'], 'br-lan': ['192.168.1.1/24'] },
        bridges: { 'br-lan': ['lan1', 'lan2'] },
        routes: ['default via 203.0.113.9'],
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        listeners: [SSH],
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -s 192.168.1.20/32 -i br-lan -j MARK --set-xmark 0x200/0xff00
-A FORWARD -o wan -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
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
-A INPUT -p icmp -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i br-lan -o wan -j ACCEPT
-A FORWARD -i br-lan -o tun0 -m mark --mark 0x200/0xff00 -j ACCEPT
COMMIT
`,
        },
      },
      pc: { addresses: { eth0: ['192.168.1.10/24'] }, routes: ['default via 192.168.1.1'] },
      tv: { addresses: { eth0: ['192.168.1.20/24'] }, routes: ['default via 192.168.1.1'] },
    },
    links: [
      ['remote:eth0', 'router:wan'],
      ['vpn:tun', 'router:tun0'],
      ['vpn:out1', 'remote:eth1'],
      ['router:lan1', 'pc:eth0'],
      ['router:lan2', 'tv:eth0'],
    ],
    traced: 'router',
    setup: [
      [
        'router',
        'for n in "192.168.1.0/24 dev br-lan" "203.0.113.0/24 dev wan" "default via 10.8.0.1 dev tun0"; do ip route add $n table 102; done; ip rule add pref 1000 fwmark 0x200/0xff lookup 102',
      ],
    ],
    fails: { from: 'pc', what: 'tcp', to: '198.51.100.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'tv', what: 'tcp', to: '198.51.100.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '192.168.1.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The rule compares the bits of its mask alone, 0xff, and its mark has none of them: it matches everything whose low byte is zero, so what has no mark goes into the tunnel, too.',
      causes: ['dropped-by-policy', 'wrong-way-out', 'near-miss', 'missing-rule', 'let-through'].map((code) => ({
        code,
        words: ['fwmark 0x200/0xff'],
      })),
      status: ['dropped'],
      alsoTrue: ['mark-missing'],
    },
    mend: [['router', 'ip rule del pref 1000; ip rule add pref 1000 fwmark 0x200/0xff00 lookup 102']],
  },
]
