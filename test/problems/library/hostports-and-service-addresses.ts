/** By iptables, from threads on clusters: ports and addresses of services that a set, a host port, a held port and a policy of FORWARD take away. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { FILTER, NAT, saved } from './services-astray.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTP = { protocol: 'tcp', port: 80 } as const

/** kube-proxy's filter table where IPVS balances. */
const IPVS_CHAINS = 'KUBE-FIREWALL KUBE-FORWARD KUBE-IPVS-FILTER KUBE-NODE-PORT KUBE-PROXY-FIREWALL'
const IPVS_FILTER = `-A INPUT -m comment --comment "kubernetes ipvs access filter" -j KUBE-IPVS-FILTER
-A INPUT -m comment --comment "kube-proxy firewall rules" -j KUBE-PROXY-FIREWALL
-A INPUT -m comment --comment "kubernetes health check rules" -j KUBE-NODE-PORT
-A INPUT -j KUBE-FIREWALL
-A FORWARD -m comment --comment "kube-proxy firewall rules" -j KUBE-PROXY-FIREWALL
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A OUTPUT -j KUBE-FIREWALL
-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment "block incoming localnet connections" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A KUBE-IPVS-FILTER -m set --match-set KUBE-LOAD-BALANCER dst,dst -j RETURN
-A KUBE-IPVS-FILTER -m set --match-set KUBE-CLUSTER-IP dst,dst -j RETURN
-A KUBE-IPVS-FILTER -m set --match-set KUBE-EXTERNAL-IP dst,dst -j RETURN
-A KUBE-IPVS-FILTER -m conntrack --ctstate NEW -m set --match-set KUBE-IPVS-IPS dst -j REJECT --reject-with icmp-port-unreachable
-A KUBE-NODE-PORT -m comment --comment "Kubernetes health check node port" -m set --match-set KUBE-HEALTH-CHECK-NODE-PORT dst -j ACCEPT
`

/** Its nat table, which only marks. */
const IPVS_NAT = saved(
  'nat',
  NAT,
  'KUBE-LOAD-BALANCER KUBE-MARK-MASQ KUBE-NODE-PORT KUBE-POSTROUTING KUBE-SERVICES',
  `-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-LOAD-BALANCER -j KUBE-MARK-MASQ
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m comment --comment "Kubernetes endpoints dst ip:port, source ip for solving hairpin purpose" -m set --match-set KUBE-LOOP-BACK dst,dst,src -j MASQUERADE
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
-A KUBE-SERVICES -s 127.0.0.0/8 -j RETURN
-A KUBE-SERVICES -m comment --comment "Kubernetes service lb portal" -m set --match-set KUBE-LOAD-BALANCER dst,dst -j KUBE-LOAD-BALANCER
-A KUBE-SERVICES ! -s 10.42.0.0/16 -m comment --comment "Kubernetes service cluster ip + port for masquerade purpose" -m set --match-set KUBE-CLUSTER-IP dst,dst -j KUBE-MARK-MASQ
-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODE-PORT
-A KUBE-SERVICES -m set --match-set KUBE-CLUSTER-IP dst,dst -j ACCEPT
-A KUBE-SERVICES -m set --match-set KUBE-LOAD-BALANCER dst,dst -j ACCEPT
`,
)

const ipvsSets = (balancer: string, cluster: string, addresses: readonly string[]) =>
  `create KUBE-LOAD-BALANCER hash:ip,port
${balancer}create KUBE-CLUSTER-IP hash:ip,port
add KUBE-CLUSTER-IP ${cluster}
create KUBE-EXTERNAL-IP hash:ip,port
create KUBE-LOOP-BACK hash:ip,port,ip
create KUBE-HEALTH-CHECK-NODE-PORT bitmap:port range 0-65535
create KUBE-IPVS-IPS hash:ip
${addresses.map((one) => `add KUBE-IPVS-IPS ${one}\n`).join('')}`

/** A program that holds a port and accepts only once it is told to: until then whoever connects stays in its queue, until that is full. */
const HOLDS = `python3 -c "import socket
told=socket.socket(10,1); told.bind(('::1',9)); told.listen(1)
s=socket.socket(10,1); s.bind(('::',39334)); s.listen(2); told.accept()
while True: s.accept()[0].close()" >/dev/null 2>&1 </dev/null &
for i in $(seq 100); do ss -lnt | grep -q ':39334 ' && break; sleep .1; done`
const FILLS = `python3 -c "import socket
for i in range(3): socket.create_connection(('2001:db8:1::1',39334),2)"`
const ACCEPTS = `python3 -c "import socket; socket.create_connection(('::1',9),2)"`

export const HOSTPORTS_AND_SERVICE_ADDRESSES: Problem[] = [
  {
    name: 'k3s-ipvs-set-has-the-address-of-the-node-itself',
    thread: { title: 'IPVS is non-functional in 1.26', address: 'https://github.com/k3s-io/k3s/issues/7183' },
    backend: 'iptables-legacy',
    hosts: {
      client: {
        addresses: { eth0: ['203.0.113.9/24'] },
        routes: ['10.43.0.0/16 via 203.0.113.1'],
        listeners: [HTTP],
      },
      node: {
        bridges: { 'kube-ipvs0': [] },
        addresses: {
          eth0: ['203.0.113.1/24'],
          'kube-ipvs0': ['10.43.0.1/32', '10.43.0.10/32', '10.43.36.168/32', '203.0.113.1/32'],
        },
        sysctls: FORWARDS,
        listeners: [SSH, { protocol: 'tcp', port: 6443 }],
        rules: {
          ipset: ipvsSets(
            'add KUBE-LOAD-BALANCER 203.0.113.1,tcp:80\nadd KUBE-LOAD-BALANCER 203.0.113.1,tcp:443\n',
            '10.43.0.1,tcp:443',
            ['10.43.0.1', '10.43.0.10', '10.43.36.168', '203.0.113.1'],
          ),
          v4: `${IPVS_NAT}${saved('filter', FILTER, IPVS_CHAINS, IPVS_FILTER)}`,
        },
      },
    },
    links: [['client:eth0', 'node:eth0']],
    traced: 'node',
    fails: { from: 'client', what: 'tcp', to: '203.0.113.1', port: 6443 },
    seen: 'refused',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'refused', either: true },
      { sending: { from: 'client', what: 'tcp', to: '10.43.36.168', port: 22 }, seen: 'refused' },
      { sending: { from: 'node', what: 'tcp', to: '203.0.113.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The load balancer of k3s gives services the address of the node, so kube-proxy keeps that address in its set of service addresses, and rejects all that is to it and to no port of a service.',
      causes: [{ rule: '--match-set KUBE-IPVS-IPS dst', chain: 'filter KUBE-IPVS-FILTER' }, { code: 'not-in-set' }],
      status: ['rejected'],
    },
    mend: [['node', 'ipset del KUBE-IPVS-IPS 203.0.113.1']],
  },
  {
    name: 'ipvs-of-ipv4-holds-the-node-port-of-ipv6-and-never-accepts',
    thread: {
      title: 'Kube-Proxy use ipvs proxy-mode blocks ipv6 nodePorts when running in ipv4 mode',
      address: 'https://github.com/kubernetes/kubernetes/issues/72098',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24', '2001:db8:1::9/64'] } },
      node: {
        bridges: { 'kube-ipvs0': [] },
        addresses: { eth0: ['192.0.2.1/24', '2001:db8:1::1/64'], 'kube-ipvs0': ['10.68.0.1/32'] },
        sysctls: FORWARDS,
        listeners: [{ ...SSH, address: '::' }],
        rules: {
          ipset: ipvsSets('', '10.68.0.1,tcp:443', ['10.68.0.1']),
          v4: `${IPVS_NAT}${saved('filter', FILTER, IPVS_CHAINS, IPVS_FILTER)}`,
          v6: saved(
            'filter',
            FILTER,
            'KUBE-FIREWALL KUBE-KUBELET-CANARY',
            `-A INPUT -j KUBE-FIREWALL
-A OUTPUT -j KUBE-FIREWALL
-A KUBE-FIREWALL -m comment --comment "kubernetes firewall for dropping marked packets" -m mark --mark 0x8000/0x8000 -j DROP
`,
          ),
        },
      },
    },
    links: [['client:eth0', 'node:eth0']],
    traced: 'node',
    setup: [
      ['node', HOLDS],
      ['client', FILLS],
    ],
    fails: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 39334 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 80 }, seen: 'refused' },
      { sending: { from: 'client', what: 'ping', to: '192.0.2.1' }, seen: 'answered' },
    ],
    truth: {
      words:
        'Nothing translates the port for IPv6. kube-proxy only holds it, for both versions, and never accepts a connection: its queue is full, and the kernel drops each further SYN.',
      causes: [{ code: 'accept-queue-full', words: ['39334'] }],
      status: ['unanswered', 'lost'],
    },
    mend: [['node', ACCEPTS]],
  },
  {
    name: 'portmap-takes-what-ipvs-has-as-a-local-address',
    thread: {
      title: "portmap plugin's iptables rules intercept kubernetes service traffic",
      address: 'https://github.com/containernetworking/plugins/issues/222',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] } },
      node: {
        bridges: { 'kube-ipvs0': [] },
        addresses: {
          eth0: ['192.0.2.1/24'],
          'kube-ipvs0': ['10.96.0.1/32'],
          veth1: ['10.42.0.1/32'],
          veth2: ['10.42.0.1/32'],
        },
        routes: ['10.42.0.2/32 dev veth1', '10.42.0.3/32 dev veth2'],
        sysctls: FORWARDS,
        // in place of the virtual server of IPVS, which takes what is for this address and port
        listeners: [SSH, { protocol: 'tcp', port: 443, address: '10.96.0.1' }],
        rules: {
          ipset: ipvsSets('', '10.96.0.1,tcp:443', ['10.96.0.1']),
          v4: `${saved(
            'nat',
            NAT,
            'CNI-DN-0c4f5e6d7b8a9f0e1d2c3 CNI-HOSTPORT-DNAT CNI-HOSTPORT-MASQ CNI-HOSTPORT-SETMARK KUBE-MARK-MASQ KUBE-NODE-PORT KUBE-POSTROUTING KUBE-SERVICES',
            `-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A POSTROUTING -m comment --comment "CNI portfwd requiring masquerade" -j CNI-HOSTPORT-MASQ
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A CNI-DN-0c4f5e6d7b8a9f0e1d2c3 -s 10.42.0.2/32 -p tcp -m tcp --dport 80 -j CNI-HOSTPORT-SETMARK
-A CNI-DN-0c4f5e6d7b8a9f0e1d2c3 -s 127.0.0.1/32 -p tcp -m tcp --dport 80 -j CNI-HOSTPORT-SETMARK
-A CNI-DN-0c4f5e6d7b8a9f0e1d2c3 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.42.0.2:80
-A CNI-DN-0c4f5e6d7b8a9f0e1d2c3 -s 10.42.0.2/32 -p tcp -m tcp --dport 443 -j CNI-HOSTPORT-SETMARK
-A CNI-DN-0c4f5e6d7b8a9f0e1d2c3 -s 127.0.0.1/32 -p tcp -m tcp --dport 443 -j CNI-HOSTPORT-SETMARK
-A CNI-DN-0c4f5e6d7b8a9f0e1d2c3 -p tcp -m tcp --dport 443 -j DNAT --to-destination 10.42.0.2:443
-A CNI-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: \\"k8s-pod-network\\" id: \\"0c4f5e\\"" -m multiport --dports 80,443 -j CNI-DN-0c4f5e6d7b8a9f0e1d2c3
-A CNI-HOSTPORT-MASQ -m mark --mark 0x2000/0x2000 -j MASQUERADE
-A CNI-HOSTPORT-SETMARK -m comment --comment "CNI portfwd masquerade mark" -j MARK --set-xmark 0x2000/0x2000
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -m mark --mark 0x4000/0x4000 -j MASQUERADE
-A KUBE-SERVICES ! -s 10.42.0.0/16 -m comment --comment "Kubernetes service cluster ip + port for masquerade purpose" -m set --match-set KUBE-CLUSTER-IP dst,dst -j KUBE-MARK-MASQ
-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODE-PORT
`,
          )}${saved('filter', FILTER, IPVS_CHAINS, IPVS_FILTER)}`,
        },
      },
      ingress: { addresses: { eth0: ['10.42.0.2/32'] }, listeners: [HTTP] },
      app: { addresses: { eth0: ['10.42.0.3/32'] } },
    },
    links: [
      ['client:eth0', 'node:eth0'],
      ['node:veth1', 'ingress:eth0'],
      ['node:veth2', 'app:eth0'],
    ],
    setup: [
      ['ingress', 'ip route add 10.42.0.1 dev eth0; ip route add default via 10.42.0.1'],
      ['app', 'ip route add 10.42.0.1 dev eth0; ip route add default via 10.42.0.1'],
    ],
    traced: 'node',
    fails: { from: 'app', what: 'tcp', to: '10.96.0.1', port: 443 },
    seen: 'refused',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'app', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 443 }, seen: 'refused' },
    ],
    truth: {
      words:
        'With IPVS the address of the service is an address of the node, so the host port 443 of the ingress takes what is for the API server, too; the ingress does not listen there yet.',
      causes: [
        { rule: '--dport 443 -j DNAT', chain: 'nat CNI-DN-0c4f5e6d7b8a9f0e1d2c3' },
        { rule: '--dports 80,443', chain: 'nat CNI-HOSTPORT-DNAT' },
        { rule: '--dst-type LOCAL -j CNI-HOSTPORT-DNAT', chain: 'nat PREROUTING' },
      ],
      status: ['refused'],
      alsoTrue: ['refused-there'],
    },
    mend: [['node', 'iptables -t nat -A KUBE-SERVICES -m set --match-set KUBE-CLUSTER-IP dst,dst -j ACCEPT']],
  },
  {
    name: 'antrea-leaves-the-node-port-of-local-policy-to-the-policy-of-forward',
    thread: {
      title: 'Support externalTrafficPolicy Local for NodePort type service',
      address: 'https://github.com/antrea-io/antrea/issues/265',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: {
        addresses: { eth0: ['192.0.2.9/24'] },
        routes: ['10.10.1.0/24 via 192.0.2.1', '172.17.0.0/16 via 192.0.2.1'],
      },
      node: {
        addresses: { eth0: ['192.0.2.1/24'], gw0: ['10.10.1.1/24'], docker0: ['172.17.0.1/16'] },
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v4: `${saved(
            'nat',
            NAT,
            'ANTREA-POSTROUTING DOCKER KUBE-MARK-MASQ KUBE-NODEPORTS KUBE-POSTROUTING KUBE-SEP-2PGZKMN3OHZ5VKUO KUBE-SEP-7Z3KQJXGZQ6LZ4CX KUBE-SERVICES KUBE-SVC-AGR3D4D4FQNH4O33 KUBE-SVC-WEPAFQ2S4PTXAHAH KUBE-XLB-WEPAFQ2S4PTXAHAH',
            `-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A POSTROUTING -m comment --comment "Antrea: jump to Antrea postrouting rules" -j ANTREA-POSTROUTING
-A ANTREA-POSTROUTING -m comment --comment "Antrea: masquerade traffic requiring SNAT" -m mark --mark 0x400/0x400 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-NODEPORTS -s 127.0.0.0/8 -p tcp -m comment --comment "default/myapp:http" -m tcp --dport 31080 -j KUBE-MARK-MASQ
-A KUBE-NODEPORTS -p tcp -m comment --comment "default/myapp:http" -m tcp --dport 31080 -j KUBE-XLB-WEPAFQ2S4PTXAHAH
-A KUBE-NODEPORTS -p tcp -m comment --comment "default/other:http" -m tcp --dport 31081 -j KUBE-MARK-MASQ
-A KUBE-NODEPORTS -p tcp -m comment --comment "default/other:http" -m tcp --dport 31081 -j KUBE-SVC-AGR3D4D4FQNH4O33
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -m mark --mark 0x4000/0x4000 -j MASQUERADE
-A KUBE-SEP-2PGZKMN3OHZ5VKUO -s 10.10.1.2/32 -j KUBE-MARK-MASQ
-A KUBE-SEP-2PGZKMN3OHZ5VKUO -p tcp -m tcp -j DNAT --to-destination 10.10.1.2:80
-A KUBE-SEP-7Z3KQJXGZQ6LZ4CX -s 10.10.1.2/32 -j KUBE-MARK-MASQ
-A KUBE-SEP-7Z3KQJXGZQ6LZ4CX -p tcp -m tcp -j DNAT --to-destination 10.10.1.2:8080
-A KUBE-SERVICES ! -s 10.10.0.0/16 -d 10.101.7.1/32 -p tcp -m comment --comment "default/myapp:http cluster IP" -m tcp --dport 8080 -j KUBE-MARK-MASQ
-A KUBE-SERVICES -d 10.101.7.1/32 -p tcp -m comment --comment "default/myapp:http cluster IP" -m tcp --dport 8080 -j KUBE-SVC-WEPAFQ2S4PTXAHAH
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-SVC-AGR3D4D4FQNH4O33 -j KUBE-SEP-7Z3KQJXGZQ6LZ4CX
-A KUBE-SVC-WEPAFQ2S4PTXAHAH -j KUBE-SEP-2PGZKMN3OHZ5VKUO
-A KUBE-XLB-WEPAFQ2S4PTXAHAH -s 10.10.0.0/16 -m comment --comment "Redirect pods trying to reach external loadbalancer VIP to clusterIP" -j KUBE-SVC-WEPAFQ2S4PTXAHAH
-A KUBE-XLB-WEPAFQ2S4PTXAHAH -m comment --comment "Balancing rule 0 for default/myapp:http" -j KUBE-SEP-2PGZKMN3OHZ5VKUO
`,
          )}${saved(
            'filter',
            'INPUT FORWARD=DROP OUTPUT',
            'ANTREA-FORWARD DOCKER-USER KUBE-FIREWALL KUBE-FORWARD',
            `-A INPUT -j KUBE-FIREWALL
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -j DOCKER-USER
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -m comment --comment "Antrea: jump to Antrea forwarding rules" -j ANTREA-FORWARD
-A OUTPUT -j KUBE-FIREWALL
-A ANTREA-FORWARD -i gw0 -o gw0 -m comment --comment "Antrea: accept inter pod traffic" -j ACCEPT
-A ANTREA-FORWARD -i gw0 ! -o gw0 -m comment --comment "Antrea: mark pod to external traffic" -j MARK --set-xmark 0x400/0x400
-A ANTREA-FORWARD -i gw0 ! -o gw0 -m comment --comment "Antrea: accept pod to external traffic" -j ACCEPT
-A DOCKER-USER -j RETURN
-A KUBE-FIREWALL -m comment --comment "kubernetes firewall for dropping marked packets" -m mark --mark 0x8000/0x8000 -j DROP
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -s 10.10.0.0/16 -m comment --comment "kubernetes forwarding conntrack pod source rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A KUBE-FORWARD -d 10.10.0.0/16 -m comment --comment "kubernetes forwarding conntrack pod destination rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
`,
          )}`,
        },
      },
      pod: {
        addresses: { eth0: ['10.10.1.2/24'] },
        routes: ['default via 10.10.1.1'],
        listeners: [HTTP, { protocol: 'tcp', port: 8080 }],
      },
      c1: { addresses: { eth0: ['172.17.0.2/16'] }, routes: ['default via 172.17.0.1'], listeners: [HTTP] },
    },
    links: [
      ['client:eth0', 'node:eth0'],
      ['node:gw0', 'pod:eth0'],
      ['node:docker0', 'c1:eth0'],
    ],
    traced: 'node',
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 31080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 31081 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '172.17.0.2', port: 80 }, seen: 'nothing' },
      { sending: { from: 'client', what: 'tcp', to: '10.10.1.2', port: 8080 }, seen: 'nothing', either: true },
      { sending: { from: 'pod', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "With the traffic policy Local, kube-proxy does not mark the packet for masquerading, and its FORWARD rules accept only what is marked. Antrea has no rule for what goes to its pods, so FORWARD's policy drops it.",
      causes: [{ policy: 'filter FORWARD' }, { chain: 'filter ANTREA-FORWARD' }, { chain: 'filter KUBE-FORWARD' }],
      status: ['dropped'],
    },
    mend: [
      [
        'node',
        'iptables -I ANTREA-FORWARD 2 ! -i gw0 -o gw0 -m comment --comment "Antrea: accept external to pod traffic" -j ACCEPT',
      ],
    ],
  },
]
