/** Of iptables-nft, from threads of clusters: a port that is taken wherever it leads, a table that one network is not looked up in, a policy of one family; and two that are healthy. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const DNS = { protocol: 'udp', port: 53 } as const
const HTTPS = { protocol: 'tcp', port: 443 } as const

const CHAINS = {
  nat: ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n',
  filter: ':INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n',
}

/** Felix's chains for one pod at cali1, with what its policy lets in. */
const felix = (policy: string) => `*filter
${CHAINS.filter}:cali-FORWARD - [0:0]
:cali-from-wl-dispatch - [0:0]
:cali-fw-cali1 - [0:0]
:cali-to-wl-dispatch - [0:0]
:cali-tw-cali1 - [0:0]
:cali-pi-_WbUn2mPkXqL1oD0S4mZ - [0:0]
-A FORWARD -m comment --comment "cali:wUHhoiAYhphO9Mso" -j cali-FORWARD
-A FORWARD -m comment --comment "cali:S93hcgKJrXEqnTfs" -m comment --comment "Policy explicitly accepted packet." -m mark --mark 0x10000/0x10000 -j ACCEPT
-A cali-FORWARD -m comment --comment "cali:vjrMJCRpqwy5oRoX" -j MARK --set-xmark 0x0/0xe0000
-A cali-FORWARD -i cali+ -m comment --comment "cali:8ZoYfO5HKXWbB3pk" -j cali-from-wl-dispatch
-A cali-FORWARD -o cali+ -m comment --comment "cali:jdEuaPBe14V2hutn" -j cali-to-wl-dispatch
-A cali-FORWARD -i cali+ -j ACCEPT
-A cali-from-wl-dispatch -i cali1 -g cali-fw-cali1
-A cali-from-wl-dispatch -m comment --comment "Unknown interface" -j DROP
-A cali-fw-cali1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A cali-fw-cali1 -m conntrack --ctstate INVALID -j DROP
-A cali-fw-cali1 -j MARK --set-xmark 0x10000/0x10000
-A cali-to-wl-dispatch -o cali1 -g cali-tw-cali1
-A cali-to-wl-dispatch -m comment --comment "Unknown interface" -j DROP
-A cali-tw-cali1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A cali-tw-cali1 -m conntrack --ctstate INVALID -j DROP
-A cali-tw-cali1 -j MARK --set-xmark 0x0/0x10000
-A cali-tw-cali1 -m comment --comment "Start of policies" -j MARK --set-xmark 0x0/0x20000
-A cali-tw-cali1 -m mark --mark 0x0/0x20000 -j cali-pi-_WbUn2mPkXqL1oD0S4mZ
-A cali-tw-cali1 -m comment --comment "Return if policy accepted" -m mark --mark 0x10000/0x10000 -j RETURN
-A cali-tw-cali1 -m comment --comment "Drop if no policies passed packet" -m mark --mark 0x0/0x20000 -j DROP
${policy}COMMIT
`

const LOCAL_SEP = (name: string, address: string) => `-A KUBE-SEP-${name} -s ${address}/32 -j KUBE-MARK-MASQ
-A KUBE-SEP-${name} -p tcp -m recent --set --name KUBE-SEP-${name} --mask 255.255.255.255 --rsource -m tcp -j DNAT --to-destination ${address}:3306
`

export const THREADS_AN_IPTABLES: Problem[] = [
  {
    name: 'ovn-takes-its-node-port-from-what-pods-send-elsewhere',
    thread: {
      title: 'In local gw mode, creating a nodeport service inhibit north-south traffic on the same port',
      address: 'https://github.com/ovn-kubernetes/ovn-kubernetes/issues/1981',
    },
    backend: 'iptables-nft',
    hosts: {
      far: { addresses: { eth0: ['192.0.2.9/24'] }, listeners: [{ protocol: 'tcp', port: 31405 }, HTTPS] },
      node: {
        addresses: { eth0: ['192.0.2.1/24'], 'ovn-k8s-mp0': ['10.244.0.2/24'] },
        routes: ['10.96.0.0/16 via 10.244.0.1', '10.244.1.0/24 via 10.244.0.1'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v4: `*nat
${CHAINS.nat}:OVN-KUBE-NODEPORT - [0:0]
-A PREROUTING -j OVN-KUBE-NODEPORT
-A OUTPUT -j OVN-KUBE-NODEPORT
-A POSTROUTING -s 10.244.0.0/16 -o eth0 -j MASQUERADE
-A OVN-KUBE-NODEPORT -p tcp -m tcp --dport 31405 -j DNAT --to-destination 10.96.77.98:30100
COMMIT
*filter
${CHAINS.filter}-A FORWARD -o ovn-k8s-mp0 -j ACCEPT
-A FORWARD -i ovn-k8s-mp0 -j ACCEPT
COMMIT
`,
        },
      },
      ovn: {
        addresses: { mp0: ['10.244.0.1/24'], pods: ['10.244.1.1/24'] },
        routes: ['default via 10.244.0.2'],
        sysctls: FORWARDS,
        rules: {
          nft: `table ip ovn {
  chain balancer {
    type nat hook prerouting priority dstnat; policy accept;
    ip daddr 10.96.77.98 tcp dport 30100 dnat to 10.244.1.6:8080
  }
}
`,
        },
      },
      pods: {
        addresses: { eth0: ['10.244.1.5/24', '10.244.1.6/24'] },
        routes: ['default via 10.244.1.1 src 10.244.1.5'],
        listeners: [{ protocol: 'tcp', port: 8080, address: '10.244.1.6' }],
      },
    },
    links: [
      ['far:eth0', 'node:eth0'],
      ['node:ovn-k8s-mp0', 'ovn:mp0'],
      ['ovn:pods', 'pods:eth0'],
    ],
    traced: 'node',
    fails: { from: 'pods', what: 'tcp', to: '192.0.2.9', port: 31405 },
    seen: 'nothing',
    others: [
      { sending: { from: 'far', what: 'tcp', to: '192.0.2.1', port: 31405 }, seen: 'answered' },
      { sending: { from: 'pods', what: 'tcp', to: '192.0.2.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'far', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The rule of the node port asks for no destination: what a pod sends to another server's port of the same number is sent to the service instead.",
      causes: [{ rule: '--dport 31405 -j DNAT', chain: 'nat OVN-KUBE-NODEPORT' }],
      status: ['unanswered', 'lost', 'reply-lost'],
    },
    mend: [
      [
        'node',
        'iptables -t nat -R OVN-KUBE-NODEPORT 1 -p tcp -m addrtype --dst-type LOCAL -m tcp --dport 31405 -j DNAT --to-destination 10.96.77.98:30100',
      ],
    ],
  },
  {
    name: 'cilium-looks-up-the-second-cards-table-for-its-own-network-alone',
    thread: {
      title: 'Inconsistent ip rules with BPF ip-masq-agent nonMasqueradeCIDRs',
      address: 'https://github.com/cilium/cilium/issues/35501',
    },
    backend: 'iptables-nft',
    hosts: {
      peer: {
        addresses: { eth0: ['172.20.0.9/24'] },
        routes: ['default via 172.20.0.1'],
        listeners: [HTTPS],
      },
      vpc: {
        addresses: {
          eth0: ['10.0.0.1/24'],
          eth1: ['10.0.1.1/24'],
          peering: ['172.20.0.1/24'],
          lo: ['203.0.113.9/32'],
        },
        routes: ['10.0.1.50 via 10.0.1.10'],
        // a card sends with its own addresses alone
        sysctls: { ...FORWARDS, 'net.ipv4.conf.all.rp_filter': '1' },
        listeners: [{ ...DNS, address: '203.0.113.9' }],
      },
      node: {
        addresses: { eth0: ['10.0.0.10/24'], eth1: ['10.0.1.10/24'], lxc1: ['10.0.0.77/32'] },
        routes: ['default via 10.0.0.1', '10.0.1.50 dev lxc1'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v4: `*nat
${CHAINS.nat}:CILIUM_POST_nat - [0:0]
-A POSTROUTING -m comment --comment "cilium-feeder: CILIUM_POST_nat" -j CILIUM_POST_nat
-A CILIUM_POST_nat -d 10.0.0.0/8 -j RETURN
-A CILIUM_POST_nat -d 172.16.0.0/12 -j RETURN
-A CILIUM_POST_nat -d 100.64.0.0/10 -j RETURN
-A CILIUM_POST_nat -d 192.168.0.0/16 -j RETURN
-A CILIUM_POST_nat -s 10.0.0.0/16 ! -o cilium_+ -m comment --comment "cilium masquerade non-cluster" -j MASQUERADE
COMMIT
*filter
${CHAINS.filter}:CILIUM_FORWARD - [0:0]
-A FORWARD -m comment --comment "cilium-feeder: CILIUM_FORWARD" -j CILIUM_FORWARD
-A CILIUM_FORWARD -o lxc+ -m comment --comment "cilium: any->cluster on lxc+ forward accept" -j ACCEPT
-A CILIUM_FORWARD -i lxc+ -m comment --comment "cilium: cluster->any on lxc+ forward accept" -j ACCEPT
COMMIT
`,
        },
      },
      pod: {
        addresses: { eth0: ['10.0.1.50/32'] },
        routes: ['10.0.0.77 dev eth0', 'default via 10.0.0.77'],
        listeners: [{ protocol: 'tcp', port: 80 }],
      },
    },
    links: [
      ['vpc:peering', 'peer:eth0'],
      ['node:eth0', 'vpc:eth0'],
      ['node:eth1', 'vpc:eth1'],
      ['node:lxc1', 'pod:eth0'],
    ],
    traced: 'node',
    setup: [
      [
        'node',
        'ip route add default via 10.0.1.1 dev eth1 table 11; ip rule add pref 20 to 10.0.1.50 lookup main; ip rule add pref 111 from 10.0.1.50 to 10.0.0.0/16 lookup 11',
      ],
    ],
    fails: { from: 'pod', what: 'tcp', to: '172.20.0.9', port: 443 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pod', what: 'ping', to: '10.0.0.1' }, seen: 'answered' },
      { sending: { from: 'pod', what: 'udp', to: '203.0.113.9', port: 53 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '172.20.0.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'peer', what: 'tcp', to: '10.0.0.10', port: 22 }, seen: 'answered' },
      { sending: { from: 'peer', what: 'tcp', to: '10.0.1.50', port: 80 }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        "The pod's address is one of the second card's, but the routing rule leads there for the own network alone. To the peered one the pod's packets leave by the first card, unmasqueraded, and the cloud drops what is not the card's.",
      causes: [
        { code: 'wrong-way-out', words: ['eth1'] },
        { code: 'not-netfilter', words: ['eth1'] },
        { code: 'unanswered', words: ['eth1'] },
        { code: 'no-reply', words: ['eth1'] },
        { code: 'reply-by-other-uplink', words: ['eth1'] },
      ],
      status: ['unanswered', 'lost'],
    },
    mend: [['node', 'ip rule add pref 111 from 10.0.1.50 to 172.16.0.0/12 lookup 11']],
  },
  {
    name: 'rke2-policy-for-its-nodes-has-their-ipv4-addresses-alone',
    thread: {
      title: 'RKE2 flannel node netpols do not handle ipv6 node IPs',
      address: 'https://github.com/rancher/rke2/issues/8065',
    },
    backend: 'iptables-nft',
    hosts: {
      node2: {
        addresses: { eth0: ['192.0.2.2/24', '2001:db8:1::2/64'] },
        routes: ['10.42.1.0/24 via 192.0.2.1', 'fd00:42:0:1::/64 via 2001:db8:1::1'],
        listeners: [{ protocol: 'tcp', port: 443, address: '::' }],
      },
      node: {
        addresses: { eth0: ['192.0.2.1/24', '2001:db8:1::1/64'], cali1: ['169.254.1.1/32', 'fd00:42:0:1::1/128'] },
        routes: ['10.42.1.5 dev cali1', 'fd00:42:0:1::5 dev cali1'],
        sysctls: FORWARDS,
        rules: {
          v4: felix(`-A cali-pi-_WbUn2mPkXqL1oD0S4mZ -s 192.0.2.1/32 -j MARK --set-xmark 0x10000/0x10000
-A cali-pi-_WbUn2mPkXqL1oD0S4mZ -m mark --mark 0x10000/0x10000 -j RETURN
-A cali-pi-_WbUn2mPkXqL1oD0S4mZ -s 192.0.2.2/32 -j MARK --set-xmark 0x10000/0x10000
-A cali-pi-_WbUn2mPkXqL1oD0S4mZ -m mark --mark 0x10000/0x10000 -j RETURN
`),
          v6: felix(''),
        },
      },
      pod: {
        addresses: { eth0: ['10.42.1.5/32', 'fd00:42:0:1::5/128'] },
        routes: [
          '169.254.1.1 dev eth0',
          'default via 169.254.1.1',
          'fd00:42:0:1::1 dev eth0',
          'default via fd00:42:0:1::1',
        ],
        listeners: [
          { protocol: 'tcp', port: 80 },
          { protocol: 'tcp', port: 80, address: '::' },
        ],
      },
    },
    links: [
      ['node2:eth0', 'node:eth0'],
      ['node:cali1', 'pod:eth0'],
    ],
    traced: 'node',
    fails: { from: 'node2', what: 'tcp', to: 'fd00:42:0:1::5', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'node2', what: 'tcp', to: '10.42.1.5', port: 80 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: 'fd00:42:0:1::5', port: 80 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: '2001:db8:1::2', port: 443 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The policy that lets the nodes in lists their addresses of IPv4. In IPv6 its chain is empty, so what another node sends on is dropped at the end of the policies.',
      causes: [
        { rule: 'Drop if no policies passed packet', chain: 'filter cali-tw-cali1' },
        { chain: 'filter cali-pi-_WbUn2mPkXqL1oD0S4mZ' },
      ],
      status: ['dropped'],
    },
    mend: [
      ['node', 'ip6tables -A cali-pi-_WbUn2mPkXqL1oD0S4mZ -s 2001:db8:1::2/128 -j MARK --set-xmark 0x10000/0x10000'],
    ],
  },
  {
    name: 'near-ovn-returns-in-front-of-its-snat-of-ipv6',
    thread: {
      title: 'FLAKE: Load Balancer Service Tests with MetalLB: ETP=local and session affinity',
      address: 'https://github.com/ovn-kubernetes/ovn-kubernetes/issues/4635',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['2001:db8:1::9/64'] } },
      node: {
        addresses: { eth0: ['2001:db8:1::1/64'], 'ovn-k8s-mp0': ['fd00:10:244:1::2/64'] },
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', port: 22, address: '::' }],
        rules: {
          v6: `*nat
${CHAINS.nat}:OVN-KUBE-ETP - [0:0]
:OVN-KUBE-SNAT-MGMTPORT - [0:0]
-A PREROUTING -j OVN-KUBE-ETP
-A POSTROUTING -o ovn-k8s-mp0 -j OVN-KUBE-SNAT-MGMTPORT
-A OVN-KUBE-ETP -d fc00:f853:ccd:e799::10/128 -p tcp -m tcp --dport 80 -j DNAT --to-destination [fd00:10:244:1::1b]:80
-A OVN-KUBE-ETP -p tcp -m addrtype --dst-type LOCAL -m tcp --dport 30080 -j DNAT --to-destination [fd00:10:244:1::1b]:80
-A OVN-KUBE-SNAT-MGMTPORT -d fd00:10:244:1::1b/128 -p tcp -m tcp --dport 80 -j RETURN
-A OVN-KUBE-SNAT-MGMTPORT -o ovn-k8s-mp0 -m comment --comment "OVN SNAT to Management Port" -j SNAT --to-source fd00:10:244:1::2
COMMIT
*filter
${CHAINS.filter}-A FORWARD -o ovn-k8s-mp0 -j ACCEPT
-A FORWARD -i ovn-k8s-mp0 -j ACCEPT
COMMIT
`,
        },
      },
      pod: {
        addresses: { eth0: ['fd00:10:244:1::1b/64'] },
        routes: ['default via fd00:10:244:1::2'],
        listeners: [
          { protocol: 'tcp', port: 80, address: '::' },
          { protocol: 'tcp', port: 8181, address: '::' },
        ],
      },
    },
    links: [
      ['client:eth0', 'node:eth0'],
      ['node:ovn-k8s-mp0', 'pod:eth0'],
    ],
    traced: 'node',
    fails: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 30080 },
    seen: 'answered',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: 'fd00:10:244:1::1b', port: 8181 }, seen: 'answered' },
    ],
    truth: {
      words: "Nothing is wrong: the client's address is kept on purpose, and the pod replies by this node.",
      causes: [],
      status: ['answered'],
    },
    mend: [['node', 'true']],
  },
  {
    name: 'near-kube-affinity-remembers-an-endpoint-that-is-ready',
    thread: {
      title: 'Service sessionAffinity with ClientIP 180 sec instead of minutes when using iptables proxy mode.',
      address: 'https://github.com/kubernetes/kubernetes/issues/35677',
    },
    backend: 'iptables-nft',
    hosts: {
      pod: { addresses: { eth0: ['10.244.1.9/24'] }, routes: ['default via 10.244.1.1'] },
      node: {
        addresses: { cni0: ['10.244.1.1/24'], cni1: ['10.244.2.1/24'] },
        sysctls: FORWARDS,
        rules: {
          v4: `*nat
${CHAINS.nat}:KUBE-MARK-MASQ - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SEP-GALERA1 - [0:0]
:KUBE-SEP-GALERA2 - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-GALERA - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m mark --mark 0x4000/0x4000 -j MASQUERADE
${LOCAL_SEP('GALERA1', '10.244.2.11')}${LOCAL_SEP('GALERA2', '10.244.2.12')}-A KUBE-SERVICES -d 10.96.0.30/32 -p tcp -m tcp --dport 3306 -j KUBE-SVC-GALERA
-A KUBE-SVC-GALERA -m recent --rcheck --seconds 180 --reap --name KUBE-SEP-GALERA1 --mask 255.255.255.255 --rsource -j KUBE-SEP-GALERA1
-A KUBE-SVC-GALERA -m recent --rcheck --seconds 180 --reap --name KUBE-SEP-GALERA2 --mask 255.255.255.255 --rsource -j KUBE-SEP-GALERA2
-A KUBE-SVC-GALERA -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-GALERA1
-A KUBE-SVC-GALERA -j KUBE-SEP-GALERA2
COMMIT
*filter
${CHAINS.filter}-A FORWARD -s 10.244.0.0/16 -j ACCEPT
-A FORWARD -d 10.244.0.0/16 -j ACCEPT
COMMIT
`,
        },
      },
      galera: {
        addresses: { eth0: ['10.244.2.11/24', '10.244.2.12/24'] },
        routes: ['default via 10.244.2.1'],
        listeners: [{ protocol: 'tcp', port: 3306 }],
      },
    },
    links: [
      ['pod:eth0', 'node:cni0'],
      ['node:cni1', 'galera:eth0'],
    ],
    traced: 'node',
    fails: { from: 'pod', what: 'tcp', to: '10.96.0.30', port: 3306 },
    seen: 'answered',
    // the first connection chooses, the later ones stay there
    others: [
      { sending: { from: 'pod', what: 'tcp', to: '10.96.0.30', port: 3306 }, seen: 'answered' },
      { sending: { from: 'node', what: 'tcp', to: '10.244.2.12', port: 3306 }, seen: 'answered' },
    ],
    truth: { words: 'Nothing is wrong.', causes: [], status: ['answered'] },
    mend: [['node', 'true']],
  },
]
