/** The node's own firewall, which knows nothing of the cluster: its tunnel, and its ports before and behind their translation. */
import { clientAndServer, FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const NAT = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'

/** A node's VXLAN interface, with the other node's entries. */
const flannel = (own: number, other: number): string => {
  const mac = (node: number) => `02:42:0a:2a:00:0${node}`
  return `ip link add flannel.1 address ${mac(own)} type vxlan id 1 local 192.0.2.${own} dev eth0 dstport 8472 nolearning; ip addr add 10.42.${own}.0/32 dev flannel.1; ip link set flannel.1 up; ip neigh add 10.42.${other}.0 lladdr ${mac(other)} dev flannel.1 nud permanent; bridge fdb add ${mac(other)} dev flannel.1 dst 192.0.2.${other}; ip route add 10.42.${other}.0/24 via 10.42.${other}.0 dev flannel.1 onlink`
}

export const NODE_FIREWALLS: Problem[] = [
  {
    name: 'aks-edge-input-drops-vxlan',
    thread: {
      title:
        '[BUG] DNS resolution only works on the node hosting coredns in a three-nodes K3S cluster with flannel CNI',
      address: 'https://github.com/Azure/AKS-Edge/issues/101',
    },
    backend: 'iptables-nft',
    hosts: {
      node1: { addresses: { eth0: ['192.0.2.1/24'] } },
      node2: {
        addresses: { eth0: ['192.0.2.2/24'], lo: ['10.42.2.53/32'] },
        listeners: [
          { protocol: 'udp', address: '10.42.2.53', port: 53 },
          { protocol: 'tcp', port: 10250 },
        ],
        rules: {
          v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -s 10.42.0.0/16 -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 6443 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 10250 -j ACCEPT
COMMIT
`,
        },
      },
    },
    links: [['node1:eth0', 'node2:eth0']],
    traced: 'node2',
    setup: [
      ['node1', flannel(1, 2)],
      ['node2', flannel(2, 1)],
    ],
    fails: { from: 'node1', what: 'udp', to: '10.42.2.53', port: 53 },
    seen: 'nothing',
    looksAt: { protocol: 'udp', dst: '192.0.2.2' },
    others: [
      { sending: { from: 'node1', what: 'tcp', to: '192.0.2.2', port: 10250 }, seen: 'answered' },
      { sending: { from: 'node1', what: 'ping', to: '192.0.2.2' }, seen: 'answered' },
      { sending: { from: 'node2', what: 'udp', to: '10.42.2.53', port: 53 }, seen: 'answered' },
    ],
    truth: {
      words:
        "Nothing accepts UDP 8472, flannel's VXLAN, from the other nodes: the policy of INPUT drops the outer packet.",
      causes: [{ policy: 'filter INPUT' }, { chain: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [['node2', 'iptables -A INPUT -p udp --dport 8472 -j ACCEPT']],
  },
  {
    name: 'kube-ipvs-node-port-behind-input-policy',
    thread: {
      title: 'NodePort service in ipvs mode depends on INPUT chain policy to be accessible externally',
      address: 'https://github.com/kubernetes/kubernetes/issues/98465',
    },
    backend: 'iptables-legacy',
    ...clientAndServer({
      // in place of IPVS, which takes the packet behind INPUT
      listeners: [30080, 6443].map((port) => ({ protocol: 'tcp' as const, address: '2001:db8:1::1', port })),
      rules: {
        ipset:
          'create KUBE-6-NODE-PORT-TCP bitmap:port range 0-65535\nadd KUBE-6-NODE-PORT-TCP 30080\ncreate KUBE-6-CLUSTER-IP hash:ip,port family inet6\nadd KUBE-6-CLUSTER-IP fd00:10:96::1,tcp:443\n',
        v6: `*nat
${NAT}:KUBE-MARK-MASQ - [0:0]
:KUBE-NODE-PORT - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SERVICES - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-NODE-PORT -p tcp -m comment --comment "Kubernetes nodeport TCP port for masquerade purpose" -m set --match-set KUBE-6-NODE-PORT-TCP dst -j KUBE-MARK-MASQ
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE
-A KUBE-SERVICES -m comment --comment "Kubernetes service cluster ip + port for masquerade purpose" -m set --match-set KUBE-6-CLUSTER-IP dst,dst -j KUBE-MARK-MASQ
-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODE-PORT
-A KUBE-SERVICES -m set --match-set KUBE-6-CLUSTER-IP dst,dst -j ACCEPT
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-FIREWALL - [0:0]
:KUBE-FORWARD - [0:0]
-A INPUT -j KUBE-FIREWALL
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p ipv6-icmp -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 6443 -j ACCEPT
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A KUBE-FIREWALL -m comment --comment "kubernetes firewall for dropping marked packets" -m mark --mark 0x8000/0x8000 -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
COMMIT
`,
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 30080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 6443 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 30081 }, seen: 'nothing' },
      { sending: { from: 'client', what: 'ping', to: '2001:db8:1::1' }, seen: 'answered' },
    ],
    truth: {
      words:
        'In IPVS mode a node port is delivered to this host by INPUT, and kube-proxy accepts nothing there: the policy drops it.',
      causes: [{ policy: 'filter INPUT' }, { chain: 'filter INPUT' }],
      status: ['dropped'],
    },
    mend: [['server', 'ip6tables -A INPUT -p tcp -m set --match-set KUBE-6-NODE-PORT-TCP dst -j ACCEPT']],
  },
  {
    name: 'kube-nft-node-port-behind-own-forward-chain',
    thread: {
      title: 'KEP-3866: kube-proxy nftables mode',
      address: 'https://github.com/kubernetes/enhancements/pull/3824',
    },
    backend: 'nft',
    hosts: {
      client: {
        addresses: { eth0: ['2001:db8:1::2/64'] },
        routes: ['fd00:10:1::/64 via 2001:db8:1::1'],
        listeners: [{ protocol: 'tcp', address: '2001:db8:1::2', port: 80 }],
      },
      node: {
        bridges: { cni0: ['veth1'] },
        addresses: { eth0: ['2001:db8:1::1/64'], cni0: ['fd00:10:1::1/64'] },
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', address: '2001:db8:1::1', port: 22 }],
        rules: {
          nft: `table ip6 kube-proxy {
  set nodeport-ips {
    type ipv6_addr
    elements = { 2001:db8:1::1 }
  }
  map service-nodeports {
    type inet_proto . inet_service : verdict
    elements = { tcp . 30080 : goto external-web }
  }
  chain nat-prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    jump services
  }
  chain nat-output {
    type nat hook output priority -100; policy accept;
    jump services
  }
  chain nat-postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    jump masquerading
  }
  chain services {
    ip6 daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports
  }
  chain masquerading {
    meta mark & 0x00004000 == 0x00000000 return
    meta mark set meta mark ^ 0x00004000
    masquerade fully-random
  }
  chain mark-for-masquerade {
    meta mark set meta mark | 0x00004000
  }
  chain external-web {
    jump mark-for-masquerade
    goto service-web
  }
  chain service-web {
    numgen random mod 1 vmap { 0 : goto endpoint-web }
  }
  chain endpoint-web {
    ip6 saddr fd00:10:1::10 jump mark-for-masquerade
    meta l4proto tcp dnat to [fd00:10:1::10]:80
  }
}
table inet firewall {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname { "lo", "cni0" } accept
    meta l4proto ipv6-icmp accept
    tcp dport { 22, 6443, 30080 } accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "cni0" accept
    iifname "eth0" tcp dport 30080 accept
  }
}
`,
        },
      },
      pod: {
        addresses: { eth0: ['fd00:10:1::10/64'] },
        routes: ['default via fd00:10:1::1'],
        listeners: [{ protocol: 'tcp', address: 'fd00:10:1::10', port: 80 }],
      },
    },
    links: [
      ['client:eth0', 'node:eth0'],
      ['node:veth1', 'pod:eth0'],
    ],
    traced: 'node',
    fails: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 30080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:1::1', port: 22 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: '2001:db8:1::2', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: 'fd00:10:1::10' }, seen: 'nothing' },
    ],
    truth: {
      words:
        "kube-proxy's accept is no accept for another table: the firewall's own forward chain allows the node port, and behind DNAT the packet has port 80.",
      causes: [
        { policy: 'inet firewall forward' },
        { rule: 'tcp dport 30080', chain: 'inet firewall forward' },
        { chain: 'inet firewall forward' },
      ],
      status: ['dropped'],
    },
    mend: [['node', 'nft insert rule inet firewall forward ct status dnat accept']],
  },
  {
    name: 'guide-accepts-the-port-of-before-its-forward',
    thread: {
      title: 'Destination NAT',
      address: 'https://fei78.me/posts/20230119203747-destination_nat',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: { addresses: { eth0: ['203.0.113.9/24'] } },
      gateway: {
        addresses: { eth1: ['203.0.113.1/24'], eth2: ['192.168.1.1/24'] },
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', port: 22 }],
        rules: {
          v4: `*nat
${NAT}-A PREROUTING -i eth1 -p tcp -m tcp --dport 80 -j DNAT --to-destination 192.168.1.3:8080
-A POSTROUTING -o eth1 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -d 192.168.1.3/32 -i eth1 -o eth2 -p tcp -m tcp --sport 1024:65535 --dport 80 -m conntrack --ctstate NEW -j ACCEPT
-A FORWARD -i eth2 -o eth1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i eth1 -o eth2 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`,
        },
      },
      server: {
        addresses: { eth0: ['192.168.1.3/24'] },
        routes: ['default via 192.168.1.1'],
        listeners: [{ protocol: 'tcp', port: 8080 }],
      },
    },
    links: [
      ['client:eth0', 'gateway:eth1'],
      ['gateway:eth2', 'server:eth0'],
    ],
    traced: 'gateway',
    fails: { from: 'client', what: 'tcp', to: '203.0.113.1', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'client', what: 'ping', to: '203.0.113.1' }, seen: 'answered' },
      { sending: { from: 'gateway', what: 'tcp', to: '192.168.1.3', port: 8080 }, seen: 'answered' },
    ],
    truth: {
      words: "The guide's rule accepts port 80, and behind DNAT the packet is for port 8080: the policy drops it.",
      causes: [
        { rule: '--dport 80 -m conntrack --ctstate NEW', chain: 'filter FORWARD' },
        { policy: 'filter FORWARD' },
      ],
      status: ['dropped'],
    },
    mend: [['gateway', 'iptables -I FORWARD -d 192.168.1.3 -i eth1 -o eth2 -p tcp --dport 8080 -j ACCEPT']],
  },
]
