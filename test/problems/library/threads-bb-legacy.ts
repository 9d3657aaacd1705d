/** From threads, by iptables-legacy: ports of nodes and hosts that lead elsewhere, and a way out by the interface of the way in. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

const HTTPS = { protocol: 'tcp', port: 443 } as const

const WEB = { protocol: 'tcp', port: 80 } as const

const METRICS = { protocol: 'tcp', port: 9100 } as const

const SMB = { protocol: 'tcp', port: 445 } as const

/** k3s with its policy controller: it returns what is for node ports, and the node's own policy of INPUT is DROP. */
const K3S = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SEP-DHBSMA6BRUIQKXXK - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-PEVYS7BZQCMVDQJJ - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-NODEPORTS -p tcp -m comment --comment "monitoring/node-exporter" -m tcp --dport 30900 -j KUBE-MARK-MASQ
-A KUBE-NODEPORTS -p tcp -m comment --comment "monitoring/node-exporter" -m tcp --dport 30900 -j KUBE-SVC-PEVYS7BZQCMVDQJJ
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
-A KUBE-SEP-DHBSMA6BRUIQKXXK -s 192.168.1.10/32 -m comment --comment "monitoring/node-exporter" -j KUBE-MARK-MASQ
-A KUBE-SEP-DHBSMA6BRUIQKXXK -p tcp -m comment --comment "monitoring/node-exporter" -m tcp -j DNAT --to-destination 192.168.1.10:9100
-A KUBE-SERVICES -d 10.43.7.7/32 -p tcp -m comment --comment "monitoring/node-exporter cluster IP" -m tcp --dport 9100 -j KUBE-SVC-PEVYS7BZQCMVDQJJ
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-SVC-PEVYS7BZQCMVDQJJ -m comment --comment "monitoring/node-exporter" -j KUBE-SEP-DHBSMA6BRUIQKXXK
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-FIREWALL - [0:0]
:KUBE-ROUTER-INPUT - [0:0]
-A INPUT -m comment --comment "kube-router netpol - 4IA2OSFRMVNDXBVV" -j KUBE-ROUTER-INPUT
-A INPUT -j KUBE-FIREWALL
-A INPUT -i lo -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 30000:32767 -j ACCEPT
-A KUBE-FIREWALL -m comment --comment "kubernetes firewall for dropping marked packets" -m mark --mark 0x8000/0x8000 -j DROP
-A KUBE-ROUTER-INPUT -d 10.43.0.0/16 -m comment --comment "allow traffic to cluster IP - M66LPN4N3KB5HTJR" -j RETURN
-A KUBE-ROUTER-INPUT -p tcp -m comment --comment "allow LOCAL TCP traffic to node ports - LR7XO7NXDBGQJD2M" -m addrtype --dst-type LOCAL -m multiport --dports 30000:32767 -j RETURN
-A KUBE-ROUTER-INPUT -p udp -m comment --comment "allow LOCAL UDP traffic to node ports - 76UCBPIZNGJNWNUZ" -m addrtype --dst-type LOCAL -m multiport --dports 30000:32767 -j RETURN
COMMIT
`

/** Shorewall, both networks of the LAN at eth1, which is without the option routeback. */
const SHOREWALL = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:SHOREWALL - [0:0]
-A POSTROUTING -o eth0 -j SHOREWALL
-A SHOREWALL -s 192.168.1.0/24 -m comment --comment "MASQUERADE" -j MASQUERADE
-A SHOREWALL -s 10.1.0.0/24 -m comment --comment "MASQUERADE" -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
:Reject - [0:0]
:fw-loc - [0:0]
:fw-net - [0:0]
:loc-fw - [0:0]
:loc-net - [0:0]
:loc_frwd - [0:0]
:net-fw - [0:0]
:net-loc - [0:0]
:net_frwd - [0:0]
:reject - [0:0]
:sfilter - [0:0]
-A INPUT -i eth0 -j net-fw
-A INPUT -i eth1 -j loc-fw
-A INPUT -i lo -j ACCEPT
-A INPUT -j Reject
-A INPUT -g reject
-A FORWARD -i eth0 -j net_frwd
-A FORWARD -i eth1 -j loc_frwd
-A FORWARD -j Reject
-A FORWARD -g reject
-A OUTPUT -o eth0 -j fw-net
-A OUTPUT -o eth1 -j fw-loc
-A OUTPUT -o lo -j ACCEPT
-A Reject -p icmp -m icmp --icmp-type 3/4 -j ACCEPT
-A Reject -p icmp -m icmp --icmp-type 11 -j ACCEPT
-A fw-loc -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A fw-loc -j ACCEPT
-A fw-net -j ACCEPT
-A loc-fw -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A loc-fw -p tcp -m tcp --dport 22 -j ACCEPT
-A loc-fw -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A loc-fw -j Reject
-A loc-fw -g reject
-A loc-net -j ACCEPT
-A loc_frwd -o eth1 -g sfilter
-A loc_frwd -o eth0 -j loc-net
-A net-fw -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A net-fw -j DROP
-A net-loc -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A net-loc -j DROP
-A net_frwd -o eth0 -g sfilter
-A net_frwd -o eth1 -j net-loc
-A reject -p tcp -j REJECT --reject-with tcp-reset
-A reject -p udp -j REJECT --reject-with icmp-port-unreachable
-A reject -j REJECT --reject-with icmp-host-prohibited
-A sfilter -j DROP
COMMIT
`

/** The pod was to have its port at 192.168.1.101 alone; the rule that portmap wrote names no address. */
const HOST_IP = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:CNI-80ae20ae0de6904d5f4b4 - [0:0]
:CNI-DN-80ae20ae0de6904d5f4b4 - [0:0]
:CNI-HOSTPORT-DNAT - [0:0]
:CNI-HOSTPORT-SNAT - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A OUTPUT -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A POSTROUTING -s 127.0.0.1/32 ! -d 127.0.0.1/32 -j CNI-HOSTPORT-SNAT
-A CNI-DN-80ae20ae0de6904d5f4b4 -p tcp -m tcp --dport 18080 -j DNAT --to-destination 10.233.64.15:80
-A CNI-HOSTPORT-DNAT -m comment --comment "dnat name: \\"cni0\\" id: \\"7a1c\\"" -j CNI-DN-80ae20ae0de6904d5f4b4
COMMIT
`

/** A node of OpenShift after Docker was started anew: the chain of the host port has lost its rule. */
const ORIGIN = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-HOSTPORTS - [0:0]
:KUBE-HP-4TLOL7AT3EHA6EIU - [0:0]
:KUBE-HP-NRXXXJDIQLGC6F34 - [0:0]
:KUBE-MARK-MASQ - [0:0]
:OPENSHIFT-MASQUERADE - [0:0]
-A PREROUTING -m comment --comment "kube hostport portals" -m addrtype --dst-type LOCAL -j KUBE-HOSTPORTS
-A OUTPUT -m comment --comment "kube hostport portals" -m addrtype --dst-type LOCAL -j KUBE-HOSTPORTS
-A POSTROUTING -m comment --comment "rules for masquerading OpenShift traffic" -j OPENSHIFT-MASQUERADE
-A KUBE-HOSTPORTS -p tcp -m comment --comment "web-x7k2p_default hostport 8080" -m tcp --dport 8080 -j KUBE-HP-4TLOL7AT3EHA6EIU
-A KUBE-HOSTPORTS -p tcp -m comment --comment "router-1-9wq_default hostport 8443" -m tcp --dport 8443 -j KUBE-HP-NRXXXJDIQLGC6F34
-A KUBE-HP-NRXXXJDIQLGC6F34 -s 10.128.0.6/32 -m comment --comment "router-1-9wq_default hostport 8443" -j KUBE-MARK-MASQ
-A KUBE-HP-NRXXXJDIQLGC6F34 -p tcp -m comment --comment "router-1-9wq_default hostport 8443" -m tcp -j DNAT --to-destination 10.128.0.6:8443
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x1/0x1
-A OPENSHIFT-MASQUERADE -s 10.128.0.0/14 -m comment --comment "masquerade pod-to-service and pod-to-external traffic" -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:OPENSHIFT-FIREWALL-ALLOW - [0:0]
:OPENSHIFT-FIREWALL-FORWARD - [0:0]
:OS_FIREWALL_ALLOW - [0:0]
-A INPUT -m comment --comment "firewall overrides" -j OPENSHIFT-FIREWALL-ALLOW
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m conntrack --ctstate NEW -m tcp --dport 22 -j ACCEPT
-A INPUT -j OS_FIREWALL_ALLOW
-A INPUT -j REJECT --reject-with icmp-host-prohibited
-A FORWARD -m comment --comment "firewall overrides" -j OPENSHIFT-FIREWALL-FORWARD
-A FORWARD -j REJECT --reject-with icmp-host-prohibited
-A OPENSHIFT-FIREWALL-ALLOW -i tun0 -m comment --comment "from SDN to localhost" -j ACCEPT
-A OPENSHIFT-FIREWALL-FORWARD -d 10.128.0.0/14 -m comment --comment "forward traffic from SDN" -j ACCEPT
-A OPENSHIFT-FIREWALL-FORWARD -s 10.128.0.0/14 -m comment --comment "forward traffic to SDN" -j ACCEPT
-A OS_FIREWALL_ALLOW -p tcp -m conntrack --ctstate NEW -m tcp --dport 10250 -j ACCEPT
COMMIT
`

export const THREADS_BB_LEGACY: Problem[] = [
  {
    name: 'kube-router-returns-node-ports-and-the-endpoint-is-the-node-itself',
    thread: {
      title: 'k3s generated iptables input filter rules are not correct',
      address: 'https://github.com/k3s-io/k3s/issues/3258',
    },
    backend: 'iptables-legacy',
    hosts: {
      prometheus: { addresses: { eth0: ['192.168.1.30/24'] } },
      node: {
        addresses: { eth0: ['192.168.1.10/24'], cni0: ['10.42.0.1/24'] },
        bridges: { cni0: ['veth1'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        listeners: [SSH, METRICS, { protocol: 'tcp', port: 10250 }],
        rules: { v4: K3S },
      },
      pod: { addresses: { eth0: ['10.42.0.8/24'] }, routes: ['default via 10.42.0.1'], listeners: [WEB] },
    },
    links: [
      ['prometheus:eth0', 'node:eth0'],
      ['node:veth1', 'pod:eth0'],
    ],
    traced: 'node',
    fails: { from: 'prometheus', what: 'tcp', to: '192.168.1.10', port: 30900 },
    seen: 'nothing',
    others: [
      { sending: { from: 'prometheus', what: 'tcp', to: '192.168.1.10', port: 22 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '10.42.0.8', port: 80 }, seen: 'answered' },
      { sending: { from: 'prometheus', what: 'tcp', to: '192.168.1.10', port: 9100 }, seen: 'nothing' },
      { sending: { from: 'prometheus', what: 'tcp', to: '192.168.1.10', port: 10250 }, seen: 'nothing' },
      { sending: { from: 'pod', what: 'tcp', to: '192.168.1.10', port: 9100 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "The endpoint is on the host's own network: behind the DNAT the packet has port 9100, which no rule of INPUT accepts, and the policy drops it.",
      causes: [
        { policy: 'filter INPUT' },
        { rule: '--dport 30000:32767', chain: 'filter INPUT' },
        { rule: '--dports 30000:32767', chain: 'filter KUBE-ROUTER-INPUT' },
      ],
      status: ['dropped'],
    },
    mend: [
      [
        'node',
        'iptables -A INPUT -p tcp -m tcp --dport 9100 -m conntrack --ctstate DNAT --ctorigdstport 30900 -j ACCEPT',
      ],
    ],
  },
  {
    name: 'shorewall-interface-of-two-networks-is-without-routeback',
    thread: {
      title: 'SHOREWALL-INTERFACE(5)',
      address: 'https://manpath.be/f39/5/shorewall-interfaces',
    },
    backend: 'iptables-legacy',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, routes: ['10.1.0.0/24 via 203.0.113.1'], listeners: [HTTPS] },
      router: {
        addresses: { eth0: ['203.0.113.1/24'], eth1: ['192.168.1.1/24', '10.1.0.1/24'] },
        bridges: { eth1: ['port1', 'port2'] },
        sysctls: {
          ...FORWARDS,
          'net.bridge.bridge-nf-call-iptables': '0',
          'net.ipv4.conf.all.send_redirects': '0',
          'net.ipv4.conf.default.send_redirects': '0',
        },
        listeners: [SSH],
        rules: { v4: SHOREWALL },
      },
      pc: {
        addresses: { eth0: ['192.168.1.20/24'] },
        routes: ['default via 192.168.1.1'],
        sysctls: { 'net.ipv4.conf.all.accept_redirects': '0' },
        listeners: [SSH],
      },
      server: {
        addresses: { eth0: ['10.1.0.5/24'] },
        routes: ['default via 10.1.0.1'],
        sysctls: { 'net.ipv4.conf.all.accept_redirects': '0' },
        listeners: [SMB, WEB],
      },
    },
    links: [
      ['remote:eth0', 'router:eth0'],
      ['router:port1', 'pc:eth0'],
      ['router:port2', 'server:eth0'],
    ],
    traced: 'router',
    setup: [['router', 'sysctl -qw net.ipv4.conf.eth1.send_redirects=0']],
    fails: { from: 'pc', what: 'tcp', to: '10.1.0.5', port: 445 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pc', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'server', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'pc', what: 'tcp', to: '192.168.1.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'server', what: 'tcp', to: '192.168.1.20', port: 22 }, seen: 'nothing' },
      { sending: { from: 'remote', what: 'tcp', to: '10.1.0.5', port: 445 }, seen: 'nothing' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'What came in by eth1 is dropped where it would leave by eth1, requests and replies alike: the interface lacks the option routeback.',
      causes: [
        { rule: '-o eth1 -g sfilter', chain: 'filter loc_frwd' },
        { rule: '-j DROP', chain: 'filter sfilter' },
      ],
      status: ['dropped'],
    },
    mend: [
      [
        'router',
        'iptables -I loc_frwd 1 -o eth1 -d 10.1.0.5/32 -p tcp -m tcp --dport 445 -j ACCEPT; iptables -I loc_frwd 1 -o eth1 -m conntrack --ctstate ESTABLISHED -j ACCEPT',
      ],
    ],
  },
  {
    name: 'portmap-takes-the-port-of-the-other-address-of-the-node',
    thread: {
      title: "Pod's hostIP does not function",
      address: 'https://github.com/kubernetes/kubernetes/issues/62112',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: { addresses: { eth0: ['192.168.1.9/24'] } },
      node: {
        addresses: { eth0: ['192.168.1.101/24', '192.168.1.100/24'], cni0: ['10.233.64.1/24'] },
        bridges: { cni0: ['veth1'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        listeners: [SSH, { protocol: 'tcp', address: '192.168.1.100', port: 18080 }],
        rules: { v4: HOST_IP },
      },
      // the pod is not ready yet
      nginx: { addresses: { eth0: ['10.233.64.15/24'] }, routes: ['default via 10.233.64.1'], listeners: [HTTPS] },
    },
    links: [
      ['client:eth0', 'node:eth0'],
      ['node:veth1', 'nginx:eth0'],
    ],
    traced: 'node',
    fails: { from: 'client', what: 'tcp', to: '192.168.1.100', port: 18080 },
    seen: 'refused',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.168.1.101', port: 18080 }, seen: 'refused' },
      { sending: { from: 'client', what: 'tcp', to: '192.168.1.100', port: 22 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '10.233.64.15', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The rule of the pod's port names no address, so it takes 192.168.1.100:18080 as well, where a program of the node listens. The pod refuses it.",
      causes: [
        { rule: '--to-destination 10.233.64.15:80', chain: 'nat CNI-DN-80ae20ae0de6904d5f4b4' },
        { rule: '-j CNI-DN-80ae20ae0de6904d5f4b4', chain: 'nat CNI-HOSTPORT-DNAT' },
      ],
      status: ['refused'],
      alsoTrue: ['refused-there', 'closed-port'],
    },
    mend: [['node', 'iptables -t nat -I CNI-DN-80ae20ae0de6904d5f4b4 1 -d 192.168.1.100/32 -j RETURN']],
  },
  {
    name: 'kube-chain-of-a-host-port-has-lost-its-rule',
    thread: {
      title: 'hostPort iptables rule is lost after node restarts',
      address: 'https://github.com/openshift/origin/issues/17464',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.2/24'] }, routes: ['10.128.0.0/14 via 192.0.2.1'] },
      node: {
        addresses: { eth0: ['192.0.2.1/24'], tun0: ['10.128.0.1/23'] },
        bridges: { tun0: ['veth1', 'veth2'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        listeners: [SSH, { protocol: 'tcp', port: 8081 }],
        rules: { v4: ORIGIN },
      },
      web: {
        addresses: { eth0: ['10.128.0.5/23'] },
        routes: ['default via 10.128.0.1'],
        listeners: [{ protocol: 'tcp', port: 8080 }],
      },
      router: {
        addresses: { eth0: ['10.128.0.6/23'] },
        routes: ['default via 10.128.0.1'],
        listeners: [{ protocol: 'tcp', port: 8443 }],
      },
    },
    links: [
      ['client:eth0', 'node:eth0'],
      ['node:veth1', 'web:eth0'],
      ['node:veth2', 'router:eth0'],
    ],
    traced: 'node',
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8443 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '10.128.0.5', port: 8080 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8081 }, seen: 'unreachable' },
    ],
    truth: {
      words:
        'The chain of the host port 8080 is there and has no rule: nothing rewrites the destination to the pod. So the packet stays on the node, where INPUT rejects it and nobody listens.',
      causes: [{ chain: 'nat KUBE-HP-4TLOL7AT3EHA6EIU' }, { rule: '--dport 8080', chain: 'nat KUBE-HOSTPORTS' }],
      status: ['rejected'],
    },
    mend: [
      ['node', 'iptables -t nat -A KUBE-HP-4TLOL7AT3EHA6EIU -p tcp -m tcp -j DNAT --to-destination 10.128.0.5:8080'],
    ],
  },
]
