/** What is used up, full, over, or signed: bytes, ports, hours, the queue of a socket, its key. */
import { clientAndServer, homeRouter } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const SSH6 = { protocol: 'tcp', address: '2001:db8:1::1', port: 22 } as const
const FILTER = ':INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n'

const listens = (port: number) => `for i in $(seq 100); do ss -lnt | grep -q :${port} && break; sleep .1; done`

/** Accepts at a port; `before` is done to the socket \`s\` first. Until the lab ends. */
const accepts = (port: number, before = '') => `python3 -c "import socket,struct
s=socket.socket(10,1); s.setsockopt(1,2,1); s.bind(('::',${port})); ${before}s.listen(9)
while True: s.accept()[0].close()" >/dev/null 2>&1 </dev/null &
${listens(port)}`

const endsListener = (port: number) =>
  `kill $(awk '/^NSpid/ {print $NF}' /proc/$(ss -lntpH 'sport = ${port}' | grep -o 'pid=[0-9]*' | cut -d= -f2)/status); sleep .2`

/** Connects some times, and keeps what it has got. Until the lab ends. */
const holds = (times: number, to: string, port: number) => `python3 -c "import socket,time
k=[socket.create_connection(('${to}',${port}),3) for _ in range(${times})]
open('/dev/stdout','w').write('held'); time.sleep(600)" </dev/null >/tmp/held.$$ 2>&1 &
for i in $(seq 100); do grep -q held /tmp/held.$$ && break; sleep .2; done; cat /tmp/held.$$; rm /tmp/held.$$`

const portal = { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 443 } as const

export const USED_UP: Problem[] = [
  {
    name: 'hotspot-quota-is-used-up',
    thread: { title: 'feature request: quota', address: 'https://github.com/ldx/python-iptables/issues/188' },
    backend: 'iptables-legacy',
    ...clientAndServer({
      listeners: [SSH6, { protocol: 'tcp', address: '2001:db8:1::1', port: 443 }],
      rules: {
        v6: `*filter
${FILTER}-A INPUT -p icmpv6 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 443 -m quota --quota 600 -j ACCEPT
COMMIT
`,
      },
    }),
    earlier: { sendings: [portal, portal, portal], change: [] },
    fails: portal,
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words: 'The rule accepts as many bytes as its quota has, and they were used up: the policy drops the rest.',
      causes: [{ rule: '--quota 600', chain: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [['server', 'ip6tables -R INPUT 3 -p tcp -m tcp --dport 443 -m quota --quota 60000000 -j ACCEPT']],
  },
  {
    name: 'map-e-ports-are-used-up',
    thread: {
      title: 'Update map.sh.new',
      address: 'https://github.com/fakemanhk/openwrt-jp-ipoe/pull/32',
    },
    backend: 'iptables-nft',
    ...homeRouter(
      {
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o wan -p icmp -j SNAT --to-source 203.0.113.1:7472-7473
-A POSTROUTING -o wan -p tcp -j SNAT --to-source 203.0.113.1:7472-7473
-A POSTROUTING -o wan -p udp -j SNAT --to-source 203.0.113.1:7472-7473
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan -o wan -j ACCEPT
COMMIT
`,
        },
      },
      {
        remote: {
          listeners: [
            { protocol: 'tcp', port: 80 },
            { protocol: 'tcp', port: 443 },
          ],
        },
      },
    ),
    setup: [['pc', holds(2, '203.0.113.9', 443)]],
    fails: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'ping', to: '192.168.1.1' }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '192.168.1.1', port: 80 }, seen: 'refused' },
    ],
    truth: {
      words:
        'The provider gives a few ports of a shared address, and two connections to the same server have them: the third finds none, and its packet is dropped when its entry is to be made.',
      causes: [
        { rule: '-p tcp -j SNAT --to-source 203.0.113.1:7472-7473', chain: 'nat POSTROUTING' },
        { code: 'snat-port-taken' },
      ],
      status: ['lost', 'dropped'],
    },
    mend: [['router', 'iptables -t nat -R POSTROUTING 2 -o wan -p tcp -j SNAT --to-source 203.0.113.1:7472-7487']],
  },
  {
    name: 'hours-of-access-are-in-utc',
    thread: {
      title: 'Parameter --kerneltz not working',
      address: 'https://github.com/k-szuster/luci-access-control/issues/2',
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
-A POSTROUTING -o wan -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:forwarding_rule - [0:0]
:zone_lan_forward - [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -j forwarding_rule
-A FORWARD -i lan -j zone_lan_forward
-A forwarding_rule -s 192.168.1.10/32 -o wan -p udp -m udp --dport 53 -j ACCEPT
-A forwarding_rule -s 192.168.1.10/32 -o wan -j REJECT --reject-with icmp-port-unreachable
-A zone_lan_forward -o wan -j ACCEPT
COMMIT
`,
        },
      },
      {
        remote: {
          listeners: [
            { protocol: 'tcp', port: 443 },
            { protocol: 'udp', port: 53 },
          ],
        },
      },
    ),
    setup: [
      [
        'router',
        'iptables -I forwarding_rule 2 -s 192.168.1.10 -o wan -m time --timestart $(date -u -d "7 hours ago" +%H:%M:00) --timestop $(date -u -d "1 hour ago" +%H:%M:00) --kerneltz -j ACCEPT',
      ],
    ],
    fails: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'refused',
    others: [
      { sending: { from: 'pc', what: 'udp', to: '203.0.113.9', port: 53 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'ping', to: '192.168.1.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The kernel's time zone was never set, so it takes the hours as UTC: by the clock of the house they have just begun, by UTC they are over.",
      causes: [{ rule: '-m time', chain: 'filter forwarding_rule' }],
      status: ['rejected'],
    },
    mend: [
      [
        'router',
        'iptables -R forwarding_rule 2 -s 192.168.1.10 -o wan -m time --timestart $(date -u -d "2 hours ago" +%H:%M:00) --timestop $(date -u -d "4 hours" +%H:%M:00) -j ACCEPT',
      ],
    ],
  },
  {
    name: 'accept-queue-of-the-service-is-full',
    thread: {
      title: 'accept queue is easy to full with netty3 default backlog',
      address: 'https://github.com/apache/dubbo/issues/5168',
    },
    backend: 'iptables-nft',
    ...clientAndServer({
      listeners: [SSH6],
      rules: {
        v6: `*filter
${FILTER}:f2b-sshd - [0:0]
-A INPUT -p tcp -m multiport --dports 22 -j f2b-sshd
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p icmpv6 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 20880 --tcp-flags FIN,SYN,RST,ACK SYN -m connlimit --connlimit-above 20 --connlimit-mask 64 -j REJECT --reject-with tcp-reset
-A INPUT -p tcp -m tcp --dport 20880 -j ACCEPT
-A f2b-sshd -s 2001:db8:bad::/48 -j REJECT --reject-with icmp6-port-unreachable
-A f2b-sshd -j RETURN
COMMIT
`,
      },
    }),
    setup: [
      [
        'server',
        `python3 -c "import socket,time
s=socket.socket(10,1); s.setsockopt(1,2,1); s.bind(('::',20880)); s.listen(1); time.sleep(600)" >/dev/null 2>&1 </dev/null &
${listens(20880)}`,
      ],
      ['client', holds(2, '2001:db8:1::1', 20880)],
    ],
    fails: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 20880 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The rules accept it. The service listens, and does not accept: its queue of finished handshakes is full, and the kernel drops further SYNs.',
      causes: [
        { code: 'accept-queue-full', words: ['20880', 'queue'] },
        { code: 'not-netfilter', words: ['20880', 'queue'] },
        { code: 'kernel-drop', words: ['queue'] },
        { code: 'vanished-at-port', words: ['queue'] },
      ],
      status: ['unanswered', 'lost', 'dropped'],
    },
    mend: [
      ['server', endsListener(20880)],
      ['server', accepts(20880)],
    ],
  },
  {
    name: 'bgp-listener-wants-a-signature',
    thread: {
      title: 'one-sided BGP neighbor password is ignored',
      address: 'https://github.com/FRRouting/frr/issues/6921',
    },
    backend: 'iptables-legacy',
    ...clientAndServer({
      listeners: [SSH],
      sysctls: { 'net.ipv4.conf.all.rp_filter': '1' },
      rules: {
        v4: `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 179 -m ttl --ttl-lt 255 -j MARK --set-xmark 0x100/0x100
COMMIT
*filter
${FILTER}-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -s 192.0.2.2/32 -p tcp -m tcp --dport 179 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 179 -j DROP
COMMIT
`,
      },
    }),
    setup: [
      [
        'server',
        // TCP_MD5SIG (14), for the neighbour alone
        accepts(
          179,
          "s.setsockopt(6,14,(struct.pack('HHI',10,0,0)+socket.inet_pton(10,'::ffff:192.0.2.2')).ljust(128,b'\\0')+struct.pack('BBHI',0,0,6,0)+b'secret'.ljust(80,b'\\0')); ",
        ),
      ],
    ],
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 179 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        'The rules accept it. The listener has a password for this neighbour, which has none: the kernel drops a SYN without an MD5 signature.',
      causes: [
        { code: 'not-netfilter', words: ['MD5'] },
        { code: 'kernel-drop', words: ['MD5'] },
        { code: 'vanished-at-port', words: ['MD5'] },
      ],
      status: ['unanswered', 'lost', 'dropped'],
    },
    mend: [
      ['server', endsListener(179)],
      ['server', accepts(179)],
    ],
  },
]
