/** What lies near the problems of threads-ab.ts: a table of the containers' own, forwarding off beneath a transparent proxy, NETMAP in front of a forward; and the same machines healthy. */
import type { Problem } from '../problem.ts'
import { THREADS_AB } from './threads-ab.ts'

const of = (start: string): Problem => THREADS_AB.find(({ name }) => name.startsWith(start)) as Problem
const UPLINK = of('docker-second-uplink')
const PROXY = of('nginx-binds')
const OFF = of('network-restart')
const STALE = of('docker-forward-of')
const LOCAL_TABLE = 'ip rule add fwmark 1 lookup 100; ip route add local 0.0.0.0/0 dev lo table 100'
const MARKS =
  'iptables -t mangle -A PREROUTING -i br-tracker -p udp -m udp --sport 8080 -m socket --transparent -j MARK --set-mark 1'

const NFT_ROUTER = {
  nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname "lo" accept
    meta l4proto { tcp, udp } th dport 8181 accept
    meta l4proto icmp accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "br-tracker" accept
  }
}
`,
}

const NETMAP: Problem = {
  ...STALE,
  name: 'near-netmap-in-front-of-a-forward',
  hosts: {
    client: { addresses: { eth0: ['192.0.2.9/24'] }, routes: ['10.77.0.0/24 via 192.0.2.1'], listeners: [] },
    host: {
      addresses: { eth0: ['192.0.2.1/24'], lan: ['192.168.1.1/24'] },
      sysctls: { 'net.ipv4.ip_forward': '1' },
      rules: {
        v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 10.77.0.0/24 -i eth0 -j NETMAP --to 192.168.1.0/24
-A PREROUTING -d 10.77.0.80/32 -i eth0 -p tcp -m tcp --dport 443 -j DNAT --to-destination 192.168.1.20:8443
-A POSTROUTING -s 192.168.1.0/24 -o eth0 -j NETMAP --to 10.77.0.0/24
COMMIT
`,
      },
    },
    web: {
      addresses: { eth0: ['192.168.1.20/24'] },
      routes: ['default via 192.168.1.1'],
      listeners: [{ protocol: 'tcp', port: 8443 }],
    },
    other: {
      addresses: { eth0: ['192.168.1.80/24'] },
      routes: ['default via 192.168.1.1'],
      listeners: [{ protocol: 'tcp', port: 22 }],
    },
    lan: { bridges: { br0: ['p1', 'p2', 'p3'] } },
  },
  links: [
    ['client:eth0', 'host:eth0'],
    ['host:lan', 'lan:p1'],
    ['web:eth0', 'lan:p2'],
    ['other:eth0', 'lan:p3'],
  ],
  fails: { from: 'client', what: 'tcp', to: '10.77.0.80', port: 443 },
  seen: 'refused',
  others: [
    { sending: { from: 'client', what: 'tcp', to: '10.77.0.80', port: 22 }, seen: 'answered' },
    { sending: { from: 'client', what: 'tcp', to: '10.77.0.20', port: 8443 }, seen: 'answered' },
  ],
  truth: {
    words: 'NETMAP takes the whole network before the forward of one of its ports is reached.',
    causes: [
      { rule: '-j NETMAP --to 192.168.1.0/24', chain: 'nat PREROUTING' },
      { rule: '--to-destination 192.168.1.20:8443', chain: 'nat PREROUTING' },
    ],
    status: ['refused'],
    alsoTrue: ['refused-there'],
  },
  mend: [
    [
      'host',
      'iptables -t nat -I PREROUTING -d 10.77.0.80/32 -i eth0 -p tcp -m tcp --dport 443 -j DNAT --to-destination 192.168.1.20:8443',
    ],
  ],
}

export const THREADS_AB_NEAR: Problem[] = [
  {
    ...UPLINK,
    name: 'near-containers-have-a-table-of-their-own',
    setup: [
      [
        'host',
        'ip rule add from 203.0.113.1 lookup 1001; ip route add default via 192.0.2.254 table 1000; ip route add 172.17.0.0/16 dev docker0 table 1000; ip rule add from 172.17.0.0/16 lookup 1000',
      ],
    ],
    mend: [['host', 'ip route add 198.51.100.0/24 via 203.0.113.254 table 1000']],
  },
  {
    ...UPLINK,
    name: 'near-other-uplink-leads-to-the-client-too',
    hosts: {
      ...UPLINK.hosts,
      client: {
        addresses: { eth0: ['198.51.100.9/24'], eth1: ['10.99.0.9/24'] },
        routes: ['default via 198.51.100.254'],
      },
      isp1: {
        ...UPLINK.hosts.isp1,
        addresses: { eth0: ['192.0.2.254/24'], eth1: ['10.99.0.1/24'] },
        routes: ['198.51.100.0/24 via 10.99.0.9'],
      },
    },
    links: [...UPLINK.links, ['client:eth1', 'isp1:eth1']],
    seen: 'answered',
    truth: {
      words: 'Nothing is wrong: the reply takes another way, and comes.',
      causes: [],
      status: ['answered'],
      alsoTrue: [],
    },
    mend: [['host', 'true']],
  },
  {
    ...PROXY,
    name: 'near-transparent-proxy-has-its-marks',
    setup: [...(PROXY.setup ?? []), ['host', `${MARKS}; ${LOCAL_TABLE}`]],
    seen: 'answered',
    truth: { words: 'Nothing is wrong.', causes: [], status: ['answered'] },
    mend: [['host', 'true']],
  },
  {
    ...PROXY,
    name: 'near-transparent-proxy-without-forwarding',
    setup: [...(PROXY.setup ?? []), ['host', 'sysctl -qw net.ipv4.ip_forward=0']],
    others: [],
    truth: {
      ...PROXY.truth,
      words:
        'The reply to the address that nginx borrowed is not delivered to nginx. That forwarding is off is not why: with it on, the client gets a datagram that it does not wait for.',
      alsoTrue: ['reply-dropped'],
    },
    mend: [['host', `${MARKS}; ${LOCAL_TABLE}`]],
  },
  {
    ...PROXY,
    name: 'near-transparent-proxy-has-a-table-without-marks',
    setup: [...(PROXY.setup ?? []), ['host', LOCAL_TABLE]],
    truth: {
      ...PROXY.truth,
      causes: [...PROXY.truth.causes, { code: 'mark-missing' }],
      words: 'The table with the local route is there, and nothing marks the replies for it.',
    },
    mend: [['host', MARKS]],
  },
  {
    ...OFF,
    name: 'near-forwarding-goes-off-where-the-reply-comes-in',
    earlier: {
      sendings: OFF.earlier?.sendings ?? [],
      change: [['node', 'sysctl -qw net.ipv4.conf.eth0.forwarding=0']],
    },
    truth: {
      words: 'Forwarding is off on eth0 alone: the request of the open flow leaves, and its reply is not forwarded.',
      causes: [
        { code: 'vanished-forwarding-off', words: ['eth0'] },
        { code: 'reply-dropped', words: ['forwarding is off', 'eth0'] },
      ],
      status: ['lost', 'reply-lost'],
    },
    mend: [['node', 'sysctl -w net.ipv4.conf.eth0.forwarding=1']],
  },
  NETMAP,
  {
    ...UPLINK,
    name: 'near-mark-is-restored-in-output-alone',
    setup: [
      [
        'host',
        'iptables -t mangle -A PREROUTING -i eth1 -m conntrack --ctstate NEW -j CONNMARK --set-mark 1; iptables -t mangle -A OUTPUT -j CONNMARK --restore-mark; ip rule add fwmark 1 lookup 1001',
      ],
    ],
    truth: {
      ...UPLINK.truth,
      words: "The connection's mark is given back to what the host sends itself, and not to what a container replies.",
      causes: [...UPLINK.truth.causes, { code: 'mark-missing' }],
    },
    mend: [['host', 'iptables -t mangle -A PREROUTING -i docker0 -j CONNMARK --restore-mark']],
  },
  {
    ...UPLINK,
    name: 'near-mark-is-restored-and-no-rule-reads-it',
    setup: [
      [
        'host',
        'iptables -t mangle -A PREROUTING -i eth1 -m conntrack --ctstate NEW -j CONNMARK --set-mark 1; iptables -t mangle -A PREROUTING -i docker0 -j CONNMARK --restore-mark; ip rule add from 203.0.113.1 lookup 1001',
      ],
    ],
    truth: {
      ...UPLINK.truth,
      words: 'The reply has the mark of eth1, and no routing rule asks for it.',
    },
    mend: [['host', 'ip rule add fwmark 1 lookup 1001']],
  },
  {
    ...UPLINK,
    name: 'near-mark-leads-back-by-the-second-uplink',
    setup: [
      [
        'host',
        'iptables -t mangle -A PREROUTING -i eth1 -m conntrack --ctstate NEW -j CONNMARK --set-mark 1; iptables -t mangle -A PREROUTING -i docker0 -j CONNMARK --restore-mark; ip rule add fwmark 1 lookup 1001; ip rule add from 203.0.113.1 lookup 1001',
      ],
    ],
    seen: 'answered',
    truth: { words: 'Nothing is wrong.', causes: [], status: ['answered'] },
    mend: [['host', 'true']],
  },
  {
    name: 'near-forwarding-goes-off-before-the-first-reply',
    thread: OFF.thread,
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['192.168.5.10/24'] }, routes: ['default via 192.168.5.1'] },
      router: {
        addresses: { lan: ['192.168.5.1/24'], wan: ['10.5.0.1/24'] },
        sysctls: { 'net.ipv4.ip_forward': '1' },
        listeners: [{ protocol: 'tcp', port: 22 }],
        rules: {
          nft: `table inet filter {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "lan" accept
  }
}
`,
        },
      },
      // takes its time
      server: {
        addresses: { eth0: ['10.5.0.9/24'] },
        routes: ['default via 10.5.0.1'],
        rules: {
          nft: 'table ip slow {\n  chain input { type filter hook input priority filter; policy accept; udp dport 53 drop; }\n}\n',
        },
      },
    },
    links: [
      ['client:eth0', 'router:lan'],
      ['router:wan', 'server:eth0'],
    ],
    traced: 'router',
    earlier: {
      sendings: [{ from: 'client', what: 'udp', to: '10.5.0.9', port: 53, sport: 40500 }],
      change: [
        ['router', 'sysctl -qw net.ipv4.ip_forward=0'],
        ['server', 'nft flush ruleset'],
        [
          'client',
          `python3 -c "import socket
s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.bind(('0.0.0.0',40500))
while True:
  d,who=s.recvfrom(2000); s.sendto(d,who)" >/dev/null 2>&1 &
for i in $(seq 100); do ss -lnu | grep -q :40500 && break; sleep .1; done`,
        ],
      ],
    },
    fails: { from: 'server', what: 'udp', to: '192.168.5.10', port: 40500, sport: 53 },
    seen: 'nothing',
    looksAt: { protocol: 'udp', dst: '10.5.0.9' },
    others: [{ sending: { from: 'client', what: 'tcp', to: '192.168.5.1', port: 22 }, seen: 'answered' }],
    truth: {
      words: "The router had forwarded the client's request, and forwarding was off when the reply came.",
      causes: [{ code: 'vanished-forwarding-off' }],
      status: ['lost', 'reply-lost'],
    },
    mend: [['router', 'sysctl -w net.ipv4.ip_forward=1']],
  },
  {
    ...PROXY,
    name: 'near-transparent-proxy-on-a-router-of-nft',
    backend: 'nft',
    hosts: {
      ...PROXY.hosts,
      host: {
        ...PROXY.hosts.host,
        rules: NFT_ROUTER,
      },
    },
    others: [{ sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'answered' }],
    mend: [
      [
        'host',
        `nft 'add table ip tp; add chain ip tp pre { type filter hook prerouting priority mangle; }; add rule ip tp pre iifname "br-tracker" udp sport 8080 socket transparent 1 meta mark set 1'; ${LOCAL_TABLE}`,
      ],
    ],
  },
  {
    ...PROXY,
    name: 'near-transparent-proxy-of-tcp',
    hosts: {
      ...PROXY.hosts,
      host: { ...PROXY.hosts.host, rules: NFT_ROUTER },
      tracker: { ...PROXY.hosts.tracker, listeners: [{ protocol: 'tcp', port: 8080 }] },
    },
    backend: 'nft',
    setup: [
      [
        'host',
        `python3 -c "import socket
s=socket.socket(); s.setsockopt(1,2,1); s.bind(('192.0.2.1',8181)); s.listen(9)
while True:
  c,who=s.accept()
  o=socket.socket(); o.setsockopt(0,19,1); o.settimeout(1); o.bind((who[0],0))
  try: o.connect(('172.16.239.10',8080))
  except OSError: pass
  o.close(); c.close()" >/dev/null 2>&1 &
for i in $(seq 100); do ss -lnt | grep -q :8181 && break; sleep .1; done`,
      ],
    ],
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8181 },
    // by the proxy, which gets nothing itself
    seen: 'answered',
    looksAt: { protocol: 'tcp', dst: '172.16.239.10' },
    others: [],
    truth: {
      ...PROXY.truth,
      words:
        "nginx asks the container from its client's address. The kernel finds its socket for the container's SYN-ACK, but no local route: it drops what would be forwarded and has a socket.",
      status: ['reply-lost', 'unanswered'],
    },
    mend: [['host', 'true']],
  },
  {
    ...NETMAP,
    name: 'near-netmap-beside-the-forward',
    fails: { from: 'client', what: 'tcp', to: '10.77.0.80', port: 22 },
    seen: 'answered',
    others: [],
    truth: { words: 'Nothing is wrong.', causes: [], status: ['answered'] },
    mend: [['host', 'true']],
  },
  {
    ...NETMAP,
    name: 'near-dnat-without-a-filter-table',
    hosts: {
      ...NETMAP.hosts,
      host: {
        ...NETMAP.hosts.host,
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 10.77.0.80/32 -i eth0 -p tcp -m tcp --dport 22 -j DNAT --to-destination 192.168.1.80
COMMIT
`,
        },
      },
    },
    fails: { from: 'client', what: 'tcp', to: '10.77.0.80', port: 22 },
    seen: 'answered',
    others: [],
    truth: { words: 'Nothing is wrong.', causes: [], status: ['answered'] },
    mend: [['host', 'true']],
  },
  {
    ...NETMAP,
    name: 'near-netmap-with-a-default-route',
    setup: [['host', 'ip route add default via 192.0.2.9']],
    fails: { from: 'client', what: 'tcp', to: '10.77.0.80', port: 22 },
    seen: 'answered',
    others: [],
    truth: { words: 'Nothing is wrong.', causes: [], status: ['answered'] },
    mend: [['host', 'true']],
  },
]
