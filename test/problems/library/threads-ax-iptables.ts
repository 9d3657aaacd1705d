/** By iptables-nft, from threads: a service's source chosen before its DNAT, pods of a dual stack, a ban of the gateway; and marks of a policy that are healthy. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTP = { protocol: 'tcp', port: 80 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const API = { protocol: 'tcp', port: 6443 } as const

export const THREADS_AX_IPTABLES: Problem[] = [
  {
    name: 'node-asks-a-service-with-the-address-of-its-outer-interface',
    thread: {
      title: 'kube-proxy iptables asymmetric routing on bare metal multi interface',
      address: 'https://github.com/kubernetes/kubernetes/issues/101910',
    },
    backend: 'iptables-nft',
    hosts: {
      outer: { addresses: { eth0: ['203.0.113.254/24'] }, listeners: [HTTPS] },
      worker: {
        addresses: { ext: ['203.0.113.12/24'], int: ['10.10.10.12/24'] },
        routes: ['default via 203.0.113.254'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SEP-OJTUAWRS4ZQWCYFI - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-NPX46M4PTMTKRN6Y - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
-A KUBE-SEP-OJTUAWRS4ZQWCYFI -s 10.10.10.1/32 -m comment --comment "default/kubernetes:https" -j KUBE-MARK-MASQ
-A KUBE-SEP-OJTUAWRS4ZQWCYFI -p tcp -m comment --comment "default/kubernetes:https" -m tcp -j DNAT --to-destination 10.10.10.1:6443
-A KUBE-SERVICES -d 10.96.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-SVC-NPX46M4PTMTKRN6Y
-A KUBE-SVC-NPX46M4PTMTKRN6Y -m comment --comment "default/kubernetes:https" -j KUBE-SEP-OJTUAWRS4ZQWCYFI
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`,
        },
      },
      master: { addresses: { int: ['10.10.10.1/24'] }, listeners: [API, HTTP] },
    },
    links: [
      ['outer:eth0', 'worker:ext'],
      ['worker:int', 'master:int'],
    ],
    traced: 'worker',
    fails: { from: 'worker', what: 'tcp', to: '10.96.0.1', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'worker', what: 'tcp', to: '10.10.10.1', port: 6443 }, seen: 'answered' },
      { sending: { from: 'worker', what: 'tcp', to: '203.0.113.254', port: 443 }, seen: 'answered' },
      { sending: { from: 'outer', what: 'tcp', to: '203.0.113.12', port: 22 }, seen: 'answered' },
      { sending: { from: 'outer', what: 'tcp', to: '203.0.113.12', port: 6443 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The source is chosen by the route to the service's address, which is the default route: it is the outer address. The rewritten request leaves by the inner interface with it, nothing masquerades it, and the API server has no route back.",
      causes: [
        { code: 'not-masqueraded' },
        { code: 'reply-by-other-uplink' },
        { code: 'wrong-way-out' },
        { chain: 'nat POSTROUTING' },
      ],
      status: ['unanswered', 'reply-lost'],
      alsoTrue: ['no-reply', 'unanswered'],
    },
    mend: [['worker', 'ip route add 10.96.0.0/12 dev int']],
  },
  {
    name: 'k3s-pods-of-a-dual-stack-leave-with-their-own-sixes',
    thread: {
      title: 'Pods inside Dual-stack K3s cannot reach public IPv6 addresses',
      address: 'https://github.com/k3s-io/k3s/issues/9166',
    },
    backend: 'iptables-nft',
    hosts: {
      internet: {
        addresses: { eth0: ['203.0.113.9/24', '2001:db8:f::9/64'] },
        listeners: [HTTPS, { ...HTTPS, address: '::' }],
      },
      node: {
        addresses: {
          ens3: ['203.0.113.1/24', '2001:db8:f::1/64'],
          cni0: ['10.42.0.1/24', 'fd00:42::1/64'],
        },
        bridges: { cni0: ['veth1', 'veth2'] },
        routes: ['default via 203.0.113.9', 'default via 2001:db8:f::9'],
        sysctls: {
          ...FORWARDS,
          'net.bridge.bridge-nf-call-iptables': '0',
          'net.bridge.bridge-nf-call-ip6tables': '0',
        },
        listeners: [SSH],
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:FLANNEL-POSTRTG - [0:0]
-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
-A FLANNEL-POSTRTG -s 10.42.0.0/24 -d 10.42.0.0/16 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.42.0.0/16 -d 10.42.0.0/24 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.42.0.0/16 ! -d 224.0.0.0/4 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:FLANNEL-FWD - [0:0]
-A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
-A FLANNEL-FWD -s 10.42.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
-A FLANNEL-FWD -d 10.42.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
COMMIT
`,
          v6: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:FLANNEL-FWD - [0:0]
:KUBE-ROUTER-FORWARD - [0:0]
-A FORWARD -m comment --comment "kube-router netpol" -j KUBE-ROUTER-FORWARD
-A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
-A FLANNEL-FWD -s fd00:42::/56 -m comment --comment "flanneld forward" -j ACCEPT
-A FLANNEL-FWD -d fd00:42::/56 -m comment --comment "flanneld forward" -j ACCEPT
-A KUBE-ROUTER-FORWARD -d fd00:42::3/128 -p tcp -m tcp --dport 80 -m comment --comment "rule to REJECT traffic destined for POD name:db namespace: default" -j REJECT --reject-with icmp6-port-unreachable
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-POSTROUTING - [0:0]
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
COMMIT
`,
        },
      },
      pod: {
        addresses: { eth0: ['10.42.0.2/24', 'fd00:42::2/64'] },
        routes: ['default via 10.42.0.1', 'default via fd00:42::1'],
      },
      db: {
        addresses: { eth0: ['10.42.0.3/24', 'fd00:42::3/64'] },
        routes: ['default via 10.42.0.1', 'default via fd00:42::1'],
        listeners: [{ ...HTTP, address: '::' }],
      },
    },
    links: [
      ['internet:eth0', 'node:ens3'],
      ['node:veth1', 'pod:eth0'],
      ['node:veth2', 'db:eth0'],
    ],
    traced: 'node',
    setup: [['internet', 'ip -6 route add fd00:42::3/128 via 2001:db8:f::1']],
    fails: { from: 'pod', what: 'tcp', to: '2001:db8:f::9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pod', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '2001:db8:f::9', port: 443 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: 'fd00:42::3', port: 80 }, seen: 'answered' },
      { sending: { from: 'internet', what: 'tcp', to: 'fd00:42::3', port: 80 }, seen: 'refused' },
    ],
    truth: {
      words:
        'The packets of the pod leave with its own address, which is a unique local one: no rule of IPv6 masquerades it, and whoever is asked has no route back.',
      causes: [{ code: 'not-masqueraded' }, { chain: 'nat POSTROUTING' }],
      status: ['unanswered'],
      alsoTrue: ['no-reply', 'unanswered'],
    },
    mend: [['node', 'ip6tables -t nat -A POSTROUTING -s fd00:42::/56 ! -d fd00:42::/56 -o ens3 -j MASQUERADE']],
  },
  {
    name: 'fail2ban-in-a-container-bans-the-gateway-that-all-come-from',
    thread: {
      title: 'Fail2Ban blocks an internal Docker IP',
      address: 'https://github.com/linuxserver/docker-swag/issues/148',
    },
    backend: 'iptables-nft',
    hosts: {
      visitor: { addresses: { eth0: ['203.0.113.9/24'] } },
      host: {
        addresses: { eth0: ['203.0.113.1/24'], br0: ['172.18.0.1/16'] },
        bridges: { br0: ['veth1', 'veth2'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i eth0 -p tcp -m tcp --dport 443 -j DNAT --to-destination 172.18.0.2:443
-A PREROUTING -i eth0 -p tcp -m tcp --dport 8096 -j DNAT --to-destination 172.18.0.2:8096
-A POSTROUTING -d 172.18.0.0/16 -o br0 -j MASQUERADE
COMMIT
`,
        },
      },
      swag: {
        addresses: { eth0: ['172.18.0.2/16'] },
        routes: ['default via 172.18.0.1'],
        listeners: [HTTP, HTTPS, { protocol: 'tcp', port: 8096 }],
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:f2b-nginx-badbots - [0:0]
:f2b-nginx-botsearch - [0:0]
:f2b-nginx-http-auth - [0:0]
-A INPUT -p tcp -m multiport --dports 80,443 -j f2b-nginx-http-auth
-A INPUT -p tcp -m multiport --dports 80,443 -j f2b-nginx-botsearch
-A INPUT -p tcp -m multiport --dports 80,443 -j f2b-nginx-badbots
-A f2b-nginx-badbots -s 172.18.0.66/32 -j REJECT --reject-with icmp-port-unreachable
-A f2b-nginx-badbots -j RETURN
-A f2b-nginx-botsearch -s 172.18.0.1/32 -j REJECT --reject-with icmp-port-unreachable
-A f2b-nginx-botsearch -j RETURN
-A f2b-nginx-http-auth -j RETURN
COMMIT
`,
        },
      },
      neighbour: { addresses: { eth0: ['172.18.0.3/16', '172.18.0.66/16'] } },
    },
    links: [
      ['visitor:eth0', 'host:eth0'],
      ['host:veth1', 'swag:eth0'],
      ['host:veth2', 'neighbour:eth0'],
    ],
    traced: 'swag',
    setup: [
      [
        'neighbour',
        'ip route add 172.18.0.2 dev eth0 src 172.18.0.66; ip rule add dport 8096 lookup 7; ip route add 172.18.0.2 dev eth0 src 172.18.0.3 table 7',
      ],
    ],
    fails: { from: 'visitor', what: 'tcp', to: '203.0.113.1', port: 443 },
    seen: 'refused',
    looksAt: { protocol: 'tcp', dst: '172.18.0.2', dport: 443 },
    others: [
      { sending: { from: 'visitor', what: 'tcp', to: '203.0.113.1', port: 8096 }, seen: 'answered' },
      { sending: { from: 'neighbour', what: 'tcp', to: '172.18.0.2', port: 8096 }, seen: 'answered' },
      { sending: { from: 'neighbour', what: 'tcp', to: '172.18.0.2', port: 443 }, seen: 'refused' },
      { sending: { from: 'visitor', what: 'ping', to: '203.0.113.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        "The host masquerades what it forwards to the container, so all visitors come from the bridge's address. fail2ban has banned this address for one of them.",
      causes: [{ rule: '172.18.0.1', chain: 'filter f2b-nginx-botsearch' }],
      status: ['rejected'],
    },
    mend: [['swag', 'iptables -D f2b-nginx-botsearch -s 172.18.0.1/32 -j REJECT --reject-with icmp-port-unreachable']],
  },
  {
    name: 'healthy-mark-of-a-policy-accepts-before-the-drop-behind-it',
    thread: {
      title: 'Default ACCEPT rule with network policy',
      address: 'https://github.com/cloudnativelabs/kube-router/issues/1453',
    },
    backend: 'iptables-nft',
    hosts: {
      far: { addresses: { eth0: ['10.42.1.9/24'] }, routes: ['default via 10.42.1.1'] },
      node: {
        addresses: { eth0: ['10.42.1.1/24'], veth1: ['10.42.0.1/24'], veth2: ['10.42.2.1/24'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-FORWARD - [0:0]
:KUBE-NWPLCY-DEFAULT - [0:0]
:KUBE-NWPLCY-IZWFE4DBLOCVCHTE - [0:0]
:KUBE-POD-FW-TT2IUJ4CPAVNDDSJ - [0:0]
:KUBE-ROUTER-FORWARD - [0:0]
-A FORWARD -m comment --comment "kube-router netpol - TEMCG2JMHZYE7H7T" -j KUBE-ROUTER-FORWARD
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -s 10.42.1.0/24 -j DROP
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-NWPLCY-DEFAULT -m comment --comment "rule to mark traffic matching a network policy" -j MARK --set-xmark 0x10000/0x10000
-A KUBE-NWPLCY-IZWFE4DBLOCVCHTE -d 10.42.0.8/32 -p tcp -m comment --comment "rule to mark traffic matching a network policy" -m tcp --dport 80 -j MARK --set-xmark 0x10000/0x10000
-A KUBE-NWPLCY-IZWFE4DBLOCVCHTE -d 10.42.0.8/32 -p tcp -m tcp --dport 80 -m mark --mark 0x10000/0x10000 -j RETURN
-A KUBE-POD-FW-TT2IUJ4CPAVNDDSJ -m comment --comment "rule for stateful firewall for pod" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A KUBE-POD-FW-TT2IUJ4CPAVNDDSJ -d 10.42.0.8/32 -m comment --comment "rule to permit the traffic traffic to pods when source is the pod's local node" -m addrtype --src-type LOCAL -j ACCEPT
-A KUBE-POD-FW-TT2IUJ4CPAVNDDSJ -m comment --comment "run through nw policy web" -j KUBE-NWPLCY-IZWFE4DBLOCVCHTE
-A KUBE-POD-FW-TT2IUJ4CPAVNDDSJ -m comment --comment "rule to REJECT traffic destined for POD name:web namespace: default" -m mark ! --mark 0x10000/0x10000 -j REJECT --reject-with icmp-port-unreachable
-A KUBE-POD-FW-TT2IUJ4CPAVNDDSJ -j MARK --set-xmark 0x0/0x10000
-A KUBE-POD-FW-TT2IUJ4CPAVNDDSJ -m comment --comment "set mark to ACCEPT traffic that comply to network policies" -j MARK --set-xmark 0x20000/0x20000
-A KUBE-ROUTER-FORWARD -d 10.42.0.8/32 -m comment --comment "rule to jump traffic destined to POD name:web namespace: default to chain KUBE-POD-FW-TT2IUJ4CPAVNDDSJ" -j KUBE-POD-FW-TT2IUJ4CPAVNDDSJ
-A KUBE-ROUTER-FORWARD -s 10.42.0.8/32 -m comment --comment "rule to jump traffic from POD name:web namespace: default to chain KUBE-POD-FW-TT2IUJ4CPAVNDDSJ" -j KUBE-POD-FW-TT2IUJ4CPAVNDDSJ
-A KUBE-ROUTER-FORWARD -m comment --comment "rule to explicitly ACCEPT traffic that comply to network policies" -m mark --mark 0x20000/0x20000 -j ACCEPT
COMMIT
`,
        },
      },
      web: {
        addresses: { eth0: ['10.42.0.8/24'] },
        routes: ['default via 10.42.0.1'],
        listeners: [HTTP, { protocol: 'tcp', port: 9000 }],
      },
      batch: { addresses: { eth0: ['10.42.2.7/24'] }, routes: ['default via 10.42.2.1'], listeners: [HTTP] },
    },
    links: [
      ['far:eth0', 'node:eth0'],
      ['node:veth1', 'web:eth0'],
      ['node:veth2', 'batch:eth0'],
    ],
    traced: 'node',
    fails: { from: 'far', what: 'tcp', to: '10.42.0.8', port: 80 },
    seen: 'answered',
    others: [
      { sending: { from: 'far', what: 'tcp', to: '10.42.0.8', port: 9000 }, seen: 'refused' },
      { sending: { from: 'far', what: 'tcp', to: '10.42.2.7', port: 80 }, seen: 'nothing' },
      { sending: { from: 'node', what: 'tcp', to: '10.42.0.8', port: 9000 }, seen: 'answered' },
    ],
    truth: {
      words:
        'Nothing is wrong: the policy marks the request, the chain of the pod replaces the mark, and kube-router accepts by it before the rule that drops this network.',
      causes: [],
      status: ['answered'],
    },
    mend: [['node', 'true']],
  },
]
