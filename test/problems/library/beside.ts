/** What happens beside IP's chains: bridges, sockets, helpers, IPsec, settings of the kernel. */
import { bridged, clientAndServer, homeRouter, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

/** A node whose bridge has a second container, c2, at 10.244.0.3, behind a Service. */
export function twoPods(callIptables: '0' | '1'): Pick<Problem, 'hosts' | 'links' | 'traced'> {
  const { hosts, links, traced } = bridged('cni0', '10.244.0.1/24', {
    sysctls: { 'net.bridge.bridge-nf-call-iptables': callIptables },
    rules: {
      v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SEP-4NT2RX7BWKQ5VHYD - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-LOLE4ISW44XBNF3G - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE
-A KUBE-SERVICES -d 10.96.0.80/32 -p tcp -m comment --comment "default/web cluster IP" -m tcp --dport 80 -j KUBE-SVC-LOLE4ISW44XBNF3G
-A KUBE-SVC-LOLE4ISW44XBNF3G ! -s 10.244.0.0/16 -d 10.96.0.80/32 -p tcp -m comment --comment "default/web cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ
-A KUBE-SVC-LOLE4ISW44XBNF3G -m comment --comment "default/web -> 10.244.0.3:80" -j KUBE-SEP-4NT2RX7BWKQ5VHYD
-A KUBE-SEP-4NT2RX7BWKQ5VHYD -s 10.244.0.3/32 -m comment --comment "default/web" -j KUBE-MARK-MASQ
-A KUBE-SEP-4NT2RX7BWKQ5VHYD -p tcp -m comment --comment "default/web" -m tcp -j DNAT --to-destination 10.244.0.3:80
COMMIT
`,
    },
  })
  return {
    hosts: {
      ...hosts,
      host: { ...hosts.host, bridges: { cni0: ['veth1', 'veth2'] } },
      c2: { addresses: { eth0: ['10.244.0.3/24'] }, routes: ['default via 10.244.0.1'], listeners: WEB },
    },
    links: [...links, ['host:veth2', 'c2:eth0']],
    traced,
  }
}

/**
 * A control connection's server, which gives one answer to all that is asked; it runs until the lab ends. Conntrack's
 * helper reads what stands behind a line's end, so not the first line of a connection.
 */
export const ftpServer = (answer: string) => `python3 -c "import socket,threading
def serve(c):
  c.send(b'220 ready\\r\\n')
  while c.recv(99): c.send(b'${answer}\\r\\n')
s=socket.create_server(('',21))
while True: threading.Thread(target=serve,args=(s.accept()[0],),daemon=True).start()" >/dev/null 2>&1 &
for i in $(seq 100); do ss -lnt | grep -q :21 && break; sleep .1; done`

/** A client that says where it awaits data, or asks where to fetch it, and does so anew each half second. */
export const ftpClient = (server: string, request: string) => `python3 -c "import socket,time
while True:
  c=socket.create_connection(('${server}',21)); c.recv(99); c.send(b'USER x\\r\\n'); c.recv(99); c.send(b'${request}\\r\\n'); c.recv(99); time.sleep(.5); c.close()" >/dev/null 2>&1 &
sleep 1`

export const BESIDE: Problem[] = [
  {
    name: 'kube-bridge-nf-call-off',
    thread: {
      title: 'Unstable service ip access from another pod',
      address: 'https://github.com/kubernetes/kubernetes/issues/38802',
    },
    backend: 'iptables-legacy',
    ...twoPods('0'),
    fails: { from: 'c1', what: 'tcp', to: '10.96.0.80', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'host', what: 'tcp', to: '10.96.0.80', port: 80 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'tcp', to: '10.244.0.3', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words: 'The reply crosses the bridge without meeting conntrack, so nobody rewrites its source back.',
      causes: [{ code: 'bridge-nf-call' }],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [['host', 'sysctl -w net.bridge.bridge-nf-call-iptables=1']],
  },
  {
    name: 'kube-bridge-nf-call-off-nft',
    thread: {
      title: 'Local service-pod access needs net.bridge.bridge-nf-call-iptables=1',
      address: 'https://github.com/kelseyhightower/kubernetes-the-hard-way/issues/561',
    },
    backend: 'iptables-nft',
    ...twoPods('0'),
    fails: { from: 'c1', what: 'tcp', to: '10.96.0.80', port: 80 },
    seen: 'nothing',
    others: [{ sending: { from: 'host', what: 'tcp', to: '10.96.0.80', port: 80 }, seen: 'answered' }],
    truth: {
      words: 'The reply crosses the bridge without meeting conntrack, so nobody rewrites its source back.',
      causes: [{ code: 'bridge-nf-call' }],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [['host', 'sysctl -w net.bridge.bridge-nf-call-iptables=1']],
  },
  {
    name: 'redirect-to-loopback-only',
    thread: {
      title: 'Further clarify local_ip config with sockifying router',
      address: 'https://github.com/darkk/redsocks/pull/137',
    },
    backend: 'iptables-legacy',
    ...clientAndServer({
      listeners: [
        { protocol: 'tcp', address: '127.0.0.1', port: 8080 },
        { protocol: 'tcp', port: 22 },
      ],
      rules: {
        v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080
COMMIT
`,
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 },
    seen: 'refused',
    others: [{ sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' }],
    truth: {
      words: 'REDIRECT leads to the address of the interface, and the program listens on 127.0.0.1 only.',
      causes: [{ code: 'closed-port', words: ['127.0.0.1:8080'] }],
      status: ['refused'],
      alsoTrue: ['refused-here'],
    },
    mend: [
      [
        'server',
        'sysctl -qw net.ipv4.conf.eth0.route_localnet=1; iptables -t nat -R PREROUTING 1 -p tcp --dport 80 -j DNAT --to-destination 127.0.0.1:8080',
      ],
    ],
  },
  {
    name: 'echo-ignored',
    thread: {
      title: 'Pings on the internal network to the firewall server are being blocked.',
      address: 'https://github.com/arno-iptables-firewall/aif/issues/94',
    },
    backend: 'nft',
    ...clientAndServer({
      sysctls: { 'net.ipv4.icmp_echo_ignore_all': '1' },
      listeners: [{ protocol: 'tcp', port: 22 }],
    }),
    fails: { from: 'client', what: 'ping', to: '192.0.2.1' },
    seen: 'nothing',
    others: [{ sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' }],
    truth: {
      words: 'The kernel answers no echo request, as a setting says.',
      causes: [{ code: 'echo-ignored', words: ['net.ipv4.icmp_echo_ignore_all'] }],
      status: ['unanswered'],
    },
    mend: [['server', 'sysctl -w net.ipv4.icmp_echo_ignore_all=0']],
  },
  {
    name: 'ftp-helper-not-assigned',
    thread: {
      title: 'Active FTP no longer works (kernel 6.x removed automatic connection tracking helpers)',
      address: 'https://github.com/firewalld/firewalld/issues/1049',
    },
    backend: 'iptables-legacy',
    ...homeRouter(
      {
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan -o wan -p tcp -m tcp --dport 21 -j ACCEPT
COMMIT
`,
        },
      },
      { pc: { listeners: [{ protocol: 'tcp', port: 40123 }] }, remote: { routes: ['192.168.1.0/24 via 203.0.113.1'] } },
    ),
    setup: [
      ['remote', ftpServer('200 PORT command successful')],
      ['pc', ftpClient('203.0.113.9', 'PORT 192,168,1,10,156,187')],
    ],
    fails: { from: 'remote', what: 'tcp', to: '192.168.1.10', port: 40123 },
    seen: 'nothing',
    others: [{ sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 22 }, seen: 'nothing' }],
    truth: {
      words: 'No helper reads the control connection, so the data connection is new to conntrack.',
      causes: [{ code: 'helper-missing', words: ['ftp'] }],
      status: ['dropped'],
    },
    mend: [['router', 'iptables -A FORWARD -i wan -p tcp --dport 40123 -j ACCEPT']],
  },
  {
    name: 'ftp-passive-helper-not-assigned',
    thread: {
      title: 'shorewall: load Connection Tracking helpers',
      address: 'https://github.com/NethServer/dev/issues/5279',
    },
    backend: 'nft',
    ...homeRouter(
      {
        rules: {
          nft: `table inet fw {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "wan" ip daddr 192.168.1.10 tcp dport 21 accept
  }
}
`,
        },
      },
      { pc: { listeners: [{ protocol: 'tcp', port: 30400 }] }, remote: { routes: ['192.168.1.0/24 via 203.0.113.1'] } },
    ),
    setup: [
      ['pc', ftpServer('227 Entering Passive Mode (192,168,1,10,118,192).')],
      ['remote', ftpClient('192.168.1.10', 'PASV')],
    ],
    fails: { from: 'remote', what: 'tcp', to: '192.168.1.10', port: 30400 },
    seen: 'nothing',
    others: [{ sending: { from: 'remote', what: 'tcp', to: '192.168.1.10', port: 22 }, seen: 'nothing' }],
    truth: {
      words: 'No helper reads the control connection, so the data connection is new to conntrack.',
      causes: [{ code: 'helper-missing', words: ['ftp'] }],
      status: ['dropped'],
    },
    mend: [['router', 'nft insert rule inet fw forward tcp dport 30400 accept']],
  },
  {
    name: 'ipsec-policy-left-over',
    thread: {
      title: 'xfrm out %trap policy lingers after connection goes down',
      address: 'https://github.com/libreswan/libreswan/issues/1086',
    },
    backend: 'iptables-legacy',
    ...homeRouter(
      {
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
`,
        },
      },
      { remote: { listeners: WEB, routes: ['192.168.1.0/24 via 203.0.113.1'] } },
    ),
    setup: [
      [
        'router',
        'ip xfrm policy add src 192.168.1.0/24 dst 203.0.113.9/32 dir out tmpl src 203.0.113.1 dst 203.0.113.9 proto esp mode tunnel reqid 1',
      ],
    ],
    fails: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 80 },
    seen: 'nothing',
    others: [{ sending: { from: 'router', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' }],
    truth: {
      words: 'A policy asks for an association that is gone, and the kernel drops what it is for.',
      causes: [{ code: 'ipsec-no-state', words: ['192.168.1.0/24', 'dir out'] }],
      status: ['lost'],
    },
    mend: [['router', 'ip xfrm policy deleteall']],
  },
]
