/** By iptables-nft, from threads of clusters: a set of addresses that is rejected before a port is accepted, a source of another network, a zone that a bridge is not in; and one that is healthy. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const DNS = { protocol: 'udp', port: 53 } as const

export const THREADS_AS_IPTABLES: Problem[] = [
  {
    name: 'ipvs-filter-rejects-the-health-check-of-a-balancer-address',
    thread: {
      title: 'kube-proxy: traffic to healthcheck host ports is dropped because of iptables rule order',
      address: 'https://github.com/kubernetes/kubernetes/issues/117621',
    },
    backend: 'iptables-nft',
    hosts: {
      prober: { addresses: { eth0: ['192.0.2.9/24'] }, routes: ['198.51.100.10/32 via 192.0.2.1'] },
      node: {
        addresses: { eth0: ['192.0.2.1/24'], lo: ['198.51.100.10/32'] },
        listeners: [
          SSH,
          { protocol: 'tcp', port: 80, address: '198.51.100.10' },
          { protocol: 'tcp', port: 32708 },
          { protocol: 'tcp', port: 9100 },
        ],
        rules: {
          ipset: `create KUBE-LOAD-BALANCER hash:ip,port
add KUBE-LOAD-BALANCER 198.51.100.10,tcp:80
create KUBE-CLUSTER-IP hash:ip,port
add KUBE-CLUSTER-IP 10.96.0.1,tcp:443
create KUBE-EXTERNAL-IP hash:ip,port
create KUBE-IPVS-IPS hash:ip
add KUBE-IPVS-IPS 10.96.0.1
add KUBE-IPVS-IPS 198.51.100.10
create KUBE-HEALTH-CHECK-NODE-PORT bitmap:port range 0-65535
add KUBE-HEALTH-CHECK-NODE-PORT 32708
`,
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-FIREWALL - [0:0]
:KUBE-IPVS-FILTER - [0:0]
:KUBE-NODE-PORT - [0:0]
-A INPUT -m comment --comment "kubernetes ipvs access filter" -j KUBE-IPVS-FILTER
-A INPUT -m comment --comment "kubernetes health check rules" -j KUBE-NODE-PORT
-A INPUT -j KUBE-FIREWALL
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m multiport --dports 22,80 -j ACCEPT
-A KUBE-FIREWALL -m comment --comment "kubernetes firewall for dropping marked packets" -m mark --mark 0x8000/0x8000 -j DROP
-A KUBE-IPVS-FILTER -m set --match-set KUBE-LOAD-BALANCER dst,dst -j RETURN
-A KUBE-IPVS-FILTER -m set --match-set KUBE-CLUSTER-IP dst,dst -j RETURN
-A KUBE-IPVS-FILTER -m set --match-set KUBE-EXTERNAL-IP dst,dst -j RETURN
-A KUBE-IPVS-FILTER -m conntrack --ctstate NEW -m set --match-set KUBE-IPVS-IPS dst -j REJECT --reject-with icmp-port-unreachable
-A KUBE-NODE-PORT -m comment --comment "Kubernetes health check node port" -m set --match-set KUBE-HEALTH-CHECK-NODE-PORT dst -j ACCEPT
COMMIT
`,
        },
      },
    },
    links: [['prober:eth0', 'node:eth0']],
    traced: 'node',
    fails: { from: 'prober', what: 'tcp', to: '198.51.100.10', port: 32708 },
    seen: 'refused',
    others: [
      { sending: { from: 'prober', what: 'tcp', to: '192.0.2.1', port: 32708 }, seen: 'answered' },
      { sending: { from: 'prober', what: 'tcp', to: '198.51.100.10', port: 80 }, seen: 'answered' },
      { sending: { from: 'prober', what: 'tcp', to: '198.51.100.10', port: 22 }, seen: 'refused' },
      { sending: { from: 'prober', what: 'tcp', to: '192.0.2.1', port: 9100 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The provider's probe goes to the balancer's address. What is to it and to no service of it is rejected, and the rule that accepts ports of health checks comes after that.",
      causes: [{ rule: '--match-set KUBE-IPVS-IPS dst', chain: 'filter KUBE-IPVS-FILTER' }],
      status: ['rejected'],
    },
    mend: [
      ['node', 'iptables -I KUBE-IPVS-FILTER 4 -p tcp -m set --match-set KUBE-HEALTH-CHECK-NODE-PORT dst -j RETURN'],
    ],
  },
  {
    name: 'antrea-egress-has-an-address-of-the-network-it-does-not-leave-by',
    thread: {
      title: 'EgressIP support multi-nic environment',
      address: 'https://github.com/antrea-io/antrea/issues/2685',
    },
    backend: 'iptables-nft',
    hosts: {
      site: { addresses: { eth0: ['203.0.113.9/24'] }, routes: ['default via 203.0.113.1'], listeners: [HTTPS] },
      isp: {
        addresses: { cust: ['172.16.10.1/24'], core: ['203.0.113.1/24'] },
        sysctls: FORWARDS,
      },
      node: {
        addresses: {
          eth0: ['172.16.10.10/24'],
          eth1: ['192.168.12.10/24', '192.168.12.155/32'],
          'antrea-gw0': ['10.10.1.1/24'],
        },
        bridges: { 'antrea-gw0': ['p1', 'p2'] },
        routes: ['default via 172.16.10.1'],
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        listeners: [SSH],
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:ANTREA-MANGLE - [0:0]
-A PREROUTING -m comment --comment "Antrea: jump to Antrea mangle rules" -j ANTREA-MANGLE
-A ANTREA-MANGLE -s 10.10.1.5/32 -i antrea-gw0 -m comment --comment "Antrea: mark Pods of egress-web" -j MARK --set-xmark 0x1/0xff
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:ANTREA-POSTROUTING - [0:0]
-A POSTROUTING -m comment --comment "Antrea: jump to Antrea postrouting rules" -j ANTREA-POSTROUTING
-A ANTREA-POSTROUTING ! -o antrea-gw0 -m comment --comment "Antrea: SNAT Pod to external packets" -m mark --mark 0x1/0xff -j SNAT --to-source 192.168.12.155
-A ANTREA-POSTROUTING -s 10.10.1.0/24 ! -o antrea-gw0 -m comment --comment "Antrea: masquerade Pod to external packets" -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:ANTREA-FORWARD - [0:0]
-A FORWARD -m comment --comment "Antrea: jump to Antrea forwarding rules" -j ANTREA-FORWARD
-A ANTREA-FORWARD -i antrea-gw0 -m comment --comment "Antrea: accept packets from local Pods" -j ACCEPT
-A ANTREA-FORWARD -o antrea-gw0 -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment "Antrea: accept packets to local Pods" -j ACCEPT
COMMIT
`,
        },
      },
      web: { addresses: { eth0: ['10.10.1.5/24'] }, routes: ['default via 10.10.1.1'], listeners: [SSH] },
      batch: { addresses: { eth0: ['10.10.1.6/24'] }, routes: ['default via 10.10.1.1'] },
      office: { addresses: { eth0: ['192.168.12.9/24'] }, listeners: [HTTPS] },
    },
    links: [
      ['site:eth0', 'isp:core'],
      ['isp:cust', 'node:eth0'],
      ['node:eth1', 'office:eth0'],
      ['web:eth0', 'node:p1'],
      ['batch:eth0', 'node:p2'],
    ],
    traced: 'node',
    setup: [['isp', 'ip route add 10.10.1.0/24 via 172.16.10.10']],
    fails: { from: 'web', what: 'tcp', to: '203.0.113.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'batch', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'web', what: 'tcp', to: '192.168.12.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'isp', what: 'tcp', to: '10.10.1.5', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The egress address is of the internal network, and the default route leaves by the public one. Nobody out there has a route to that address, so no reply comes.',
      causes: [{ rule: '--to-source 192.168.12.155', chain: 'nat ANTREA-POSTROUTING' }],
      status: ['unanswered', 'reply-lost', 'lost'],
    },
    mend: [['node', 'iptables -t nat -I ANTREA-POSTROUTING -o eth0 -m mark --mark 0x1/0xff -j MASQUERADE']],
  },
  {
    name: 'nomad-bridge-is-in-no-zone-of-firewalld',
    thread: {
      title: 'docs: iptables conflicts with firewalld',
      address: 'https://github.com/hashicorp/nomad/issues/12199',
    },
    backend: 'iptables-nft',
    hosts: {
      lan: {
        addresses: { eth0: ['192.0.2.9/24'] },
        routes: ['172.26.64.0/20 via 192.0.2.1'],
        listeners: [DNS, HTTPS],
      },
      host: {
        addresses: { eth0: ['192.0.2.1/24'], nomad: ['172.26.64.1/20'], docker0: ['172.17.0.1/16'] },
        bridges: { nomad: ['veth1'], docker0: ['veth2'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        listeners: [{ protocol: 'tcp', port: 4646 }],
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:CNI-DN-6c1d4 - [0:0]
:CNI-HOSTPORT-DNAT - [0:0]
:CNI-7196d23e1cdf7f217af1e671 - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A POSTROUTING -s 172.26.64.2/32 -m comment --comment "name: \\"nomad\\" id: \\"288c6773\\"" -j CNI-7196d23e1cdf7f217af1e671
-A CNI-7196d23e1cdf7f217af1e671 -d 172.26.64.0/20 -m comment --comment "name: \\"nomad\\" id: \\"288c6773\\"" -j ACCEPT
-A CNI-7196d23e1cdf7f217af1e671 ! -d 224.0.0.0/4 -m comment --comment "name: \\"nomad\\" id: \\"288c6773\\"" -j MASQUERADE
-A CNI-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: \\"nomad\\"" -m multiport --dports 25000 -j CNI-DN-6c1d4
-A CNI-DN-6c1d4 -p tcp -m tcp --dport 25000 -j DNAT --to-destination 172.26.64.2:6379
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:CNI-ADMIN - [0:0]
:CNI-FORWARD - [0:0]
:NOMAD-ADMIN - [0:0]
-A FORWARD -m comment --comment "CNI firewall plugin rules" -j CNI-FORWARD
-A CNI-FORWARD -m comment --comment "CNI firewall plugin admin overrides" -j NOMAD-ADMIN
-A CNI-FORWARD -d 172.26.64.2/32 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A CNI-FORWARD -s 172.26.64.2/32 -j ACCEPT
-A NOMAD-ADMIN -o nomad -d 172.26.64.0/20 -j ACCEPT
COMMIT
`,
          nft: `table inet firewalld {
  chain filter_FORWARD {
    type filter hook forward priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    ct state { invalid } drop
    jump filter_FORWARD_POLICIES
    reject with icmpx admin-prohibited
  }
  chain filter_FORWARD_POLICIES {
    iifname "docker0" jump filter_FWD_docker
    iifname "eth0" jump filter_FWD_public
  }
  chain filter_FWD_docker {
    accept
  }
  chain filter_FWD_public {
    jump filter_FWD_public_allow
    reject with icmpx admin-prohibited
  }
  chain filter_FWD_public_allow {
    oifname "eth0" accept
  }
}
`,
        },
      },
      alloc: {
        addresses: { eth0: ['172.26.64.2/20'] },
        routes: ['default via 172.26.64.1'],
        listeners: [{ protocol: 'tcp', port: 6379 }],
      },
      container: { addresses: { eth0: ['172.17.0.2/16'] }, routes: ['default via 172.17.0.1'] },
    },
    links: [
      ['lan:eth0', 'host:eth0'],
      ['alloc:eth0', 'host:veth1'],
      ['container:eth0', 'host:veth2'],
    ],
    traced: 'host',
    fails: { from: 'alloc', what: 'udp', to: '192.0.2.9', port: 53 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'container', what: 'udp', to: '192.0.2.9', port: 53 }, seen: 'answered' },
      { sending: { from: 'alloc', what: 'tcp', to: '192.0.2.1', port: 4646 }, seen: 'answered' },
      { sending: { from: 'lan', what: 'tcp', to: '192.0.2.1', port: 25000 }, seen: 'answered' },
      { sending: { from: 'lan', what: 'tcp', to: '172.26.64.2', port: 6379 }, seen: 'unreachable' },
    ],
    truth: {
      words:
        "CNI's rules of iptables accept what the allocation sends. firewalld's own chain comes after, the bridge is in no zone of it, and it rejects whatever no zone accepts.",
      causes: [{ rule: 'admin-prohibited', chain: 'inet firewalld filter_FORWARD' }],
      status: ['rejected'],
    },
    mend: [['host', 'nft insert rule inet firewalld filter_FORWARD_POLICIES iifname "nomad" accept']],
  },
  {
    name: 'near-swarm-ingress-comes-before-the-drop-of-docker-user',
    thread: {
      title: 'DOCKER-INGRESS trumps DOCKER-USER',
      address: 'https://github.com/moby/libnetwork/issues/1827',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] } },
      manager: {
        addresses: { eth0: ['192.0.2.1/24'], docker_gwbridge: ['172.18.0.1/16'], docker0: ['172.17.0.1/16'] },
        bridges: { docker_gwbridge: ['veth1'], docker0: ['veth2'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-INGRESS - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER-INGRESS
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -o docker_gwbridge -m addrtype --src-type LOCAL -j MASQUERADE
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
-A DOCKER-INGRESS -p tcp -m tcp --dport 8000 -j DNAT --to-destination 172.18.0.2:8000
-A DOCKER-INGRESS -j RETURN
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-INGRESS - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-INGRESS
-A FORWARD -j DOCKER-USER
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker_gwbridge ! -o docker_gwbridge -j ACCEPT
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER-INGRESS -p tcp -m tcp --dport 8000 -j ACCEPT
-A DOCKER-INGRESS -p tcp -m tcp --sport 8000 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A DOCKER-INGRESS -j RETURN
-A DOCKER-USER -i eth0 ! -s 10.0.0.0/8 -j DROP
-A DOCKER-USER -o eth0 ! -d 10.0.0.0/8 -j DROP
-A DOCKER-USER -j RETURN
COMMIT
`,
        },
      },
      sandbox: {
        addresses: { eth0: ['172.18.0.2/16'] },
        routes: ['default via 172.18.0.1'],
        listeners: [{ protocol: 'tcp', port: 8000 }],
      },
      container: {
        addresses: { eth0: ['172.17.0.2/16'] },
        routes: ['default via 172.17.0.1'],
        listeners: [{ protocol: 'tcp', port: 80 }],
      },
    },
    links: [
      ['client:eth0', 'manager:eth0'],
      ['sandbox:eth0', 'manager:veth1'],
      ['container:eth0', 'manager:veth2'],
    ],
    traced: 'manager',
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8000 },
    seen: 'answered',
    others: [{ sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 }, seen: 'nothing' }],
    truth: {
      words: 'Nothing stops it: the chain of the ingress accepts it before the drop.',
      causes: [],
      status: ['answered'],
    },
    mend: [['manager', 'true']],
  },
]
