/** Containers at one bridge: what decides at its ports, and what iptables does with frames that are only bridged. */
import { bridged, FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = [{ protocol: 'tcp', port: 22 }] as const

export const BRIDGE_PORTS: Problem[] = [
  {
    name: 'cni-both-ports-isolated',
    thread: {
      title: 'bridge: Add port isolation option',
      address: 'https://github.com/containernetworking/plugins/issues/1135',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] }, routes: ['default via 192.0.2.1'] },
      node: {
        addresses: { eth0: ['192.0.2.1/24'], cni0: ['10.22.0.1/24'] },
        bridges: { cni0: ['veth1', 'veth2'] },
        sysctls: FORWARDS,
        listeners: SSH,
        rules: {
          nft: `table inet cni_plugins_masquerade {
  chain masq_checks {
    ip saddr 10.22.0.0/24 ip daddr != 10.22.0.0/24 masquerade comment "6bbfa5e4d1c8b2f0"
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip daddr == 224.0.0.0/4 return
    goto masq_checks
  }
}
table bridge count {
  chain forward {
    type filter hook forward priority filter; policy accept;
    ip protocol tcp counter
  }
}
`,
        },
      },
      c1: { addresses: { eth0: ['10.22.0.11/24'] }, routes: ['default via 10.22.0.1'], listeners: WEB },
      c2: { addresses: { eth0: ['10.22.0.12/24'] }, routes: ['default via 10.22.0.1'], listeners: WEB },
    },
    links: [
      ['client:eth0', 'node:eth0'],
      ['node:veth1', 'c1:eth0'],
      ['node:veth2', 'c2:eth0'],
    ],
    traced: 'node',
    setup: [
      ['node', 'sysctl -qw net.bridge.bridge-nf-call-iptables=1'],
      ['node', 'bridge link set dev veth1 isolated on && bridge link set dev veth2 isolated on'],
      // as if the two had spoken before: an isolated port does not let ARP through either
      ['c1', 'ip neigh replace 10.22.0.12 lladdr 02:00:00:00:00:12 dev eth0 nud permanent'],
      ['c2', 'ip link set eth0 address 02:00:00:00:00:12'],
    ],
    fails: { from: 'c1', what: 'tcp', to: '10.22.0.12', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'node', what: 'tcp', to: '10.22.0.12', port: 80 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words: 'Both ports of the bridge are isolated, so the bridge forwards no frame between them.',
      causes: [{ code: 'vanished-at-port', words: ['isolated'] }],
      status: ['lost', 'unanswered'],
    },
    mend: [['node', 'bridge link set dev veth2 isolated off']],
  },
  {
    name: 'microk8s-masquerades-bridged-guests',
    thread: {
      title: 'Installing microk8s breaks existing workload e.g. mysql on LXD due to br_netfilter + kubenet SNAT',
      address: 'https://github.com/canonical/microk8s/issues/62',
    },
    backend: 'iptables-legacy',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] }, routes: ['default via 192.0.2.1'], listeners: WEB },
      host: {
        addresses: { eth0: ['192.0.2.1/24'], lxdbr0: ['10.0.8.1/24'], cbr0: ['10.1.1.1/24'] },
        bridges: { lxdbr0: ['veth1', 'veth2'], cbr0: [] },
        sysctls: FORWARDS,
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-POSTROUTING - [0:0]
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A POSTROUTING -s 10.0.8.0/24 ! -d 10.0.8.0/24 -m comment --comment "generated for LXD network lxdbr0" -j MASQUERADE
-A POSTROUTING ! -d 10.1.0.0/16 -m comment --comment "kubenet: SNAT for outbound traffic from cluster" -m addrtype ! --dst-type LOCAL -j MASQUERADE
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -m mark --mark 0x4000/0x4000 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -o lxdbr0 -m comment --comment "generated for LXD network lxdbr0" -j ACCEPT
-A FORWARD -i lxdbr0 -m comment --comment "generated for LXD network lxdbr0" -j ACCEPT
COMMIT
`,
        },
      },
      node1: { addresses: { eth0: ['10.0.8.102/24'] }, routes: ['default via 10.0.8.1'] },
      db: {
        addresses: { eth0: ['10.0.8.2/24'] },
        routes: ['default via 10.0.8.1'],
        listeners: [{ protocol: 'tcp', port: 3306 }, ...WEB],
        // in place of the accounts of MySQL, which name the address of each peer
        rules: {
          v4: '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A INPUT ! -s 10.0.8.102 -p tcp -m tcp --dport 3306 -j DROP\nCOMMIT\n',
        },
      },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['host:veth1', 'node1:eth0'],
      ['host:veth2', 'db:eth0'],
    ],
    traced: 'host',
    setup: [['host', 'sysctl -qw net.bridge.bridge-nf-call-iptables=1']],
    fails: { from: 'node1', what: 'tcp', to: '10.0.8.2', port: 3306 },
    seen: 'nothing',
    others: [
      { sending: { from: 'node1', what: 'tcp', to: '10.0.8.2', port: 80 }, seen: 'answered' },
      { sending: { from: 'node1', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '10.0.8.2', port: 3306 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "With bridge-nf-call-iptables, frames between two guests of one bridge traverse POSTROUTING, and kubenet's rule rewrites their source to the address of the bridge.",
      causes: [
        { rule: 'kubenet: SNAT for outbound traffic from cluster', chain: 'nat POSTROUTING' },
        { code: 'bridge-nf-call', words: ['bridge-nf-call-iptables'] },
      ],
      status: ['unanswered'],
    },
    mend: [['host', 'iptables -t nat -I POSTROUTING -s 10.0.8.0/24 -d 10.0.8.0/24 -j RETURN']],
  },
  {
    name: 'mxc-physdev-out-of-routed-reply',
    thread: {
      title: '[LXC] Enforce the deny-all-except-proxy network policy (model 2)',
      address: 'https://github.com/microsoft/mxc/pull/798',
    },
    backend: 'iptables-nft',
    ...bridged('lxcbr0', '10.0.3.1/24', {
      listeners: SSH,
      rules: {
        v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 10.0.3.0/24 ! -d 10.0.3.0/24 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:MXC-RETURN - [0:0]
:MXC-c1 - [0:0]
-A FORWARD -m physdev --physdev-in veth1 -j MXC-c1
-A FORWARD -j MXC-RETURN
-A MXC-RETURN -o veth1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A MXC-RETURN -m conntrack --ctstate RELATED,ESTABLISHED -m physdev --physdev-out veth1 -j ACCEPT
-A MXC-c1 -d 192.0.2.9/32 -p tcp -m tcp --dport 80 -j ACCEPT
-A MXC-c1 -j DROP
COMMIT
`,
      },
    }),
    setup: [['host', 'sysctl -qw net.bridge.bridge-nf-call-iptables=1']],
    fails: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 81 }, seen: 'nothing' },
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The reply is routed to the bridge: its output interface is lxcbr0, and it has no physdev-out, because only bridged packets have one. No rule accepts it.',
      causes: [
        { rule: '--physdev-out veth1', chain: 'filter MXC-RETURN' },
        { rule: '-o veth1', chain: 'filter MXC-RETURN' },
        { policy: 'filter FORWARD' },
      ],
      status: ['reply-lost'],
    },
    mend: [['host', 'iptables -A MXC-RETURN -o lxcbr0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT']],
  },
]
