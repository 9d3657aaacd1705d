/** What carries the packets of guests and pods: a tunnel, a bridge, a macvlan, the loopback, a queue; and what each does not say. */
import { bridged, FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const NAT = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'
const SSH = [{ protocol: 'tcp', port: 22 }] as const
/** Link addresses: of the two ends of the tunnel, and the one that the first had before its reboot. */
const HERE = '02:42:00:00:00:0a'
const BEFORE = '02:42:00:00:00:01'
const THERE = '02:42:00:00:00:0b'
const GUEST = '02:42:00:00:00:20'

const flannel = (own: number, other: number, mac: string, knows: string, destination: string) =>
  `ip link add flannel-v6.1 address ${mac} type vxlan id 1 local 2001:db8:1::${own} dev eth0 dstport 8472 nolearning; ip addr add fd00:42:${own}::/128 dev flannel-v6.1 nodad; ip link set flannel-v6.1 up; ip -6 neigh add fd00:42:${other}:: lladdr ${knows} dev flannel-v6.1 nud permanent; bridge fdb add ${knows} dev flannel-v6.1 dst ${destination}; ip -6 route add fd00:42:${other}::/64 via fd00:42:${other}:: dev flannel-v6.1 onlink`

export const LINKS_OF_GUESTS: Problem[] = [
  {
    name: 'flannel6-frame-for-the-address-before-the-reboot',
    thread: {
      title: 'flannel-v6.1 MAC address changes every boot',
      address: 'https://github.com/k3s-io/k3s/issues/9957',
    },
    backend: 'nft',
    hosts: {
      a: {
        addresses: { eth0: ['2001:db8:1::1/64'] },
        sysctls: FORWARDS,
        rules: {
          nft: 'table inet fw {\n  chain input {\n    type filter hook input priority filter; policy accept;\n    udp dport 8472 counter accept\n  }\n}\n',
        },
      },
      b: { addresses: { eth0: ['2001:db8:1::2/64'] }, sysctls: FORWARDS },
    },
    links: [['a:eth0', 'b:eth0']],
    traced: 'a',
    setup: [
      ['a', flannel(1, 2, HERE, THERE, '2001:db8:1::2')],
      ['b', flannel(2, 1, THERE, BEFORE, '2001:db8:1::1')],
    ],
    fails: { from: 'a', what: 'ping', to: 'fd00:42:2::' },
    seen: 'nothing',
    others: [
      { sending: { from: 'a', what: 'ping', to: '2001:db8:1::2' }, seen: 'answered' },
      { sending: { from: 'b', what: 'ping', to: 'fd00:42:1::' }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        'The other node still has the link address that flannel-v6.1 had before the reboot: its replies come through the tunnel in frames for another, and the kernel drops them before IP.',
      causes: [
        { code: 'not-netfilter', words: ['link address'] },
        { code: 'neighbour-other-address' },
        { code: 'kernel-drop', words: ['flannel-v6.1'] },
        { code: 'vanished-at-port', words: ['flannel-v6.1'] },
      ],
      status: ['unanswered'],
    },
    mend: [
      [
        'b',
        `ip -6 neigh change fd00:42:1:: lladdr ${HERE} dev flannel-v6.1 nud permanent; bridge fdb add ${HERE} dev flannel-v6.1 dst 2001:db8:1::1`,
      ],
    ],
  },
  {
    name: 'pelagos-loopback-is-down',
    thread: {
      title: 'CRI: pod loopback interface (lo) left DOWN — breaks 127.0.0.1 and co-located sidecars',
      address: 'https://github.com/pelagos-containers/pelagos/issues/331',
    },
    backend: 'iptables-legacy',
    hosts: {
      pod: {
        addresses: { eth0: ['10.42.0.5/24'] },
        routes: ['default via 10.42.0.1'],
        listeners: [{ protocol: 'tcp', port: 15001 }],
      },
      node: { addresses: { cni0: ['10.42.0.1/24'] }, listeners: WEB },
    },
    links: [['pod:eth0', 'node:cni0']],
    traced: 'pod',
    setup: [['pod', 'ip link set lo down']],
    fails: { from: 'pod', what: 'tcp', to: '10.42.0.5', port: 15001 },
    seen: 'nothing',
    others: [
      { sending: { from: 'node', what: 'tcp', to: '10.42.0.5', port: 15001 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: '10.42.0.1', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words: "The pod's loopback interface is down, and what is for an address of its own goes through it.",
      causes: [
        { code: 'not-netfilter', words: ['lo'] },
        { code: 'wrong-way-out', words: ['lo'] },
        { code: 'kernel-drop', words: ['lo'] },
        { code: 'vanished-at-port', words: ['lo'] },
        { code: 'vanished-no-route', words: ['lo'] },
        { code: 'vanished-link-down', words: ['lo'] },
      ],
      status: ['lost', 'unanswered'],
    },
    mend: [['pod', 'ip link set lo up']],
  },
  {
    name: 'docker-veth-without-its-bridge',
    thread: {
      title: 'Some veths created by Docker are not assigned a master bridge',
      address: 'https://github.com/moby/moby/issues/26492',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] } },
      host: {
        bridges: { docker0: ['veth1', 'veth2'] },
        addresses: { eth0: ['192.0.2.1/24'], docker0: ['172.17.0.1/16'] },
        sysctls: FORWARDS,
        rules: {
          v4: `*nat
${NAT}:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8081 -j DNAT --to-destination 172.17.0.3:80
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER -d 172.17.0.3/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
COMMIT
`,
        },
      },
      c1: { addresses: { eth0: ['172.17.0.2/16'] }, routes: ['default via 172.17.0.1'], listeners: WEB },
      c2: { addresses: { eth0: ['172.17.0.3/16'] }, routes: ['default via 172.17.0.1'], listeners: WEB },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['host:veth1', 'c1:eth0'],
      ['host:veth2', 'c2:eth0'],
    ],
    traced: 'host',
    setup: [['host', 'ip link set veth1 nomaster']],
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 },
    seen: 'nothing',
    others: [{ sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8081 }, seen: 'answered' }],
    truth: {
      words:
        "The host's end of the container's link is a port of no bridge: what docker0 sends to the container reaches nobody, and no ARP reply comes.",
      causes: [
        { code: 'neighbour-failed', words: ['veth1'] },
        { code: 'vanished-at-port', words: ['veth1'] },
        { code: 'not-netfilter', words: ['veth1'] },
      ],
      status: ['lost', 'unanswered'],
      alsoTrue: ['neighbour-failed'],
    },
    mend: [['host', 'ip link set veth1 master docker0; ip neigh flush dev docker0']],
  },
  {
    name: 'kubevirt-guest-learned-at-the-other-port',
    thread: {
      title: 'vm mac learned from the wrong interface',
      address: 'https://github.com/kubevirt/kubevirt/issues/1620',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['2001:db8:5::9/64'] } },
      launcher: {
        bridges: { 'k6t-eth0': ['eth0', 'tap0'] },
        rules: {
          nft: 'table bridge launcher {\n  chain forward {\n    type filter hook forward priority filter; policy accept;\n    ip6 daddr 2001:db8:5::20 counter\n  }\n}\n',
        },
      },
      vm: {
        addresses: { eth0: ['2001:db8:5::20/64'] },
        listeners: [
          { protocol: 'udp', address: '2001:db8:5::20', port: 5060 },
          { protocol: 'tcp', address: '2001:db8:5::20', port: 80 },
        ],
      },
    },
    links: [
      ['client:eth0', 'launcher:eth0'],
      ['launcher:tap0', 'vm:eth0'],
    ],
    traced: 'launcher',
    setup: [
      ['vm', `ip link set eth0 address ${GUEST}`],
      // as if the two had spoken before
      ['client', `ip -6 neigh replace 2001:db8:5::20 lladdr ${GUEST} dev eth0 nud permanent`],
      ['launcher', 'sysctl -qw net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1'],
      ['launcher', `bridge fdb replace ${GUEST} dev eth0 master static sticky`],
    ],
    fails: { from: 'client', what: 'udp', to: '2001:db8:5::20', port: 5060 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '2001:db8:5::20', port: 80 }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        "The bridge has the guest's link address at the port to the outside: a frame for it that comes in there goes nowhere.",
      causes: [
        { code: 'vanished-at-port', words: [GUEST] },
        { code: 'not-netfilter', words: [GUEST] },
      ],
      status: ['lost', 'unanswered'],
    },
    mend: [['launcher', `bridge fdb del ${GUEST} dev eth0 master; bridge link set dev eth0 learning off`]],
  },
  {
    name: 'openwrt-docker-macvlan-parent',
    thread: {
      title: 'docker-ce: unable to access host if useing macvlan',
      address: 'https://github.com/openwrt/packages/issues/11845',
    },
    backend: 'iptables-legacy',
    hosts: {
      lan: { addresses: { eth0: ['192.168.1.9/24'] } },
      host: { addresses: { eth0: ['192.168.1.2/24'] }, listeners: SSH },
      app: { addresses: { own: ['10.9.9.1/30'] }, listeners: WEB },
      store: { addresses: { eth0: ['10.9.9.2/30'] } },
    },
    links: [
      ['lan:eth0', 'host:eth0'],
      ['app:own', 'store:eth0'],
    ],
    traced: 'host',
    setup: [
      ['app', 'setsid sleep 20 >/dev/null 2>&1 </dev/null & echo $! >/tmp/macvlan-app.pid'],
      [
        'host',
        'ip link add mv0 link eth0 type macvlan mode bridge; ip link set mv0 netns $(cat /tmp/macvlan-app.pid); rm /tmp/macvlan-app.pid',
      ],
      ['app', 'ip link set mv0 name eth0; ip addr add 192.168.1.50/24 dev eth0; ip link set eth0 up'],
    ],
    fails: { from: 'host', what: 'tcp', to: '192.168.1.50', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'lan', what: 'tcp', to: '192.168.1.50', port: 80 }, seen: 'answered' },
      { sending: { from: 'lan', what: 'tcp', to: '192.168.1.2', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        'The container has a macvlan of eth0: what the host itself sends out of eth0 is not given to the macvlans of it, so no ARP reply comes.',
      causes: [
        { code: 'neighbour-failed', words: ['macvlan'] },
        { code: 'not-netfilter', words: ['macvlan'] },
        { code: 'wrong-way-out', words: ['macvlan'] },
      ],
      status: ['lost', 'unanswered'],
      alsoTrue: ['neighbour-failed'],
    },
    mend: [
      [
        'host',
        'ip link add shim link eth0 type macvlan mode bridge; ip addr add 192.168.1.3/32 dev shim; ip link set shim up; ip route add 192.168.1.50/32 dev shim',
      ],
    ],
  },
  {
    name: 'kubenet-queue-takes-nothing',
    thread: {
      title: 'default htb qdisc configured on cbr0 sometimes drops all packets',
      address: 'https://github.com/kubernetes/kubernetes/issues/25092',
    },
    backend: 'nft',
    ...bridged('cbr0', '10.244.0.1/24', {
      listeners: SSH,
      rules: {
        nft: `table ip kubenet {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 10.244.0.0/24 ip daddr != 10.0.0.0/8 masquerade
  }
}
`,
      },
    }),
    // today's kernel gives such a queue a length of its own
    setup: [['host', 'tc qdisc replace dev cbr0 root htb direct_qlen 0']],
    fails: { from: 'client', what: 'tcp', to: '10.244.0.2', port: 80 },
    seen: 'nothing',
    others: [{ sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' }],
    truth: {
      words:
        'The queue of cbr0 is an htb without a class and of length 0: it drops all that is sent there, the ARP request too.',
      causes: [
        { code: 'neighbour-failed', words: ['htb'] },
        { code: 'not-netfilter', words: ['htb'] },
        { code: 'kernel-drop', words: ['htb'] },
        { code: 'vanished-at-port', words: ['htb'] },
      ],
      status: ['lost', 'unanswered'],
      alsoTrue: ['neighbour-failed'],
    },
    // what has failed is else told to the next that ask
    mend: [['host', 'tc qdisc replace dev cbr0 root pfifo_fast; ip neigh flush dev cbr0']],
  },
]
