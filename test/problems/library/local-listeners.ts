/** Programs of the node itself: which socket takes a packet, and who may come. */
import { bridged, clientAndServer, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const NAT = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'

export const LOCAL_LISTENERS: Problem[] = [
  {
    name: 'microk8s-api-listens-on-ipv6-alone',
    thread: {
      title: 'microk8s service not starting on dual stack debian - kubelite just binds to tcp6',
      address: 'https://github.com/canonical/microk8s/issues/4338',
    },
    backend: 'iptables-nft',
    ...clientAndServer({
      sysctls: { 'net.ipv6.bindv6only': '1' },
      listeners: [
        { protocol: 'tcp', address: '::', port: 16443 },
        { protocol: 'tcp', port: 22 },
      ],
      rules: {
        v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-FIREWALL - [0:0]
-A INPUT -j KUBE-FIREWALL
-A OUTPUT -j KUBE-FIREWALL
-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment "block incoming localnet connections" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
COMMIT
`,
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 16443 },
    seen: 'refused',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 16443 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words: 'The program listens on [::]:16443 for IPv6 alone, because bindv6only is 1: no socket takes IPv4.',
      causes: [{ code: 'closed-port', words: ['IPv6 only'] }],
      status: ['refused'],
    },
    mend: [
      [
        'server',
        'setsid socat TCP4-LISTEN:16443,fork,reuseaddr EXEC:cat >/dev/null 2>&1 </dev/null & for i in $(seq 50); do ss -4Hltn sport = :16443 | grep -q . && exit 0; sleep 0.1; done; exit 1',
      ],
    ],
  },
  {
    name: 'kube-nodeport-of-loopback-in-ipv6',
    thread: {
      title: 'Connect to [::1]:nodeport does not work',
      address: 'https://github.com/kubernetes/kubernetes/issues/90236',
    },
    backend: 'iptables-nft',
    hosts: {
      node: {
        addresses: { eth0: ['2001:db8:1::1/64'], veth1: ['fd00:244::1/64'] },
        sysctls: { 'net.ipv6.conf.all.forwarding': '1', 'net.ipv4.conf.all.route_localnet': '1' },
        rules: {
          v6: `*nat
${NAT}:KUBE-MARK-MASQ - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SEP-6XWEB - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-6XWEB - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-NODEPORTS -p tcp -m comment --comment "default/web" -m tcp --dport 30080 -j KUBE-MARK-MASQ
-A KUBE-NODEPORTS -p tcp -m comment --comment "default/web" -m tcp --dport 30080 -j KUBE-SVC-6XWEB
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE
-A KUBE-SEP-6XWEB -p tcp -m comment --comment "default/web" -m tcp -j DNAT --to-destination [fd00:244::2]:80
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-SVC-6XWEB -m comment --comment "default/web" -j KUBE-SEP-6XWEB
COMMIT
`,
        },
      },
      client: { addresses: { eth0: ['2001:db8:1::9/64'] } },
      pod: {
        addresses: { eth0: ['fd00:244::2/64'] },
        routes: ['default via fd00:244::1'],
        listeners: [{ protocol: 'tcp', address: 'fd00:244::2', port: 80 }],
      },
    },
    links: [
      ['client:eth0', 'node:eth0'],
      ['node:veth1', 'pod:eth0'],
    ],
    traced: 'node',
    fails: { from: 'node', what: 'tcp', to: '::1', port: 30080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'node', what: 'tcp', to: '2001:db8:1::1', port: 30080 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 30080 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The reply arrives from the pod, conntrack restores its destination to ::1, and the kernel accepts no packet for ::1 from another interface than lo. IPv6 has no route_localnet.',
      causes: [
        { code: 'reply-dropped', words: ['::1'] },
        // where the reply itself is captured
        { code: 'vanished-no-route', words: ['::1'] },
      ],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [
      [
        'node',
        'ip6tables -t nat -I OUTPUT -d ::1/128 -j RETURN; setsid socat TCP6-LISTEN:30080,bind=[::1],fork,reuseaddr TCP6:[fd00:244::2]:80 >/dev/null 2>&1 </dev/null & for i in $(seq 50); do ss -6Hltn sport = :30080 | grep -q . && exit 0; sleep 0.1; done; exit 1',
      ],
    ],
  },
  {
    name: 'dfw-two-negated-sources-drop-each-other',
    thread: {
      title: 'Question: Support for multiple input addresses?',
      address: 'https://github.com/pitkley/dfw/issues/89',
    },
    backend: 'iptables-nft',
    ...bridged(
      'br-mail',
      '172.18.0.1/16',
      {
        listeners: [{ protocol: 'tcp', port: 22 }],
        rules: {
          v4: `*nat
${NAT}:DFWRS_PREROUTING - [0:0]
-A PREROUTING -j DFWRS_PREROUTING
-A DFWRS_PREROUTING -d 192.0.2.1/32 -p tcp -m tcp --dport 25 -j DNAT --to-destination 172.18.0.2:25
-A DFWRS_PREROUTING -d 192.0.2.1/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 172.18.0.2:80
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DFWRS_FORWARD - [0:0]
-A FORWARD -j DFWRS_FORWARD
-A DFWRS_FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A DFWRS_FORWARD ! -s 198.51.100.0/24 -p tcp -m tcp --dport 25 -j DROP
-A DFWRS_FORWARD ! -s 192.0.2.9/32 -p tcp -m tcp --dport 25 -j DROP
-A DFWRS_FORWARD -d 172.18.0.2/32 -o br-mail -p tcp -m tcp --dport 25 -j ACCEPT
-A DFWRS_FORWARD -d 172.18.0.2/32 -o br-mail -p tcp -m tcp --dport 80 -j ACCEPT
COMMIT
`,
        },
      },
      { listeners: [{ protocol: 'tcp', port: 25 }, ...WEB] },
    ),
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 25 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words: 'Each of the two rules drops what the other one spares: no source passes both.',
      causes: [
        { rule: '! -s 198.51.100.0/24', chain: 'filter DFWRS_FORWARD' },
        { rule: '! -s 192.0.2.9/32', chain: 'filter DFWRS_FORWARD' },
      ],
      status: ['dropped'],
    },
    mend: [['host', 'iptables -I DFWRS_FORWARD 2 -s 192.0.2.9/32 -p tcp -m tcp --dport 25 -j ACCEPT']],
  },
]
