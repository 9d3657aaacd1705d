/** Nodes of clusters: a rule without its port, a policy for the port before its translation, a set behind its pods. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const NAT = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'

export const NODE_RULES: Problem[] = [
  {
    name: 'minikube-dns-rule-has-no-port',
    thread: {
      title: 'Pods cannot access host.minikube.internal',
      address: 'https://github.com/kubernetes/minikube/issues/14631',
    },
    backend: 'iptables-nft',
    hosts: {
      pod: { addresses: { eth0: ['10.244.0.5/16'] }, routes: ['default via 10.244.0.1'] },
      node: {
        bridges: { bridge: ['veth1'] },
        addresses: { bridge: ['10.244.0.1/16'], eth0: ['192.168.49.2/24'] },
        routes: ['default via 192.168.49.1'],
        sysctls: { ...FORWARDS, 'net.ipv4.conf.all.route_localnet': '1' },
        listeners: [{ protocol: 'udp', address: '127.0.0.11', port: 39920 }],
        rules: {
          v4: `*nat
${NAT}:DOCKER_OUTPUT - [0:0]
:DOCKER_POSTROUTING - [0:0]
-A PREROUTING -d 192.168.49.1/32 -j DOCKER_OUTPUT
-A OUTPUT -d 192.168.49.1/32 -j DOCKER_OUTPUT
-A POSTROUTING -d 192.168.49.1/32 -j DOCKER_POSTROUTING
-A POSTROUTING -s 10.244.0.0/16 ! -o bridge -j MASQUERADE
-A DOCKER_OUTPUT -d 192.168.49.1/32 -p tcp -j DNAT --to-destination 127.0.0.11:34415
-A DOCKER_OUTPUT -d 192.168.49.1/32 -p udp -j DNAT --to-destination 127.0.0.11:39920
-A DOCKER_POSTROUTING -s 127.0.0.11/32 -p tcp -j SNAT --to-source 192.168.49.1:53
-A DOCKER_POSTROUTING -s 127.0.0.11/32 -p udp -j SNAT --to-source 192.168.49.1:53
COMMIT
`,
        },
      },
      host: {
        addresses: { eth0: ['192.168.49.1/24'], lo: ['203.0.113.9/32'] },
        listeners: [{ protocol: 'tcp', port: 3000 }],
      },
    },
    links: [
      ['pod:eth0', 'node:veth1'],
      ['node:eth0', 'host:eth0'],
    ],
    traced: 'node',
    fails: { from: 'pod', what: 'tcp', to: '192.168.49.1', port: 3000 },
    seen: 'refused',
    others: [
      { sending: { from: 'pod', what: 'udp', to: '192.168.49.1', port: 53 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: '203.0.113.9', port: 3000 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '192.168.49.1', port: 3000 }, seen: 'refused', either: true },
    ],
    truth: {
      words:
        "The rule for DNS lacks its port: all TCP for the host's address goes to the resolver's port on the node's loopback.",
      causes: [{ rule: '-p tcp -j DNAT --to-destination 127.0.0.11:34415', chain: 'nat DOCKER_OUTPUT' }],
      status: ['refused'],
      alsoTrue: ['closed-port', 'refused-here'],
    },
    mend: [
      [
        'node',
        'iptables -t nat -R DOCKER_OUTPUT 1 -d 192.168.49.1/32 -p tcp --dport 53 -j DNAT --to-destination 127.0.0.11:34415',
      ],
    ],
  },
  {
    name: 'calico-host-endpoint-drops-forwarded-node-port',
    thread: {
      title: 'Need to document securing host endpoints in k8s environment',
      address: 'https://github.com/projectcalico/calico/issues/873',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: { addresses: { eth0: ['10.132.0.5/24'] }, routes: ['100.94.188.160/28 via 10.132.0.2'] },
      nodeB: {
        addresses: { eth0: ['10.132.0.2/24'], eth1: ['10.133.0.2/24'] },
        routes: ['100.94.188.160/28 via 10.133.0.3'],
        sysctls: FORWARDS,
        listeners: [
          { protocol: 'tcp', port: 22 },
          { protocol: 'tcp', port: 10250 },
        ],
        rules: {
          v4: `*nat
${NAT}:KUBE-MARK-MASQ - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SEP-DB - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-DB - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-NODEPORTS -p tcp -m comment --comment "default/db:" -m tcp --dport 30432 -j KUBE-MARK-MASQ
-A KUBE-NODEPORTS -p tcp -m comment --comment "default/db:" -m tcp --dport 30432 -j KUBE-SVC-DB
-A KUBE-POSTROUTING -m mark --mark 0x4000/0x4000 -j MASQUERADE
-A KUBE-SEP-DB -p tcp -m comment --comment "default/db:" -m tcp -j DNAT --to-destination 100.94.188.161:5432
-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-SVC-DB -m comment --comment "default/db:" -j KUBE-SEP-DB
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:cali-FORWARD - [0:0]
:cali-INPUT - [0:0]
:cali-failsafe-in - [0:0]
:cali-fh-eth0 - [0:0]
:cali-from-host-endpoint - [0:0]
:cali-pi-nodes - [0:0]
-A INPUT -m comment --comment "cali:Cz_u1IQiXIMmKD4c" -j cali-INPUT
-A FORWARD -m comment --comment "cali:wUHhoiAYhphO9Mso" -j cali-FORWARD
-A cali-FORWARD -i cali+ -j ACCEPT
-A cali-FORWARD -o cali+ -j ACCEPT
-A cali-FORWARD -j MARK --set-xmark 0x0/0x1000000
-A cali-FORWARD -j cali-from-host-endpoint
-A cali-FORWARD -m comment --comment "Host endpoint policy accepted packet." -m mark --mark 0x1000000/0x1000000 -j ACCEPT
-A cali-INPUT -j MARK --set-xmark 0x0/0x1000000
-A cali-INPUT -j cali-from-host-endpoint
-A cali-INPUT -m comment --comment "Host endpoint policy accepted packet." -m mark --mark 0x1000000/0x1000000 -j ACCEPT
-A cali-failsafe-in -p tcp -m multiport --dports 22,2379,2380,4001,7001 -j ACCEPT
-A cali-fh-eth0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A cali-fh-eth0 -m conntrack --ctstate INVALID -j DROP
-A cali-fh-eth0 -j cali-failsafe-in
-A cali-fh-eth0 -j MARK --set-xmark 0x0/0x1000000
-A cali-fh-eth0 -m comment --comment "Start of policies" -j MARK --set-xmark 0x0/0x2000000
-A cali-fh-eth0 -m mark --mark 0x0/0x2000000 -j cali-pi-nodes
-A cali-fh-eth0 -m comment --comment "Return if policy accepted" -m mark --mark 0x1000000/0x1000000 -j RETURN
-A cali-fh-eth0 -m comment --comment "Drop if no policies passed packet" -m mark --mark 0x0/0x2000000 -j DROP
-A cali-from-host-endpoint -i eth0 -g cali-fh-eth0
-A cali-pi-nodes -p tcp -m multiport --dports 10250,30432 -j MARK --set-xmark 0x1000000/0x1000000
-A cali-pi-nodes -m mark --mark 0x1000000/0x1000000 -j RETURN
COMMIT
`,
        },
      },
      nodeC: {
        addresses: { eth0: ['10.133.0.3/24'], lo: ['100.94.188.161/32'] },
        routes: ['10.132.0.0/24 via 10.133.0.2'],
        listeners: [{ protocol: 'tcp', port: 5432 }],
      },
    },
    links: [
      ['client:eth0', 'nodeB:eth0'],
      ['nodeB:eth1', 'nodeC:eth0'],
    ],
    traced: 'nodeB',
    fails: { from: 'client', what: 'tcp', to: '10.132.0.2', port: 30432 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '10.132.0.2', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '10.132.0.2', port: 10250 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '10.132.0.2' }, seen: 'nothing' },
      { sending: { from: 'nodeB', what: 'tcp', to: '100.94.188.161', port: 5432 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The host endpoint's policy is for what is forwarded, too, and allows the node port: behind DNAT the packet has the pod's address and port, and no policy accepts it.",
      causes: [
        { rule: 'Drop if no policies passed packet', chain: 'filter cali-fh-eth0' },
        { chain: 'filter cali-pi-nodes' },
      ],
      status: ['dropped'],
    },
    mend: [['nodeB', 'iptables -I cali-pi-nodes -d 100.94.188.160/28 -j MARK --set-xmark 0x1000000/0x1000000']],
  },
  {
    name: 'npm-set-has-lost-a-reused-pod-address',
    thread: {
      title: '[NPM] traffic break if pod IP is deallocated from previous pod',
      address: 'https://github.com/Azure/azure-container-networking/issues/562',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: { addresses: { eth0: ['10.240.0.20/32'] }, routes: ['10.240.0.1 dev eth0', 'default via 10.240.0.1'] },
      node: {
        addresses: { azv1: ['10.240.0.1/32'], azv2: ['10.240.0.1/32'], azv3: ['10.240.0.1/32'] },
        routes: ['10.240.0.20 dev azv1', '10.240.0.30 dev azv2', '10.240.0.31 dev azv3'],
        sysctls: FORWARDS,
        rules: {
          ipset:
            'create azure-npm-app:client hash:net\nadd azure-npm-app:client 10.240.0.20\ncreate azure-npm-app:server hash:net\nadd azure-npm-app:server 10.240.0.31\n',
          v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:AZURE-NPM - [0:0]
:AZURE-NPM-EGRESS-PORT - [0:0]
:AZURE-NPM-EGRESS-TO - [0:0]
:AZURE-NPM-TARGET-SETS - [0:0]
-A FORWARD -j AZURE-NPM
-A AZURE-NPM -j AZURE-NPM-EGRESS-PORT
-A AZURE-NPM -m mark --mark 0x1000 -m comment --comment "ACCEPT-on-EGRESS-mark-0x1000" -j ACCEPT
-A AZURE-NPM -j AZURE-NPM-TARGET-SETS
-A AZURE-NPM -m state --state RELATED,ESTABLISHED -m comment --comment "ACCEPT-on-connection-state" -j ACCEPT
-A AZURE-NPM-EGRESS-PORT -m set --match-set azure-npm-app:client src -m comment --comment "ALLOW-ALL-FROM-app:client-IN-ns-e2e-TO-JUMP-TO-AZURE-NPM-EGRESS-TO" -j AZURE-NPM-EGRESS-TO
-A AZURE-NPM-EGRESS-TO -m set --match-set azure-npm-app:client src -m set --match-set azure-npm-app:server dst -m comment --comment "ALLOW-ALL-FROM-app:client-IN-ns-e2e-TO-app:server-IN-ns-e2e" -j MARK --set-xmark 0x1000/0xffffffff
-A AZURE-NPM-TARGET-SETS -m set --match-set azure-npm-app:client src -m comment --comment "DROP-ALL-FROM-app:client-IN-ns-e2e" -j DROP
COMMIT
`,
        },
      },
      server: {
        addresses: { eth0: ['10.240.0.30/32'] },
        routes: ['10.240.0.1 dev eth0', 'default via 10.240.0.1'],
        listeners: [{ protocol: 'tcp', port: 80 }],
      },
      older: {
        addresses: { eth0: ['10.240.0.31/32'] },
        routes: ['10.240.0.1 dev eth0', 'default via 10.240.0.1'],
        listeners: [{ protocol: 'tcp', port: 80 }],
      },
    },
    links: [
      ['client:eth0', 'node:azv1'],
      ['node:azv2', 'server:eth0'],
      ['node:azv3', 'older:eth0'],
    ],
    traced: 'node',
    fails: { from: 'client', what: 'tcp', to: '10.240.0.30', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '10.240.0.31', port: 80 }, seen: 'answered' },
      { sending: { from: 'older', what: 'tcp', to: '10.240.0.30', port: 80 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '10.240.0.30', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "An older pod's second deletion took the address out of the set of servers, though a new pod has it: the rule that allows does not match, and the next drops.",
      causes: [
        { code: 'not-in-set', words: ['azure-npm-app:server'] },
        { rule: '--match-set azure-npm-app:server dst', chain: 'filter AZURE-NPM-EGRESS-TO' },
        { rule: 'DROP-ALL-FROM-app:client-IN-ns-e2e', chain: 'filter AZURE-NPM-TARGET-SETS' },
      ],
      status: ['dropped'],
    },
    mend: [['node', 'ipset add azure-npm-app:server 10.240.0.30']],
  },
  {
    name: 'pod-network-is-one-hop-more-to-the-metadata',
    thread: {
      title: 'AWS: Increase HttpPutResponseHopLimit to 3 for EC2 instances',
      address: 'https://github.com/kubermatic/machine-controller/pull/1833',
    },
    backend: 'nft',
    hosts: {
      pod: { addresses: { eth0: ['10.0.2.5/24'] }, routes: ['default via 10.0.2.1'] },
      inner: {
        addresses: { cilium0: ['10.0.2.1/24'], host0: ['10.0.1.2/24'] },
        routes: ['default via 10.0.1.1'],
        sysctls: FORWARDS,
        rules: {
          nft: `table ip nat {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 10.0.2.0/24 oifname "host0" masquerade
  }
}
`,
        },
      },
      node: {
        addresses: { pods0: ['10.0.1.1/24'], ens5: ['10.0.0.5/24'] },
        routes: ['default via 10.0.0.1'],
        sysctls: FORWARDS,
        rules: {
          nft: `table ip nat {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "ens5" masquerade
  }
}
`,
        },
      },
      imds: {
        addresses: { eth0: ['10.0.0.1/24'], lo: ['169.254.169.254/32'] },
        sysctls: { 'net.ipv4.ip_default_ttl': '2' },
        listeners: [{ protocol: 'tcp', port: 80 }],
      },
    },
    links: [
      ['pod:eth0', 'inner:cilium0'],
      ['inner:host0', 'node:pods0'],
      ['node:ens5', 'imds:eth0'],
    ],
    traced: 'inner',
    fails: { from: 'pod', what: 'tcp', to: '169.254.169.254', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'inner', what: 'tcp', to: '169.254.169.254', port: 80 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'ping', to: '10.0.1.1' }, seen: 'answered' },
    ],
    truth: {
      words: "The metadata service's replies may go two hops: the pod's network is the third.",
      causes: [{ code: 'vanished-ttl' }],
      status: ['reply-lost', 'lost'],
    },
    mend: [['imds', 'sysctl -w net.ipv4.ip_default_ttl=3']],
  },
]
