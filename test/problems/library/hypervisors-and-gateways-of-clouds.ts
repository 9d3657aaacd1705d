/** Machines of clouds that stand between others, from threads: a hypervisor whose port security knows no pods, a NAT instance without its rule, and one that is healthy. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const tcp = (port: number) => ({ protocol: 'tcp', port }) as const
const NAT = ':PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n'
const MAC1 = '02:00:00:00:aa:01'
const MAC2 = '02:00:00:00:aa:02'

/** Neutron's chains of one port: what comes to it, what it sends, and which addresses it may send from. */
const port = (id: string, tap: string, mac: string, address: string) => ({
  chains: `:neutron-openvswi-i${id} - [0:0]\n:neutron-openvswi-o${id} - [0:0]\n:neutron-openvswi-s${id} - [0:0]\n`,
  dispatch: `-A neutron-openvswi-FORWARD -m physdev --physdev-out ${tap} --physdev-is-bridged -m comment --comment "Direct traffic from the VM interface to the security group chain." -j neutron-openvswi-sg-chain
-A neutron-openvswi-FORWARD -m physdev --physdev-in ${tap} --physdev-is-bridged -m comment --comment "Direct traffic from the VM interface to the security group chain." -j neutron-openvswi-sg-chain
-A neutron-openvswi-sg-chain -m physdev --physdev-out ${tap} --physdev-is-bridged -m comment --comment "Jump to the VM specific chain." -j neutron-openvswi-i${id}
-A neutron-openvswi-sg-chain -m physdev --physdev-in ${tap} --physdev-is-bridged -m comment --comment "Jump to the VM specific chain." -j neutron-openvswi-o${id}
`,
  rules: `-A neutron-openvswi-i${id} -m state --state RELATED,ESTABLISHED -m comment --comment "Direct packets associated with a known session to the RETURN chain." -j RETURN
-A neutron-openvswi-i${id} -p icmp -j RETURN
-A neutron-openvswi-i${id} -p tcp -m tcp --dport 22 -j RETURN
-A neutron-openvswi-i${id} -s 10.0.0.0/24 -j RETURN
-A neutron-openvswi-i${id} -s 10.244.0.0/16 -j RETURN
-A neutron-openvswi-i${id} -m state --state INVALID -m comment --comment "Drop packets that appear related to an existing connection (e.g. TCP ACK/FIN) but do not have an entry in conntrack." -j DROP
-A neutron-openvswi-i${id} -m comment --comment "Send unmatched traffic to the fallback chain." -j neutron-openvswi-sg-fallback
-A neutron-openvswi-o${id} -s 0.0.0.0/32 -d 255.255.255.255/32 -p udp -m udp --sport 68 --dport 67 -m comment --comment "Allow DHCP client traffic." -j RETURN
-A neutron-openvswi-o${id} -j neutron-openvswi-s${id}
-A neutron-openvswi-o${id} -p udp -m udp --sport 67 --dport 68 -m comment --comment "Prevent DHCP Spoofing by VM." -j DROP
-A neutron-openvswi-o${id} -m state --state RELATED,ESTABLISHED -m comment --comment "Direct packets associated with a known session to the RETURN chain." -j RETURN
-A neutron-openvswi-o${id} -j RETURN
-A neutron-openvswi-s${id} -s ${address}/32 -m mac --mac-source ${mac} -m comment --comment "Allow traffic from defined IP/MAC pairs." -j RETURN
-A neutron-openvswi-s${id} -m comment --comment "Drop traffic without an IP/MAC allow rule." -j DROP
`,
})
const VM1 = port('1a2b3c4d-5', 'tap1a2b3c4d-5', MAC1, '10.0.0.11')
const VM2 = port('6e7f8a9b-c', 'tap6e7f8a9b-c', MAC2, '10.0.0.12')
const NEUTRON = `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:neutron-filter-top - [0:0]
:neutron-openvswi-FORWARD - [0:0]
:neutron-openvswi-local - [0:0]
:neutron-openvswi-sg-chain - [0:0]
:neutron-openvswi-sg-fallback - [0:0]
${VM1.chains}${VM2.chains}-A FORWARD -j neutron-filter-top
-A FORWARD -j neutron-openvswi-FORWARD
-A neutron-filter-top -j neutron-openvswi-local
${VM1.dispatch}${VM2.dispatch}-A neutron-openvswi-sg-chain -j ACCEPT
-A neutron-openvswi-sg-fallback -m comment --comment "Default drop rule for unmatched traffic." -j DROP
${VM1.rules}${VM2.rules}COMMIT
`

/** fck-nat's table where its interface had no name yet: iptables refused the rule, and the script went on. */
const fckNat = (rule: string) => `*nat
${NAT}${rule}COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:CW-AGENT - [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -s 10.0.0.0/16 -j ACCEPT
-A INPUT -j CW-AGENT
-A INPUT -j DROP
-A FORWARD -m conntrack --ctstate INVALID -j DROP
-A FORWARD -d 169.254.169.254/32 -j DROP
-A CW-AGENT -p udp -m udp --dport 8125 -j DROP
COMMIT
`

const natInstance = (
  name: string,
  rule: string,
  told: Pick<Problem, 'seen' | 'truth' | 'mend' | 'thread'>,
): Problem => ({
  name,
  backend: 'iptables-nft',
  hosts: {
    lambda: { addresses: { eth0: ['10.0.128.7/20'] }, routes: ['default via 10.0.128.1'] },
    nat: {
      addresses: { ens5: ['10.0.0.5/20'], ens6: ['10.0.128.1/20'] },
      routes: ['default via 10.0.0.1'],
      sysctls: { ...FORWARDS, 'net.ipv4.ip_local_port_range': '1024 65535' },
      listeners: [tcp(22)],
      rules: { v4: fckNat(rule) },
    },
    // the internet gateway translates what has the address of an instance with a public one, and drops the rest
    internet: { addresses: { eth0: ['10.0.0.1/20'], lo: ['203.0.113.9/32'] }, listeners: [tcp(443)] },
  },
  links: [
    ['lambda:eth0', 'nat:ens6'],
    ['nat:ens5', 'internet:eth0'],
  ],
  traced: 'nat',
  fails: { from: 'lambda', what: 'tcp', to: '203.0.113.9', port: 443 },
  others: [
    { sending: { from: 'nat', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
    { sending: { from: 'lambda', what: 'tcp', to: '10.0.128.1', port: 22 }, seen: 'answered' },
    { sending: { from: 'internet', what: 'tcp', to: '10.0.0.5', port: 22 }, seen: 'answered' },
  ],
  ...told,
})

export const HYPERVISORS_AND_GATEWAYS_OF_CLOUDS: Problem[] = [
  {
    name: 'neutron-port-security-knows-no-pods-of-the-node',
    thread: {
      title: 'document requirements for OpenStack',
      address: 'https://github.com/cloudnativelabs/kube-router/issues/854',
    },
    backend: 'iptables-legacy',
    hosts: {
      pod: { addresses: { eth0: ['10.244.1.5/24'] }, routes: ['default via 10.244.1.1'] },
      vm1: {
        addresses: { ens3: ['10.0.0.11/24'], 'kube-bridge': ['10.244.1.1/24'] },
        routes: ['10.244.2.0/24 via 10.0.0.12'],
        sysctls: FORWARDS,
      },
      compute: {
        bridges: { br0: ['tap1a2b3c4d-5', 'tap6e7f8a9b-c'] },
        addresses: { br0: ['10.0.0.2/24'] },
        sysctls: { 'net.bridge.bridge-nf-call-iptables': '1' },
        listeners: [tcp(22)],
        rules: { v4: NEUTRON },
      },
      vm2: {
        addresses: { ens3: ['10.0.0.12/24'], lo: ['10.244.2.9/32'] },
        routes: ['10.244.1.0/24 via 10.0.0.11'],
        sysctls: FORWARDS,
        listeners: [tcp(80), tcp(179)],
      },
    },
    links: [
      ['pod:eth0', 'vm1:kube-bridge'],
      ['vm1:ens3', 'compute:tap1a2b3c4d-5'],
      ['vm2:ens3', 'compute:tap6e7f8a9b-c'],
    ],
    traced: 'compute',
    setup: [
      ['vm1', `ip link set ens3 address ${MAC1}`],
      ['vm2', `ip link set ens3 address ${MAC2}`],
    ],
    fails: { from: 'pod', what: 'tcp', to: '10.244.2.9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'vm1', what: 'tcp', to: '10.0.0.12', port: 179 }, seen: 'answered' },
      { sending: { from: 'vm1', what: 'tcp', to: '10.244.2.9', port: 80 }, seen: 'nothing', either: true },
      { sending: { from: 'vm2', what: 'ping', to: '10.0.0.11' }, seen: 'answered' },
      { sending: { from: 'pod', what: 'ping', to: '10.0.0.12' }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        "Each port may send from its VM's own address alone. The pods of the nodes have others, and the hypervisor drops what they send, and what they reply, as spoofed.",
      causes: [
        { rule: 'Drop traffic without an IP/MAC allow rule.', chain: 'filter neutron-openvswi-s1a2b3c4d-5' },
        { rule: 'Allow traffic from defined IP/MAC pairs.', chain: 'filter neutron-openvswi-s1a2b3c4d-5' },
      ],
      status: ['dropped'],
    },
    mend: [
      ['compute', `iptables -I neutron-openvswi-s1a2b3c4d-5 -s 10.244.0.0/16 -m mac --mac-source ${MAC1} -j RETURN`],
      ['compute', `iptables -I neutron-openvswi-s6e7f8a9b-c -s 10.244.0.0/16 -m mac --mac-source ${MAC2} -j RETURN`],
    ],
  },
  natInstance('fck-nat-has-no-masquerade-since-its-interface-had-no-name', '', {
    thread: {
      title:
        'Intermittent connectivity issues after FCK NAT instance replacement via ASG (SSM, outbound traffic failing)',
      address: 'https://github.com/RaJiska/terraform-aws-fck-nat/issues/75',
    },
    seen: 'nothing',
    truth: {
      words:
        'iptables refused the rule with an empty interface, and nobody noticed: what the private network sends leaves with its own address.',
      causes: [{ code: 'not-masqueraded' }, { chain: 'nat POSTROUTING' }],
      status: ['unanswered'],
    },
    mend: [['nat', 'iptables -t nat -A POSTROUTING -o ens5 -j MASQUERADE']],
  }),
  natInstance(
    'healthy-nat-instance-masquerades-though-nothing-in-forward-accepts',
    '-A POSTROUTING -o ens5 -j MASQUERADE\n',
    {
      thread: {
        title: 'Feature request: optional TCP MSS clamping (--clamp-mss-to-pmtu)',
        address: 'https://github.com/AndrewGuenther/fck-nat/issues/145',
      },
      seen: 'answered',
      truth: { words: 'Nothing is wrong.', causes: [], status: ['answered'] },
      mend: [['nat', 'true']],
    },
  ),
]
