/** Addresses of pods and containers: one that is a broadcast address, one that has an older owner, one that nobody has. */
import { bridged, FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = [{ protocol: 'tcp', port: 22 }] as const

const publishes = (ports: string) => `table inet netavark {
  chain INPUT {
    type filter hook input priority filter; policy accept;
    ip saddr 10.89.0.0/24 meta l4proto { tcp, udp } th dport 53 accept
  }
  chain FORWARD {
    type filter hook forward priority filter; policy accept;
    ct state invalid drop
    ip daddr 10.89.0.0/24 ct state established,related accept
    ip saddr 10.89.0.0/24 accept
  }
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 10.89.0.0/24 ip daddr != 10.89.0.0/24 masquerade
  }
  chain PREROUTING {
    type nat hook prerouting priority dstnat; policy accept;
    fib daddr type local jump NETAVARK-HOSTPORT-DNAT
  }
  chain NETAVARK-HOSTPORT-DNAT {
${ports}  }
}
`

export const POD_ADDRESSES: Problem[] = [
  {
    name: 'podman-container-has-the-broadcast-address',
    thread: {
      title: 'podman assigned the broadcast address to a container',
      address: 'https://github.com/podman-container-tools/podman/issues/18906',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] }, routes: ['default via 192.0.2.1'], listeners: WEB },
      host: {
        addresses: { eth0: ['192.0.2.1/24'] },
        bridges: { podman1: ['veth1', 'veth2'] },
        sysctls: FORWARDS,
        listeners: SSH,
        rules: {
          nft: publishes(`    tcp dport 8080 dnat ip to 10.89.0.255:80
    tcp dport 8081 dnat ip to 10.89.0.4:80
`),
        },
      },
      c1: { addresses: { eth0: ['10.89.0.255/24'] }, routes: ['default via 10.89.0.1'], listeners: WEB },
      c2: { addresses: { eth0: ['10.89.0.4/24'] }, routes: ['default via 10.89.0.1'], listeners: WEB },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['host:veth1', 'c1:eth0'],
      ['host:veth2', 'c2:eth0'],
    ],
    traced: 'host',
    setup: [['host', 'ip addr add 10.89.0.1/24 brd 10.89.0.255 dev podman1']],
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8081 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'c2', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The container has the broadcast address of its own network: behind DNAT, the host takes the packet as its own broadcast, and TCP accepts no broadcast.',
      causes: [
        { code: 'wrong-way-out', words: ['broadcast address'] },
        { rule: 'dnat ip to 10.89.0.255:80', chain: 'inet netavark NETAVARK-HOSTPORT-DNAT' },
      ],
      status: ['lost', 'unanswered'],
    },
    mend: [
      ['c1', 'ip addr flush dev eth0; ip addr add 10.89.0.5/24 dev eth0; ip route add default via 10.89.0.1'],
      [
        'host',
        'nft flush chain inet netavark NETAVARK-HOSTPORT-DNAT; nft add rule inet netavark NETAVARK-HOSTPORT-DNAT tcp dport 8080 dnat ip to 10.89.0.5:80; nft add rule inet netavark NETAVARK-HOSTPORT-DNAT tcp dport 8081 dnat ip to 10.89.0.4:80',
      ],
    ],
  },
  {
    name: 'kube-router-policy-of-a-completed-job',
    thread: {
      title: 'Network policies are applied for pods that are not running (completed jobs)',
      address: 'https://github.com/cloudnativelabs/kube-router/issues/1056',
    },
    backend: 'iptables-legacy',
    ...bridged('kube-bridge', '10.51.5.1/24', {
      listeners: SSH,
      rules: {
        ipset: `create KUBE-DST-PSKMJAQKJ3NUFCOP hash:ip
add KUBE-DST-PSKMJAQKJ3NUFCOP 10.51.5.2
create KUBE-SRC-2SPIKWKNTKVDJSP2 hash:ip
add KUBE-SRC-2SPIKWKNTKVDJSP2 10.51.5.40
`,
        v4: `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-ROUTER-FORWARD - [0:0]
:KUBE-POD-FW-AIWVY7TMPWP7PXQH - [0:0]
:KUBE-NWPLCY-SB6L4XPQ7W7HDE22 - [0:0]
-A FORWARD -m comment --comment "kube-router netpol - 4IA2OSFRMVNDXBVV" -j KUBE-ROUTER-FORWARD
-A KUBE-ROUTER-FORWARD -d 10.51.5.2/32 -m comment --comment "rule to jump traffic destined to POD name:backup-1617-x2x9k namespace: batch to chain KUBE-POD-FW-AIWVY7TMPWP7PXQH" -j KUBE-POD-FW-AIWVY7TMPWP7PXQH
-A KUBE-ROUTER-FORWARD -m comment --comment "rule to explicitly ACCEPT traffic that comply to network policies" -m mark --mark 0x20000/0x20000 -j ACCEPT
-A KUBE-POD-FW-AIWVY7TMPWP7PXQH -m comment --comment "rule for stateful firewall for pod" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A KUBE-POD-FW-AIWVY7TMPWP7PXQH -d 10.51.5.2/32 -m comment --comment "rule to permit the traffic traffic to pods when source is the pod's local node" -m addrtype --src-type LOCAL -j ACCEPT
-A KUBE-POD-FW-AIWVY7TMPWP7PXQH -m comment --comment "run through nw policy default-ingress-deny" -j KUBE-NWPLCY-SB6L4XPQ7W7HDE22
-A KUBE-POD-FW-AIWVY7TMPWP7PXQH -m comment --comment "rule to REJECT traffic destined for POD name:backup-1617-x2x9k namespace: batch" -m mark ! --mark 0x10000/0x10000 -j REJECT --reject-with icmp-port-unreachable
-A KUBE-POD-FW-AIWVY7TMPWP7PXQH -j MARK --set-xmark 0x0/0x10000
-A KUBE-POD-FW-AIWVY7TMPWP7PXQH -m comment --comment "set mark to ACCEPT traffic that comply to network policies" -j MARK --set-xmark 0x20000/0x20000
-A KUBE-NWPLCY-SB6L4XPQ7W7HDE22 -p tcp -m set --match-set KUBE-SRC-2SPIKWKNTKVDJSP2 src -m set --match-set KUBE-DST-PSKMJAQKJ3NUFCOP dst -m tcp --dport 9102 -m comment --comment "rule to mark traffic matching a network policy" -j MARK --set-xmark 0x10000/0x10000
COMMIT
`,
      },
    }),
    fails: { from: 'client', what: 'tcp', to: '10.51.5.2', port: 80 },
    seen: 'refused',
    others: [
      { sending: { from: 'host', what: 'tcp', to: '10.51.5.2', port: 80 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The address belonged to a pod of a job that has completed, and the chain of that pod's policy still takes what is for the pod that has the address now.",
      causes: [
        { rule: 'rule to REJECT traffic destined for POD', chain: 'filter KUBE-POD-FW-AIWVY7TMPWP7PXQH' },
        { rule: '-j KUBE-POD-FW-AIWVY7TMPWP7PXQH', chain: 'filter KUBE-ROUTER-FORWARD' },
      ],
      status: ['rejected'],
    },
    mend: [['host', 'iptables -D KUBE-ROUTER-FORWARD 1']],
  },
  {
    name: 'ovn-local-policy-dnats-to-nobody',
    thread: {
      title: 'OVN-KUBE-ETP iptables chain DNATs LoadBalancer traffic to unreachable 169.254.169.3 on single-node',
      address: 'https://github.com/ovn-kubernetes/ovn-kubernetes/issues/6249',
    },
    backend: 'iptables-nft',
    ...bridged('br-ex', '169.254.169.2/29', {
      listeners: SSH,
      rules: {
        v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:OVN-KUBE-ETP - [0:0]
:OVN-KUBE-EXTERNALIP - [0:0]
:OVN-KUBE-NODEPORT - [0:0]
-A PREROUTING -j OVN-KUBE-ETP
-A PREROUTING -j OVN-KUBE-EXTERNALIP
-A PREROUTING -j OVN-KUBE-NODEPORT
-A OUTPUT -j OVN-KUBE-EXTERNALIP
-A OUTPUT -j OVN-KUBE-NODEPORT
-A OVN-KUBE-ETP -d 192.0.2.31/32 -p tcp -m tcp --dport 443 -j DNAT --to-destination 169.254.169.3:32298
-A OVN-KUBE-ETP -d 192.0.2.31/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 169.254.169.3:30703
-A OVN-KUBE-EXTERNALIP -d 192.0.2.31/32 -p tcp -m tcp --dport 443 -j DNAT --to-destination 10.42.0.8:443
-A OVN-KUBE-EXTERNALIP -d 192.0.2.31/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.42.0.8:80
-A OVN-KUBE-NODEPORT -p tcp -m addrtype --dst-type LOCAL -m tcp --dport 30703 -j DNAT --to-destination 10.42.0.8:80
COMMIT
`,
      },
    }),
    setup: [
      ['host', 'ip addr add 192.0.2.31/32 dev eth0'],
      ['host', 'ip route add 10.42.0.0/24 dev br-ex src 169.254.169.2'],
      [
        'c1',
        'ip addr flush dev eth0; ip addr add 10.42.0.8/24 dev eth0; ip route add 169.254.169.2 dev eth0; ip route add default via 169.254.169.2',
      ],
    ],
    fails: { from: 'client', what: 'tcp', to: '192.0.2.31', port: 80 },
    seen: 'unreachable',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 30703 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '192.0.2.31', port: 80 }, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The rule for services that keep the source address rewrites to 169.254.169.3, which nothing on this node has: no ARP reply comes.',
      causes: [
        { rule: '--to-destination 169.254.169.3:30703', chain: 'nat OVN-KUBE-ETP' },
        { code: 'neighbour-failed', words: ['169.254.169.3'] },
      ],
      status: ['lost', 'unanswered'],
    },
    mend: [['host', 'iptables -t nat -D OVN-KUBE-ETP 2']],
  },
]
