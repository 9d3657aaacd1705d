/** Nodes of clusters, from threads: whose policy drops what a CNI bridge forwards, what a policy sees of a balancer's address, node ports opened in the wrong chain, clients inside the cluster's network. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const tcp = (port: number) => ({ protocol: 'tcp', port }) as const
const NAT = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'

/** minikube without a VM, on a machine with Docker: kube-proxy's chains, Docker's, and the bridge plugin's masquerade. */
const MINIKUBE = `*nat
${NAT}:CNI-3f1e8c4bba7b60dbf2b2c7b9 - [0:0]
:DOCKER - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SEP-API - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-API - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A POSTROUTING -s 10.244.0.2/32 -m comment --comment "name: \\"bridge\\" id: \\"9c1b\\"" -j CNI-3f1e8c4bba7b60dbf2b2c7b9
-A CNI-3f1e8c4bba7b60dbf2b2c7b9 -d 10.244.0.0/16 -m comment --comment "name: \\"bridge\\" id: \\"9c1b\\"" -j ACCEPT
-A CNI-3f1e8c4bba7b60dbf2b2c7b9 ! -d 224.0.0.0/4 -m comment --comment "name: \\"bridge\\" id: \\"9c1b\\"" -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
-A KUBE-SEP-API -p tcp -m comment --comment "default/kubernetes:https" -m tcp -j DNAT --to-destination 192.0.2.1:8443
-A KUBE-SERVICES -d 10.96.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-SVC-API
-A KUBE-SVC-API -m comment --comment "default/kubernetes:https -> 192.0.2.1:8443" -j KUBE-SEP-API
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
:KUBE-EXTERNAL-SERVICES - [0:0]
:KUBE-FIREWALL - [0:0]
:KUBE-FORWARD - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-PROXY-FIREWALL - [0:0]
:KUBE-SERVICES - [0:0]
-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A INPUT -m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS
-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A INPUT -j KUBE-FIREWALL
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A OUTPUT -j KUBE-FIREWALL
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
-A DOCKER-USER -j RETURN
-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment "block incoming localnet connections" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`

/** The balancer's address is short-circuited to the ingress pod; the policy allows the address and port of the balancer. */
const CALICO = `*nat
${NAT}:KUBE-EXT-INGRESS - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SEP-INGRESS - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-INGRESS - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-EXT-INGRESS -m comment --comment "masquerade traffic for ingress-nginx-internal/controller:https external destinations" -j KUBE-MARK-MASQ
-A KUBE-EXT-INGRESS -j KUBE-SVC-INGRESS
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-NODEPORTS -p tcp -m comment --comment "ingress-nginx-internal/controller:https" -m tcp --dport 31443 -j KUBE-EXT-INGRESS
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
-A KUBE-SEP-INGRESS -p tcp -m comment --comment "ingress-nginx-internal/controller:https" -m tcp -j DNAT --to-destination 10.244.1.9:8443
-A KUBE-SERVICES -d 10.96.12.40/32 -p tcp -m comment --comment "ingress-nginx-internal/controller:https cluster IP" -m tcp --dport 443 -j KUBE-SVC-INGRESS
-A KUBE-SERVICES -d 10.40.0.13/32 -p tcp -m comment --comment "ingress-nginx-internal/controller:https loadbalancer IP" -m tcp --dport 443 -j KUBE-EXT-INGRESS
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-SVC-INGRESS -m comment --comment "ingress-nginx-internal/controller:https -> 10.244.1.9:8443" -j KUBE-SEP-INGRESS
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-FORWARD - [0:0]
:cali-FORWARD - [0:0]
:cali-from-wl-dispatch - [0:0]
:cali-fw-cali1 - [0:0]
:cali-po-netpoltest - [0:0]
-A FORWARD -m comment --comment "cali:wUHhoiAYhphO9Mso" -j cali-FORWARD
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -m comment --comment "cali:S93hcgKJrXEqnTfs" -m mark --mark 0x10000/0x10000 -j ACCEPT
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A cali-FORWARD -m comment --comment "cali:vjrMJCRpqwy5oRoX" -j MARK --set-xmark 0x0/0xe0000
-A cali-FORWARD -i cali+ -m comment --comment "cali:8ZoYfO5HKXWbB3pk" -j cali-from-wl-dispatch
-A cali-from-wl-dispatch -i cali1 -m comment --comment "cali:zTj6P0TIgYvgz-md" -g cali-fw-cali1
-A cali-fw-cali1 -m comment --comment "cali:q-aX6q5Iq7OxAzVV" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A cali-fw-cali1 -m comment --comment "cali:pc8ZQqxmTv6CN0Zj" -m conntrack --ctstate INVALID -j DROP
-A cali-fw-cali1 -m comment --comment "cali:2z-8RXVxbmAqxmLB" -j MARK --set-xmark 0x0/0x10000
-A cali-fw-cali1 -m comment --comment "cali:hWkyE2VkEbpMJAMY" -m comment --comment "Start of policies" -j MARK --set-xmark 0x0/0x20000
-A cali-fw-cali1 -m comment --comment "cali:Yk5ioeyAh1hkO0Zd" -m mark --mark 0x0/0x20000 -j cali-po-netpoltest
-A cali-fw-cali1 -m comment --comment "cali:bzLwOWd2HHNB5yBC" -m comment --comment "Return if policy accepted" -m mark --mark 0x10000/0x10000 -j RETURN
-A cali-fw-cali1 -m comment --comment "cali:1RY8Yj57bQhtbPMz" -m comment --comment "Drop if no policies passed packet" -m mark --mark 0x0/0x20000 -j DROP
-A cali-po-netpoltest -p tcp -m comment --comment "cali:Uy3kVtuWzUtYxhwT" -m set --match-set cali40s:egress-lan dst -m multiport --dports 443 -j MARK --set-xmark 0x10000/0x10000
-A cali-po-netpoltest -m comment --comment "cali:sD7LRqmWm0aVvPqS" -m mark --mark 0x10000/0x10000 -j RETURN
COMMIT
`

const POD_ROUTES = ['10.244.1.1 dev eth0', 'default via 10.244.1.1']

export const SHORT_CIRCUITS_AND_OVERLAPS: Problem[] = [
  {
    name: 'minikube-bridge-has-no-rule-and-docker-sets-the-policy',
    thread: {
      title: 'Pods unable to connect to connect to internet when using Minikube with --driver=none option',
      address: 'https://github.com/kubernetes/minikube/issues/17442',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] }, listeners: [tcp(443)] },
      host: {
        bridges: { bridge: ['veth1'], docker0: ['veth2'] },
        addresses: { eth0: ['192.0.2.1/24'], bridge: ['10.244.0.1/16'], docker0: ['172.17.0.1/16'] },
        routes: ['default via 192.0.2.9'],
        sysctls: FORWARDS,
        listeners: [tcp(22), tcp(8443)],
        rules: { v4: MINIKUBE },
      },
      pod: { addresses: { eth0: ['10.244.0.2/16'] }, routes: ['default via 10.244.0.1'], listeners: [tcp(80)] },
      container: { addresses: { eth0: ['172.17.0.2/16'] }, routes: ['default via 172.17.0.1'], listeners: [tcp(80)] },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['host:veth1', 'pod:eth0'],
      ['host:veth2', 'container:eth0'],
    ],
    traced: 'host',
    setup: [['client', 'ip route add 10.244.0.0/16 via 192.0.2.1']],
    fails: { from: 'pod', what: 'tcp', to: '192.0.2.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pod', what: 'tcp', to: '10.96.0.1', port: 443 }, seen: 'answered' },
      { sending: { from: 'container', what: 'tcp', to: '192.0.2.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '10.244.0.2', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '10.244.0.2', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "Docker set FORWARD's policy to DROP and accepts for docker0 alone. Nobody accepts what the pods behind the CNI's bridge open.",
      causes: [{ policy: 'filter FORWARD' }],
      status: ['dropped'],
    },
    mend: [['host', 'iptables -A FORWARD -i bridge -j ACCEPT']],
  },
  {
    name: 'calico-policy-allows-the-balancer-whose-address-is-short-circuited',
    thread: {
      title: 'NetworkPolicy for ipBlock in local network not honored',
      address: 'https://github.com/projectcalico/calico/issues/10664',
    },
    backend: 'iptables-nft',
    hosts: {
      pod: { addresses: { eth0: ['10.244.1.5/32'] }, routes: POD_ROUTES },
      free: { addresses: { eth0: ['10.244.1.6/32'] }, routes: POD_ROUTES },
      ingress: { addresses: { eth0: ['10.244.1.9/32'] }, routes: POD_ROUTES, listeners: [tcp(8443)] },
      node: {
        addresses: {
          eth0: ['10.40.0.2/16'],
          cali1: ['10.244.1.1/32'],
          cali2: ['10.244.1.1/32'],
          cali3: ['10.244.1.1/32'],
        },
        routes: ['10.244.1.5 dev cali1', '10.244.1.6 dev cali2', '10.244.1.9 dev cali3'],
        sysctls: FORWARDS,
        rules: {
          ipset: 'create cali40s:egress-lan hash:net\nadd cali40s:egress-lan 10.40.0.0/16\n',
          v4: CALICO,
        },
      },
      lan: {
        addresses: { eth0: ['10.40.0.13/16', '10.40.0.20/16'] },
        routes: ['10.244.1.0/24 via 10.40.0.2'],
        listeners: [tcp(443), tcp(80)],
      },
    },
    links: [
      ['pod:eth0', 'node:cali1'],
      ['free:eth0', 'node:cali2'],
      ['ingress:eth0', 'node:cali3'],
      ['node:eth0', 'lan:eth0'],
    ],
    traced: 'node',
    fails: { from: 'pod', what: 'tcp', to: '10.40.0.13', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pod', what: 'tcp', to: '10.40.0.20', port: 443 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: '10.40.0.20', port: 80 }, seen: 'nothing' },
      { sending: { from: 'free', what: 'tcp', to: '10.40.0.13', port: 443 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: '10.96.12.40', port: 443 }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        "kube-proxy sends what pods send to the balancer's address straight to the ingress pod. The policy allows the balancer's network and port, and sees the pod's.",
      causes: [
        { rule: 'Drop if no policies passed packet', chain: 'filter cali-fw-cali1' },
        { rule: 'cali40s:egress-lan', chain: 'filter cali-po-netpoltest' },
      ],
      status: ['dropped'],
    },
    mend: [
      ['node', 'iptables -I cali-po-netpoltest -d 10.244.1.9 -p tcp --dport 8443 -j MARK --set-xmark 0x10000/0x10000'],
    ],
  },
]
