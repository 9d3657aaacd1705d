/** Of iptables-legacy, from threads of clusters: an egress address for what stays inside, a drop behind the mark that allows, an interface of another network; and one that is healthy. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const
const HTTP = { protocol: 'tcp', port: 80 } as const

const NAT = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'
const FILTER = ':INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n'

export const THREADS_AN_LEGACY: Problem[] = [
  {
    name: 'openshift-egress-address-for-a-service-of-the-own-cluster',
    thread: {
      title: 'Bug 1937194: Routes not accessible from projects with egress IP configred on cloud providers',
      address: 'https://github.com/openshift/sdn/pull/280',
    },
    backend: 'iptables-legacy',
    hosts: {
      partner: {
        addresses: { eth0: ['192.0.2.9/24'] },
        listeners: [HTTPS],
        // knows the project by its egress address
        rules: {
          nft: `table ip filter {
  chain input {
    type filter hook input priority filter; policy accept;
    tcp dport 443 ip saddr != 192.0.2.200 drop
  }
}
`,
        },
      },
      pod: { addresses: { eth0: ['10.128.0.5/23'] }, routes: ['default via 10.128.0.1'] },
      other: { addresses: { eth0: ['10.128.0.6/23'] }, routes: ['default via 10.128.0.1'] },
      node: {
        addresses: { eth0: ['192.0.2.1/24', '192.0.2.200/32'], tun0: ['10.128.0.1/23'], vxlan0: ['10.131.254.1/30'] },
        bridges: { tun0: ['veth1', 'veth2'] },
        routes: ['10.129.0.0/23 via 10.131.254.2'],
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        listeners: [SSH],
        rules: {
          v4: `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -s 10.128.0.5/32 ! -d 10.128.0.0/14 -i tun0 -j MARK --set-xmark 0xa1/0xffffffff
COMMIT
*nat
${NAT}:KUBE-SERVICES - [0:0]
:KUBE-FW-ROUTER - [0:0]
:OPENSHIFT-MASQUERADE - [0:0]
:OPENSHIFT-MASQUERADE-2 - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "rules for masquerading OpenShift traffic" -j OPENSHIFT-MASQUERADE
-A KUBE-SERVICES -d 192.0.2.50/32 -p tcp -m comment --comment "openshift-ingress/router-default:https loadbalancer IP" -m tcp --dport 443 -j KUBE-FW-ROUTER
-A KUBE-FW-ROUTER -p tcp -m tcp -j DNAT --to-destination 10.129.0.7:8443
-A OPENSHIFT-MASQUERADE -s 10.128.0.0/14 -m mark --mark 0xa1 -j SNAT --to-source 192.0.2.200
-A OPENSHIFT-MASQUERADE -s 10.128.0.0/14 -m comment --comment "masquerade pod-to-external traffic" -j OPENSHIFT-MASQUERADE-2
-A OPENSHIFT-MASQUERADE-2 -d 10.128.0.0/14 -m comment --comment "masquerade pod-to-external traffic" -j RETURN
-A OPENSHIFT-MASQUERADE-2 -j MASQUERADE
COMMIT
*filter
${FILTER}:OPENSHIFT-FIREWALL-FORWARD - [0:0]
-A FORWARD -m comment --comment "firewall overrides" -j OPENSHIFT-FIREWALL-FORWARD
-A OPENSHIFT-FIREWALL-FORWARD -s 10.128.0.0/14 -m comment --comment "attempted resend after connection close" -m conntrack --ctstate INVALID -j DROP
-A OPENSHIFT-FIREWALL-FORWARD -d 10.128.0.0/14 -m comment --comment "forward traffic from SDN" -j ACCEPT
-A OPENSHIFT-FIREWALL-FORWARD -s 10.128.0.0/14 -m comment --comment "forward traffic to SDN" -j ACCEPT
COMMIT
`,
        },
      },
      node2: {
        addresses: { vxlan0: ['10.131.254.2/30'], tun0: ['10.129.0.1/23'] },
        routes: ['default via 10.131.254.1'],
        sysctls: FORWARDS,
        // as Open vSwitch has it: from the tunnel come pods alone
        rules: {
          nft: `table ip ovs {
  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname "vxlan0" ip saddr != 10.128.0.0/14 drop
  }
}
`,
        },
      },
      router: {
        addresses: { eth0: ['10.129.0.7/23'] },
        routes: ['default via 10.129.0.1'],
        listeners: [{ protocol: 'tcp', port: 8443 }],
      },
    },
    links: [
      ['partner:eth0', 'node:eth0'],
      ['pod:eth0', 'node:veth1'],
      ['other:eth0', 'node:veth2'],
      ['node:vxlan0', 'node2:vxlan0'],
      ['node2:tun0', 'router:eth0'],
    ],
    traced: 'node',
    fails: { from: 'pod', what: 'tcp', to: '192.0.2.50', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pod', what: 'tcp', to: '192.0.2.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: '10.129.0.7', port: 8443 }, seen: 'answered' },
      { sending: { from: 'other', what: 'tcp', to: '192.0.2.50', port: 443 }, seen: 'answered' },
      { sending: { from: 'partner', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The address of the load balancer is outside the cluster, so the project's packets get the egress mark. Behind the DNAT they go to a pod, and still get the egress address as their source, which the other node drops.",
      causes: [
        { rule: '-j SNAT --to-source 192.0.2.200', chain: 'nat OPENSHIFT-MASQUERADE' },
        { code: 'snat-changed-source', words: ['192.0.2.200'] },
      ],
      status: ['unanswered', 'lost', 'reply-lost'],
    },
    mend: [
      [
        'node',
        'iptables -t nat -R OPENSHIFT-MASQUERADE 1 -s 10.128.0.0/14 ! -d 10.128.0.0/14 -m mark --mark 0xa1 -j SNAT --to-source 192.0.2.200',
      ],
    ],
  },
  {
    name: 'azure-npm-drops-behind-the-mark-that-allows',
    thread: {
      title: '[NPM] RETURN early on MARK in DROP chains',
      address: 'https://github.com/Azure/azure-container-networking/pull/881',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: {
        addresses: { eth0: ['10.240.0.20/32'] },
        routes: ['10.240.0.1 dev eth0', 'default via 10.240.0.1'],
        listeners: [HTTP],
      },
      stranger: { addresses: { eth0: ['10.240.0.21/32'] }, routes: ['10.240.0.1 dev eth0', 'default via 10.240.0.1'] },
      server: {
        addresses: { eth0: ['10.240.0.30/32'] },
        routes: ['10.240.0.1 dev eth0', 'default via 10.240.0.1'],
        listeners: [HTTP, { protocol: 'tcp', port: 9100 }],
      },
      node: {
        addresses: { azv1: ['10.240.0.1/32'], azv2: ['10.240.0.1/32'], azv3: ['10.240.0.1/32'] },
        routes: ['10.240.0.20 dev azv1', '10.240.0.21 dev azv2', '10.240.0.30 dev azv3'],
        sysctls: FORWARDS,
        rules: {
          ipset: `create azure-npm-app:client hash:net family inet
add azure-npm-app:client 10.240.0.20
create azure-npm-app:server hash:net family inet
add azure-npm-app:server 10.240.0.30
`,
          v4: `*filter
${FILTER}:AZURE-NPM - [0:0]
:AZURE-NPM-INGRESS - [0:0]
:AZURE-NPM-INGRESS-PORT - [0:0]
:AZURE-NPM-INGRESS-FROM - [0:0]
:AZURE-NPM-INGRESS-DROPS - [0:0]
-A FORWARD -j AZURE-NPM
-A AZURE-NPM -j AZURE-NPM-INGRESS
-A AZURE-NPM -m mark --mark 0x3000 -m comment --comment "ACCEPT-on-INGRESS-and-EGRESS-mark-0x3000" -j ACCEPT
-A AZURE-NPM -m mark --mark 0x2000 -m comment --comment "ACCEPT-on-INGRESS-mark-0x2000" -j ACCEPT
-A AZURE-NPM -m state --state RELATED,ESTABLISHED -m comment --comment "ACCEPT-on-connection-state" -j ACCEPT
-A AZURE-NPM-INGRESS -j AZURE-NPM-INGRESS-PORT
-A AZURE-NPM-INGRESS -m mark --mark 0x2000 -m comment --comment "RETURN-on-INGRESS-mark-0x2000" -j RETURN
-A AZURE-NPM-INGRESS -j AZURE-NPM-INGRESS-DROPS
-A AZURE-NPM-INGRESS-PORT -p tcp -m set --match-set azure-npm-app:server dst -m tcp --dport 9100 -m comment --comment "ALLOW-ALL-TCP-PORT-9100-TO-app:server" -j MARK --set-xmark 0x2000/0xffffffff
-A AZURE-NPM-INGRESS-PORT -m set --match-set azure-npm-app:server dst -m comment --comment "ALLOW-ALL-TO-app:server-TO-JUMP-TO-AZURE-NPM-INGRESS-FROM" -j AZURE-NPM-INGRESS-FROM
-A AZURE-NPM-INGRESS-PORT -m set --match-set azure-npm-app:server dst -m comment --comment "ALLOW-ALL-TO-app:server-TO-JUMP-TO-AZURE-NPM-INGRESS-DROPS" -j AZURE-NPM-INGRESS-DROPS
-A AZURE-NPM-INGRESS-FROM -m set --match-set azure-npm-app:client src -m set --match-set azure-npm-app:server dst -m comment --comment "ALLOW-app:client-TO-app:server" -j MARK --set-xmark 0x2000/0xffffffff
-A AZURE-NPM-INGRESS-FROM -m mark --mark 0x2000 -m comment --comment "RETURN-on-INGRESS-mark-0x2000" -j RETURN
-A AZURE-NPM-INGRESS-DROPS -m set --match-set azure-npm-app:server dst -m comment --comment "DROP-ALL-TO-app:server" -j DROP
COMMIT
`,
        },
      },
    },
    links: [
      ['client:eth0', 'node:azv1'],
      ['stranger:eth0', 'node:azv2'],
      ['server:eth0', 'node:azv3'],
    ],
    traced: 'node',
    fails: { from: 'client', what: 'tcp', to: '10.240.0.30', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'stranger', what: 'tcp', to: '10.240.0.30', port: 80 }, seen: 'nothing' },
      { sending: { from: 'stranger', what: 'tcp', to: '10.240.0.20', port: 80 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '10.240.0.30', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '10.240.0.30', port: 9100 }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        'What is allowed gets a mark and goes back to the chain of ports, whose next rule leads to the drops: they do not ask for the mark.',
      causes: [
        { rule: 'DROP-ALL-TO-app:server', chain: 'filter AZURE-NPM-INGRESS-DROPS' },
        { rule: 'JUMP-TO-AZURE-NPM-INGRESS-DROPS', chain: 'filter AZURE-NPM-INGRESS-PORT' },
      ],
      status: ['dropped'],
    },
    mend: [['node', 'iptables -I AZURE-NPM-INGRESS-DROPS 1 -m mark --mark 0x2000/0x2000 -j RETURN']],
  },
  {
    name: 'kube2iam-takes-what-comes-in-by-docker0-alone',
    thread: {
      title: 'For calico networking users: interface is cali+',
      address: 'https://github.com/jtblin/kube2iam/issues/14',
    },
    backend: 'iptables-legacy',
    hosts: {
      vpc: {
        addresses: { eth0: ['192.0.2.254/24'], lo: ['169.254.169.254/32', '203.0.113.9/32'] },
        listeners: [HTTP, HTTPS],
      },
      node: {
        addresses: { eth0: ['192.0.2.1/24'], docker0: ['172.17.0.1/16'], cali1: ['169.254.1.1/32'] },
        routes: ['default via 192.0.2.254', '10.2.0.5 dev cali1'],
        sysctls: FORWARDS,
        listeners: [SSH, { protocol: 'tcp', port: 8181 }],
        rules: {
          v4: `*nat
${NAT}-A PREROUTING -d 169.254.169.254/32 -i docker0 -p tcp -m tcp --dport 80 -j DNAT --to-destination 192.0.2.1:8181
-A POSTROUTING -d 169.254.0.0/16 -j RETURN
-A POSTROUTING -s 10.2.0.0/16 ! -d 10.2.0.0/16 -j MASQUERADE
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
COMMIT
*filter
${FILTER}-A FORWARD -d 169.254.169.254/32 -m comment --comment "pods do not ask with the node's role" -j DROP
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT ! -i eth0 -p tcp -m tcp --dport 8181 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -j DROP
COMMIT
`,
        },
      },
      pod: { addresses: { eth0: ['10.2.0.5/32'] }, routes: ['169.254.1.1 dev eth0', 'default via 169.254.1.1'] },
      builder: { addresses: { eth0: ['172.17.0.2/16'] }, routes: ['default via 172.17.0.1'] },
    },
    links: [
      ['vpc:eth0', 'node:eth0'],
      ['pod:eth0', 'node:cali1'],
      ['builder:eth0', 'node:docker0'],
    ],
    traced: 'node',
    fails: { from: 'pod', what: 'tcp', to: '169.254.169.254', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'builder', what: 'tcp', to: '169.254.169.254', port: 80 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '169.254.169.254', port: 80 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'vpc', what: 'tcp', to: '192.0.2.1', port: 8181 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "kube2iam takes requests for the metadata that come in by docker0. Calico's pods come in by cali interfaces, so theirs go on to the metadata itself, which no pod may ask.",
      causes: [
        { rule: '-i docker0 -p tcp', chain: 'nat PREROUTING' },
        { code: 'near-miss', words: ['docker0'] },
      ],
      status: ['dropped'],
    },
    mend: [
      [
        'node',
        'iptables -t nat -I PREROUTING -d 169.254.169.254/32 -i cali+ -p tcp -m tcp --dport 80 -j DNAT --to-destination 192.0.2.1:8181',
      ],
    ],
  },
  {
    name: 'near-gke-masquerades-behind-an-older-chain-that-does-not',
    thread: {
      title: 'ip-masq-agent does not set the rules correctly',
      address: 'https://github.com/kubernetes/kubernetes/issues/64212',
    },
    backend: 'iptables-legacy',
    hosts: {
      office: { addresses: { eth0: ['192.168.5.9/24'] }, routes: ['10.0.0.0/24 via 192.168.5.1'], listeners: [HTTPS] },
      vpn: {
        addresses: { eth0: ['10.0.0.254/24'], office: ['192.168.5.1/24'], near: ['192.168.0.1/24'] },
        routes: ['10.24.1.0/24 via 10.0.0.10'],
        sysctls: FORWARDS,
      },
      peered: { addresses: { eth0: ['192.168.0.9/24'] }, routes: ['default via 192.168.0.1'], listeners: [HTTPS] },
      node: {
        addresses: { eth0: ['10.0.0.10/24'], cbr0: ['10.24.1.1/24'] },
        routes: ['default via 10.0.0.254'],
        sysctls: FORWARDS,
        rules: {
          v4: `*nat
${NAT}:IP-MASQ - [0:0]
:IP-MASQ-AGENT - [0:0]
-A POSTROUTING -m comment --comment "ip-masq: ensure nat POSTROUTING directs all non-LOCAL destination traffic to our custom IP-MASQ chain" -m addrtype ! --dst-type LOCAL -j IP-MASQ
-A POSTROUTING -m comment --comment "ip-masq-agent: ensure nat POSTROUTING directs all non-LOCAL destination traffic to our custom IP-MASQ-AGENT chain" -m addrtype ! --dst-type LOCAL -j IP-MASQ-AGENT
-A IP-MASQ -d 169.254.0.0/16 -m comment --comment "ip-masq: local traffic is not subject to MASQUERADE" -j RETURN
-A IP-MASQ -d 10.0.0.0/8 -m comment --comment "ip-masq: local traffic is not subject to MASQUERADE" -j RETURN
-A IP-MASQ -d 172.16.0.0/12 -m comment --comment "ip-masq: local traffic is not subject to MASQUERADE" -j RETURN
-A IP-MASQ -d 192.168.0.0/16 -m comment --comment "ip-masq: local traffic is not subject to MASQUERADE" -j RETURN
-A IP-MASQ -m comment --comment "ip-masq: outbound traffic is subject to MASQUERADE (must be last in chain)" -j MASQUERADE
-A IP-MASQ-AGENT -d 169.254.0.0/16 -j RETURN
-A IP-MASQ-AGENT -d 172.17.0.0/16 -j RETURN
-A IP-MASQ-AGENT -d 10.32.0.0/16 -j RETURN
-A IP-MASQ-AGENT -d 192.168.0.0/24 -j RETURN
-A IP-MASQ-AGENT -m comment --comment "ip-masq-agent: outbound traffic is subject to MASQUERADE (must be last in chain)" -j MASQUERADE
COMMIT
`,
        },
      },
      pod: { addresses: { eth0: ['10.24.1.5/24'] }, routes: ['default via 10.24.1.1'] },
    },
    links: [
      ['office:eth0', 'vpn:office'],
      ['peered:eth0', 'vpn:near'],
      ['node:eth0', 'vpn:eth0'],
      ['pod:eth0', 'node:cbr0'],
    ],
    traced: 'node',
    fails: { from: 'pod', what: 'tcp', to: '192.168.5.9', port: 443 },
    seen: 'answered',
    others: [
      { sending: { from: 'pod', what: 'tcp', to: '192.168.0.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '192.168.5.9', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words: 'Nothing is wrong: the older chain returns, and the next one masquerades.',
      causes: [],
      status: ['answered'],
    },
    mend: [['node', 'true']],
  },
]
