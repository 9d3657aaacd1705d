/** Machines between others, from threads: a node that is healthy while the next one drops, an engine that drops for all interfaces what it does not understand, a rule that an engine has left. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const tcp = (port: number) => ({ protocol: 'tcp', port }) as const
const NAT = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'

/** flannel by host-gw, beside kube-proxy. */
const NODE = `*nat
${NAT}:FLANNEL-POSTRTG - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SEP-DNS - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-DNS - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
-A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.244.0.0/24 -d 10.244.0.0/16 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.244.0.0/16 -d 10.244.0.0/24 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG ! -s 10.244.0.0/16 -d 10.244.0.0/24 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.244.0.0/16 ! -d 224.0.0.0/4 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
-A FLANNEL-POSTRTG ! -s 10.244.0.0/16 -d 10.244.0.0/16 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
-A KUBE-SEP-DNS -p udp -m comment --comment "kube-system/kube-dns:dns" -m udp -j DNAT --to-destination 10.244.1.5:53
-A KUBE-SERVICES -d 10.96.0.10/32 -p udp -m comment --comment "kube-system/kube-dns:dns cluster IP" -m udp --dport 53 -j KUBE-SVC-DNS
-A KUBE-SVC-DNS -m comment --comment "kube-system/kube-dns:dns -> 10.244.1.5:53" -j KUBE-SEP-DNS
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:FLANNEL-FWD - [0:0]
:KUBE-FORWARD - [0:0]
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
-A FLANNEL-FWD -s 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
-A FLANNEL-FWD -d 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`

/** A node whose Docker came after all else. */
const DOCKERS_POLICY = `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`

/** As netavark writes it for the network that Podman has by default. */
const NETAVARK = `table inet netavark {
  chain INPUT {
    type filter hook input priority filter; policy accept;
    ip saddr 10.88.0.0/16 meta l4proto { tcp, udp } th dport 53 accept
  }
  chain FORWARD {
    type filter hook forward priority filter; policy accept;
    ct state invalid drop
    jump NETAVARK-ISOLATION-1
    ip daddr 10.88.0.0/16 ct state { established, related } accept
    ip saddr 10.88.0.0/16 accept
  }
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    meta mark & 0x00002000 == 0x00002000 masquerade
    ip saddr 10.88.0.0/16 jump nv_2f259bab_10_88_0_0_nm16
  }
  chain NETAVARK-HOSTPORT-SETMARK {
    meta mark set meta mark | 0x00002000
  }
  chain NETAVARK-ISOLATION-1 {
  }
  chain NETAVARK-ISOLATION-2 {
  }
  chain NETAVARK-ISOLATION-3 {
    oifname "podman0" drop
    jump NETAVARK-ISOLATION-2
  }
  chain nv_2f259bab_10_88_0_0_nm16 {
    ip daddr 10.88.0.0/16 accept
    ip daddr != 224.0.0.0/4 masquerade
  }
}
table ip filter {
  chain FORWARD {
    type filter hook forward priority filter; policy accept;
  }
}
table ip nat {
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan0" counter masquerade
  }
}
`

export const WHAT_OTHERS_DROP_AND_ENGINES_DROP: Problem[] = [
  {
    name: 'flannel-node-is-healthy-and-docker-of-the-other-node-drops',
    thread: {
      title: 'Upgrading docker 1.13 on nodes causes outbound container traffic to stop working',
      address: 'https://github.com/kubernetes/kubernetes/issues/40182',
    },
    backend: 'iptables-nft',
    hosts: {
      pod1: { addresses: { eth0: ['10.244.0.5/24'] }, routes: ['default via 10.244.0.1'] },
      node1: {
        bridges: { cni0: ['veth1'] },
        addresses: { cni0: ['10.244.0.1/24'], eth0: ['192.0.2.10/24'] },
        routes: ['10.244.1.0/24 via 192.0.2.11'],
        sysctls: FORWARDS,
        listeners: [tcp(10250)],
        rules: { v4: NODE },
      },
      node2: {
        bridges: { cni0: ['veth1'] },
        addresses: { cni0: ['10.244.1.1/24'], eth0: ['192.0.2.11/24'] },
        routes: ['10.244.0.0/24 via 192.0.2.10'],
        sysctls: FORWARDS,
        listeners: [tcp(10250)],
        rules: { v4: DOCKERS_POLICY },
      },
      pod2: { addresses: { eth0: ['10.244.1.5/24'] }, routes: ['default via 10.244.1.1'], listeners: [tcp(80)] },
    },
    links: [
      ['pod1:eth0', 'node1:veth1'],
      ['node1:eth0', 'node2:eth0'],
      ['node2:veth1', 'pod2:eth0'],
    ],
    traced: 'node1',
    fails: { from: 'pod1', what: 'tcp', to: '10.244.1.5', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pod1', what: 'tcp', to: '192.0.2.11', port: 10250 }, seen: 'answered' },
      { sending: { from: 'node1', what: 'tcp', to: '192.0.2.11', port: 10250 }, seen: 'answered' },
      { sending: { from: 'node2', what: 'tcp', to: '10.244.1.5', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words: 'Nothing is wrong here. The other node drops it: Docker set the policy of FORWARD there.',
      causes: [{ code: 'not-netfilter', words: ['eth0'] }, { code: 'unanswered' }, { code: 'no-reply' }],
      status: ['unanswered'],
    },
    mend: [['node2', 'iptables -P FORWARD ACCEPT']],
  },
  {
    name: 'netavark-drops-as-invalid-what-the-host-routes-one-way',
    thread: {
      title: 'Limit firewall rules to podman interfaces only',
      address: 'https://github.com/containers/netavark/issues/1149',
    },
    backend: 'nft',
    hosts: {
      laptop: {
        addresses: { eth0: ['192.168.1.50/24'] },
        routes: ['10.0.5.9 via 192.168.1.30', 'default via 192.168.1.2'],
      },
      switch: { bridges: { br0: ['p1', 'p2', 'p3'] } },
      // its default route leads to the home server, which it has as a router
      nas: {
        addresses: { eth0: ['192.168.1.30/24'], eth1: ['192.168.9.30/24'], lo: ['10.0.5.9/32'] },
        routes: ['192.168.1.50 via 192.168.9.2'],
        listeners: [tcp(445), tcp(80)],
      },
      server: {
        bridges: { podman0: ['veth1'] },
        addresses: { eth0: ['192.168.1.2/24'], eth1: ['192.168.9.2/24'], podman0: ['10.88.0.1/16'] },
        sysctls: FORWARDS,
        listeners: [tcp(22)],
        rules: { nft: NETAVARK },
      },
      container: {
        addresses: { eth0: ['10.88.0.5/16'] },
        routes: ['default via 10.88.0.1'],
        listeners: [tcp(80)],
      },
    },
    links: [
      ['laptop:eth0', 'switch:p1'],
      ['nas:eth0', 'switch:p2'],
      ['server:eth0', 'switch:p3'],
      ['server:eth1', 'nas:eth1'],
      ['server:veth1', 'container:eth0'],
    ],
    traced: 'server',
    fails: { from: 'laptop', what: 'tcp', to: '10.0.5.9', port: 445 },
    seen: 'nothing',
    others: [
      { sending: { from: 'laptop', what: 'tcp', to: '192.168.1.2', port: 22 }, seen: 'answered' },
      { sending: { from: 'server', what: 'tcp', to: '10.88.0.5', port: 80 }, seen: 'answered' },
      { sending: { from: 'laptop', what: 'tcp', to: '10.88.0.5', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The request went another way, so the reply is invalid here, and netavark drops that on all interfaces, not on its own alone.',
      causes: [{ rule: 'ct state invalid drop', chain: 'inet netavark FORWARD' }],
      status: ['dropped', 'reply-lost'],
    },
    mend: [
      [
        'server',
        `nft delete rule inet netavark FORWARD handle $(nft -a list chain inet netavark FORWARD | awk '/invalid/ { print $NF }'); nft insert rule inet netavark FORWARD iifname podman0 ct state invalid drop; nft insert rule inet netavark FORWARD oifname podman0 ct state invalid drop`,
      ],
    ],
  },
]
