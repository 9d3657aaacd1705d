/** By iptables: a mesh's gateway that knows the members of one network and gets those of another, and rules for a container's veth where its bridge is what packets come in by. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const
const WEB = { protocol: 'tcp', port: 80 } as const

export const MESHES_AND_VETHS: Problem[] = [
  {
    name: 'netmaker-egress-gets-the-address-of-the-other-network-of-its-ingress',
    thread: {
      title: '[Bug]: Wrong network incoming on node egress',
      address: 'https://github.com/gravitl/netmaker/issues/2275',
    },
    backend: 'iptables-nft',
    hosts: {
      // two networks of the mesh on one interface; its own packets take the first
      ingress: {
        addresses: { netmaker: ['10.122.21.1/24', '10.166.111.1/24'] },
        routes: ['10.55.0.0/16 via 10.122.21.2 src 10.122.21.1'],
        listeners: [SSH],
      },
      gw: {
        addresses: { netmaker: ['10.122.21.2/24', '10.166.111.2/24'], eth0: ['10.55.0.2/16'] },
        routes: ['default via 10.55.0.1'],
        sysctls: FORWARDS,
        listeners: [SSH],
        rules: {
          v4: `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:netmakernat - [0:0]
-A POSTROUTING -m comment --comment NETMAKER -j netmakernat
-A netmakernat -s 10.166.111.0/24 -d 10.55.0.0/16 -o eth0 -j MASQUERADE
-A netmakernat -j RETURN
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:netmakerfilter - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A FORWARD -d 10.55.0.0/16 -i netmaker -m comment --comment NETMAKER -j netmakerfilter
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -s 10.55.0.0/16 -o netmaker -j ACCEPT
-A netmakerfilter -s 10.166.111.0/24 -d 10.55.0.0/16 -j ACCEPT
-A netmakerfilter -j DROP
-A netmakerfilter -j RETURN
COMMIT
`,
        },
      },
      // knows the way to its own network alone
      server: { addresses: { eth0: ['10.55.0.10/16'] }, listeners: [WEB] },
    },
    links: [
      ['ingress:netmaker', 'gw:netmaker'],
      ['gw:eth0', 'server:eth0'],
    ],
    traced: 'gw',
    fails: { from: 'ingress', what: 'tcp', to: '10.55.0.10', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'ingress', what: 'tcp', to: '10.166.111.2', port: 22 }, seen: 'answered' },
      { sending: { from: 'gw', what: 'tcp', to: '10.55.0.10', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The ingress node asks with its address of another network of the mesh, which the gateway's filter does not accept. What it would accept then, it would not masquerade, and the server has no way back.",
      causes: [
        { rule: '-j DROP', chain: 'filter netmakerfilter' },
        { rule: '-s 10.166.111.0/24', chain: 'filter netmakerfilter' },
      ],
      status: ['dropped'],
      alsoTrue: ['not-masqueraded'],
    },
    mend: [
      [
        'gw',
        'iptables -I netmakerfilter 2 -s 10.122.21.0/24 -d 10.55.0.0/16 -j ACCEPT; iptables -t nat -A POSTROUTING -s 10.122.21.0/24 -o eth0 -j MASQUERADE',
      ],
    ],
  },
  {
    name: 'lxc-accepts-by-the-veth-what-comes-in-by-its-bridge',
    thread: {
      title: 'Fix various bugs CoPilot put into LXC.',
      address: 'https://github.com/microsoft/mxc/pull/1041',
    },
    backend: 'iptables-nft',
    hosts: {
      proxy: {
        addresses: { eth0: ['192.0.2.9/24'] },
        routes: ['10.0.3.0/24 via 192.0.2.1'],
        listeners: [WEB, { protocol: 'tcp', port: 3128 }],
      },
      host: {
        addresses: { eth0: ['192.0.2.1/24'], lxcbr0: ['10.0.3.1/24'] },
        bridges: { lxcbr0: ['vethQ7KX2A', 'vethB81MWe'] },
        routes: ['default via 192.0.2.9'],
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        listeners: [SSH],
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
:MXC-sandbox-4f1c - [0:0]
-A INPUT -i lxcbr0 -p tcp -m tcp --dport 53 -j ACCEPT
-A INPUT -i lxcbr0 -p udp -m udp --dport 53 -j ACCEPT
-A INPUT -i lxcbr0 -p udp -m udp --dport 67 -j ACCEPT
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i vethQ7KX2A -j MXC-sandbox-4f1c
-A FORWARD -s 10.0.3.20/32 -i lxcbr0 -o eth0 -p tcp -m tcp --dport 80 -j ACCEPT
-A MXC-sandbox-4f1c -d 192.0.2.9/32 -p tcp -m tcp --dport 3128 -m comment --comment "mxc: proxy" -j ACCEPT
-A MXC-sandbox-4f1c -p udp -m udp --dport 53 -j ACCEPT
-A MXC-sandbox-4f1c -m comment --comment "mxc: default deny" -j DROP
COMMIT
`,
        },
      },
      sandbox: { addresses: { eth0: ['10.0.3.10/24'] }, routes: ['default via 10.0.3.1'] },
      neighbour: { addresses: { eth0: ['10.0.3.20/24'] }, routes: ['default via 10.0.3.1'] },
    },
    links: [
      ['proxy:eth0', 'host:eth0'],
      ['host:vethQ7KX2A', 'sandbox:eth0'],
      ['host:vethB81MWe', 'neighbour:eth0'],
    ],
    traced: 'host',
    fails: { from: 'sandbox', what: 'tcp', to: '192.0.2.9', port: 3128 },
    seen: 'nothing',
    others: [
      { sending: { from: 'sandbox', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'nothing' },
      { sending: { from: 'neighbour', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'neighbour', what: 'tcp', to: '192.0.2.9', port: 3128 }, seen: 'nothing' },
      { sending: { from: 'proxy', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The rules are for the sandbox's veth. That is a port of a bridge: what the host forwards comes in by the bridge itself, so no rule matches, and the policy drops it.",
      causes: [{ rule: '-i vethQ7KX2A', chain: 'filter FORWARD' }, { policy: 'filter FORWARD' }],
      status: ['dropped'],
    },
    mend: [['host', 'iptables -R FORWARD 2 -s 10.0.3.10/32 -i lxcbr0 -j MXC-sandbox-4f1c']],
  },
]
