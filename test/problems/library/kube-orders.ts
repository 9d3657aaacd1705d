/** Clusters: what a client was given before, sets that are full, and chains that are asked in another order. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const NAT = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'
const FILTER = ':INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n'

const OLD = 'KUBE-SEP-GTIRZ6K5ZFGQV5OY'
const NEW = 'KUBE-SEP-TQPE2XLRCKZ5B7AD'
const SVC = 'KUBE-SVC-ERIFXISQEP7F7OF4'
const sticks = (endpoint: string) =>
  `-m recent --rcheck --seconds 10800 --reap --name ${endpoint} --mask 255.255.255.255 --rsource -j ${endpoint}`
const gives = (endpoint: string, address: string) => `-A ${endpoint} -s ${address}/32 -j KUBE-MARK-MASQ
-A ${endpoint} -p tcp -m recent --set --name ${endpoint} --mask 255.255.255.255 --rsource -m tcp -j DNAT --to-destination ${address}:80
`

const NAMESPACES = [1, 2, 3, 4, 5, 6, 7, 8, 9]
const WEAVE_SETS = `${NAMESPACES.map((n) => `create weave-ns${n} hash:ip family inet hashsize 1024 maxelem 65536\n`).join('')}create weave-web hash:ip family inet hashsize 1024 maxelem 65536
create weave-projects list:set size 8
${NAMESPACES.map((n) => `add weave-ns${n} 10.36.0.${n}\n`).join('')}add weave-web 10.32.0.2
${NAMESPACES.slice(0, 8)
  .map((n) => `add weave-projects weave-ns${n}\n`)
  .join('')}`

export const KUBE_ORDERS: Problem[] = [
  {
    name: 'kube-affinity-keeps-endpoint-not-ready',
    thread: {
      title: 'Service with session affinity cannot isolate the fault appropriately',
      address: 'https://github.com/kubernetes/kubernetes/issues/110302',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] }, routes: ['default via 192.0.2.1'] },
      second: { addresses: { eth0: ['198.51.100.9/24'] }, routes: ['default via 198.51.100.1'] },
      node: {
        bridges: { cni0: ['veth1', 'veth2'] },
        addresses: { eth0: ['192.0.2.1/24'], eth1: ['198.51.100.1/24'], cni0: ['10.244.0.1/24'] },
        sysctls: FORWARDS,
        rules: {
          v4: `*nat
${NAT}:KUBE-MARK-MASQ - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SERVICES - [0:0]
:${SVC} - [0:0]
:${OLD} - [0:0]
:${NEW} - [0:0]
-A PREROUTING -j KUBE-SERVICES
-A OUTPUT -j KUBE-SERVICES
-A POSTROUTING -j KUBE-POSTROUTING
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -j MASQUERADE
-A KUBE-SERVICES -d 10.96.100.1/32 -p tcp -m tcp --dport 80 -j ${SVC}
-A ${SVC} ${sticks(OLD)}
-A ${SVC} ${sticks(NEW)}
-A ${SVC} -j ${NEW}
${gives(OLD, '10.244.0.2')}${gives(NEW, '10.244.0.3')}COMMIT
*filter
${FILTER}:KUBE-FORWARD - [0:0]
-A FORWARD -j KUBE-FORWARD
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
        },
      },
      notready: { addresses: { eth0: ['10.244.0.2/24'] }, routes: ['default via 10.244.0.1'] },
      ready: { addresses: { eth0: ['10.244.0.3/24'] }, routes: ['default via 10.244.0.1'], listeners: WEB },
    },
    links: [
      ['client:eth0', 'node:eth0'],
      ['second:eth0', 'node:eth1'],
      ['node:veth1', 'notready:eth0'],
      ['node:veth2', 'ready:eth0'],
    ],
    traced: 'node',
    setup: [['node', `echo +192.0.2.9 > /proc/net/xt_recent/${OLD}`]],
    fails: { from: 'client', what: 'tcp', to: '10.96.100.1', port: 80 },
    seen: 'refused',
    others: [
      { sending: { from: 'second', what: 'tcp', to: '10.96.100.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '10.244.0.3', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The client was given the first endpoint earlier, and the service keeps it there for three hours after its last attempt, although that endpoint is no longer ready: its other endpoint is never asked.',
      causes: [
        { rule: `--name ${OLD}`, chain: `nat ${SVC}` },
        { rule: '--to-destination 10.244.0.2:80', chain: `nat ${OLD}` },
      ],
      status: ['refused'],
      alsoTrue: ['refused-there', 'refused'],
    },
    mend: [['node', `echo -192.0.2.9 > /proc/net/xt_recent/${OLD}`]],
  },
  {
    name: 'weave-set-of-namespaces-is-full',
    thread: {
      title: 'Weave NPC ipset failed: ipset v6.32: The set is full, more elements cannot be added',
      address: 'https://github.com/weaveworks/weave/issues/3289',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['10.36.0.9/16'] }, routes: ['default via 10.36.0.100'] },
      eighth: { addresses: { eth0: ['10.36.0.8/16'] }, routes: ['default via 10.36.0.100'] },
      node: {
        bridges: { weave: ['vethwepl1'], far: ['eth0', 'eth1'] },
        addresses: { weave: ['10.32.0.1/16'], far: ['10.36.0.100/16'] },
        sysctls: FORWARDS,
        rules: {
          ipset: WEAVE_SETS,
          v4: `*filter
${FILTER}:WEAVE-NPC - [0:0]
:WEAVE-NPC-DEFAULT - [0:0]
:WEAVE-NPC-INGRESS - [0:0]
-A FORWARD -o weave -j WEAVE-NPC
-A FORWARD -o weave -m conntrack --ctstate NEW -j NFLOG --nflog-group 86
-A FORWARD -o weave -j DROP
-A WEAVE-NPC -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A WEAVE-NPC -d 224.0.0.0/4 -j ACCEPT
-A WEAVE-NPC -m conntrack --ctstate NEW -j WEAVE-NPC-DEFAULT
-A WEAVE-NPC -m conntrack --ctstate NEW -j WEAVE-NPC-INGRESS
-A WEAVE-NPC-INGRESS -p tcp -m set --match-set weave-projects src -m set --match-set weave-web dst -m tcp --dport 443 -m comment --comment "namespaces: selector:  -> pods: namespace: domon (ingress)" -j ACCEPT
COMMIT
`,
        },
      },
      web: {
        addresses: { eth0: ['10.32.0.2/16'] },
        routes: ['default via 10.32.0.1'],
        listeners: [...WEB, { protocol: 'tcp', port: 443 }],
      },
    },
    links: [
      ['client:eth0', 'node:eth0'],
      ['eighth:eth0', 'node:eth1'],
      ['node:vethwepl1', 'web:eth0'],
    ],
    traced: 'node',
    fails: { from: 'client', what: 'tcp', to: '10.32.0.2', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'eighth', what: 'tcp', to: '10.32.0.2', port: 443 }, seen: 'answered' },
      { sending: { from: 'eighth', what: 'tcp', to: '10.32.0.2', port: 80 }, seen: 'nothing' },
      { sending: { from: 'client', what: 'tcp', to: '10.32.0.2', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The policy takes the pods of every namespace, and its set of their sets has room for eight: the set of the ninth namespace could not be added.',
      causes: [
        { rule: '--match-set weave-projects src', chain: 'filter WEAVE-NPC-INGRESS' },
        { code: 'not-in-set', words: ['weave-projects'] },
      ],
      status: ['dropped'],
    },
    mend: [
      [
        'node',
        `ipset create weave-more list:set size 16; for n in ${NAMESPACES.join(' ')}; do ipset add weave-more weave-ns$n; done; ipset swap weave-more weave-projects`,
      ],
    ],
  },
  {
    name: 'kube-hostport-takes-port-of-ipvs-service',
    thread: {
      title: 'IPVS is not working with hostport',
      address: 'https://github.com/kubernetes/kubernetes/issues/66103',
    },
    backend: 'iptables-nft',
    hosts: {
      controller: { addresses: { eth0: ['10.244.0.7/24'] }, routes: ['default via 10.244.0.1'] },
      node: {
        bridges: { cni0: ['veth1', 'veth2'] },
        // the address is kube-ipvs0's, and what IPVS carries to the API server is answered here
        addresses: { eth0: ['192.0.2.1/24'], cni0: ['10.244.0.1/24'], lo: ['10.96.0.1/32'] },
        sysctls: FORWARDS,
        listeners: [
          { protocol: 'tcp', address: '10.96.0.1', port: 443 },
          { protocol: 'tcp', port: 6443 },
        ],
        rules: {
          ipset: `create KUBE-CLUSTER-IP hash:ip,port family inet hashsize 1024 maxelem 65536
add KUBE-CLUSTER-IP 10.96.0.1,tcp:443
`,
          v4: `*nat
${NAT}:CNI-HOSTPORT-DNAT - [0:0]
:CNI-HOSTPORT-MASQ - [0:0]
:CNI-HOSTPORT-SETMARK - [0:0]
:CNI-DN-b618f359d5a1c38a30eef - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SERVICES - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "CNI portfwd requiring masquerade" -j CNI-HOSTPORT-MASQ
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A CNI-HOSTPORT-DNAT -p tcp -m multiport --dports 80,443 -j CNI-DN-b618f359d5a1c38a30eef
-A CNI-DN-b618f359d5a1c38a30eef -s 10.244.0.0/24 -p tcp -m tcp --dport 80 -j CNI-HOSTPORT-SETMARK
-A CNI-DN-b618f359d5a1c38a30eef -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.244.0.5:80
-A CNI-DN-b618f359d5a1c38a30eef -s 10.244.0.0/24 -p tcp -m tcp --dport 443 -j CNI-HOSTPORT-SETMARK
-A CNI-DN-b618f359d5a1c38a30eef -p tcp -m tcp --dport 443 -j DNAT --to-destination 10.244.0.5:443
-A CNI-HOSTPORT-MASQ -m mark --mark 0x2000/0x2000 -j MASQUERADE
-A CNI-HOSTPORT-SETMARK -j MARK --set-xmark 0x2000/0x2000
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m mark --mark 0x4000/0x4000 -j MASQUERADE
-A KUBE-SERVICES ! -s 10.244.0.0/16 -m set --match-set KUBE-CLUSTER-IP dst,dst -j KUBE-MARK-MASQ
-A KUBE-SERVICES -m set --match-set KUBE-CLUSTER-IP dst,dst -j ACCEPT
COMMIT
*filter
${FILTER}-A FORWARD -s 10.244.0.0/16 -j ACCEPT
-A FORWARD -d 10.244.0.0/16 -j ACCEPT
COMMIT
`,
        },
      },
      ingress: { addresses: { eth0: ['10.244.0.5/24'] }, routes: ['default via 10.244.0.1'] },
      client: { addresses: { eth0: ['192.0.2.9/24'] }, routes: ['default via 192.0.2.1'] },
    },
    links: [
      ['controller:eth0', 'node:veth1'],
      ['ingress:eth0', 'node:veth2'],
      ['client:eth0', 'node:eth0'],
    ],
    traced: 'node',
    fails: { from: 'controller', what: 'tcp', to: '10.96.0.1', port: 443 },
    seen: 'refused',
    others: [
      { sending: { from: 'controller', what: 'tcp', to: '192.0.2.1', port: 6443 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 443 }, seen: 'refused' },
      { sending: { from: 'controller', what: 'ping', to: '10.96.0.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        'With IPVS the address of a service is an address of the node, so the rule for the host port 443 of the ingress controller, which comes first, takes what is for the API server at 443.',
      causes: [
        { rule: '--to-destination 10.244.0.5:443', chain: 'nat CNI-DN-b618f359d5a1c38a30eef' },
        { rule: '-j CNI-HOSTPORT-DNAT', chain: 'nat PREROUTING' },
        { rule: '--dports 80,443', chain: 'nat CNI-HOSTPORT-DNAT' },
      ],
      status: ['refused'],
      alsoTrue: ['refused-there', 'refused'],
    },
    mend: [
      [
        'node',
        'iptables -t nat -D PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT; iptables -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT',
      ],
    ],
  },
  {
    name: 'calico-loop-prevention-drops-ipvs-services',
    thread: {
      title: 'Fix service loop prevention in IPVS mode.',
      address: 'https://github.com/projectcalico/felix/pull/2554',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: { addresses: { eth0: ['2001:db8:1::2/64'] }, routes: ['default via 2001:db8:1::1'] },
      node: {
        // the address is kube-ipvs0's, and what IPVS carries to the API server is answered here
        addresses: { eth0: ['2001:db8:1::1/64'], lo: ['fd00:10:96::1/128'] },
        sysctls: FORWARDS,
        listeners: [
          { protocol: 'tcp', address: 'fd00:10:96::1', port: 443 },
          { protocol: 'tcp', address: '2001:db8:1::1', port: 6443 },
        ],
        rules: {
          v6: `*filter
${FILTER}:cali-FORWARD - [0:0]
:cali-INPUT - [0:0]
:cali-OUTPUT - [0:0]
:cali-cidr-block - [0:0]
:cali-from-wl-dispatch - [0:0]
:cali-to-wl-dispatch - [0:0]
-A INPUT -j cali-INPUT
-A FORWARD -j cali-FORWARD
-A OUTPUT -j cali-OUTPUT
-A cali-FORWARD -i cali+ -j cali-from-wl-dispatch
-A cali-FORWARD -o cali+ -j cali-to-wl-dispatch
-A cali-FORWARD -j cali-cidr-block
-A cali-INPUT -m mark --mark 0x10000/0x10000 -j ACCEPT
-A cali-OUTPUT -m mark --mark 0x10000/0x10000 -j ACCEPT
-A cali-OUTPUT -o cali+ -j RETURN
-A cali-OUTPUT -j cali-cidr-block
-A cali-cidr-block -d fd00:10:96::/112 -j DROP
-A cali-from-wl-dispatch -j DROP
-A cali-to-wl-dispatch -j DROP
COMMIT
`,
        },
      },
    },
    links: [['client:eth0', 'node:eth0']],
    traced: 'node',
    fails: { from: 'node', what: 'tcp', to: 'fd00:10:96::1', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: 'fd00:10:96::1', port: 443 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '2001:db8:1::1', port: 6443 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: 'fd00:10:96::5', port: 443 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The rule against loops of service addresses stands in OUTPUT, too, and with IPVS the packet still has the address of the service there.',
      causes: [
        { rule: '-d fd00:10:96::/112 -j DROP', chain: 'filter cali-cidr-block' },
        { rule: '-j cali-cidr-block', chain: 'filter cali-OUTPUT' },
      ],
      status: ['dropped'],
    },
    mend: [['node', 'ip6tables -D cali-OUTPUT -j cali-cidr-block']],
  },
]
