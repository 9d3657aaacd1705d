import type { Incident } from '../incident.ts'

/** Neutron's (then Quantum's) rules as reported. */
const RULES = `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:quantum-filter-top - [0:0]
:quantum-l3-agent-FORWARD - [0:0]
:quantum-l3-agent-local - [0:0]
-A FORWARD -j quantum-filter-top
-A FORWARD -j quantum-l3-agent-FORWARD
-A quantum-filter-top -j quantum-l3-agent-local
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:quantum-l3-agent-OUTPUT - [0:0]
:quantum-l3-agent-POSTROUTING - [0:0]
:quantum-l3-agent-PREROUTING - [0:0]
:quantum-l3-agent-float-snat - [0:0]
:quantum-l3-agent-snat - [0:0]
:quantum-postrouting-bottom - [0:0]
-A PREROUTING -j quantum-l3-agent-PREROUTING
-A OUTPUT -j quantum-l3-agent-OUTPUT
-A POSTROUTING -j quantum-l3-agent-POSTROUTING
-A POSTROUTING -j quantum-postrouting-bottom
-A quantum-l3-agent-OUTPUT -d 192.168.0.16/32 -j DNAT --to-destination 10.0.0.4
-A quantum-l3-agent-OUTPUT -d 192.168.0.17/32 -j DNAT --to-destination 10.0.0.3
-A quantum-l3-agent-POSTROUTING ! -i qg-91757ded-c4 ! -o qg-91757ded-c4 -m conntrack ! --ctstate DNAT -j ACCEPT
-A quantum-l3-agent-POSTROUTING -s 10.0.0.0/24 -d 192.168.1.1/32 -j ACCEPT
-A quantum-l3-agent-PREROUTING -d 169.254.169.254/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 192.168.1.1:8775
-A quantum-l3-agent-PREROUTING -d 192.168.0.16/32 -j DNAT --to-destination 10.0.0.4
-A quantum-l3-agent-PREROUTING -d 192.168.0.17/32 -j DNAT --to-destination 10.0.0.3
-A quantum-l3-agent-float-snat -s 10.0.0.4/32 -j SNAT --to-source 192.168.0.16
-A quantum-l3-agent-snat -j quantum-l3-agent-float-snat
-A quantum-l3-agent-snat -s 10.0.0.0/24 -j SNAT --to-source 192.168.0.15
-A quantum-postrouting-bottom -j quantum-l3-agent-snat
COMMIT
`

export const openstackSnat: Incident = {
  name: 'openstack-snat',
  title: "a virtual machine's ping leaves the network node with its private address",
  story:
    'A virtual machine in an OpenStack cloud has a floating IP, but cannot ping the outside. Its packets leave ' +
    'the network node with the private source address, to which no host can reply.',
  backend: 'legacy',
  hosts: {
    vm: { addresses: { eth0: ['10.0.0.4/24'] }, routes: ['default via 10.0.0.1'] },
    network: {
      addresses: { 'tap5c42978b-ac': ['10.0.0.1/24'], 'br-ex': ['192.168.0.15/24', '192.168.0.16/32'] },
      sysctls: { 'net.ipv4.ip_forward': '1' },
      rules: { v4: RULES },
    },
    outside: { addresses: { eth0: ['192.168.0.19/24'] } },
  },
  links: [
    ['vm:eth0', 'network:tap5c42978b-ac'],
    ['network:br-ex', 'outside:eth0'],
  ],
  traced: 'network',
  packet: { from: 'vm', what: 'ping', to: '192.168.0.19' },
  expected: {
    outcome: 'forwarded',
    sender: 'nothing',
    culprit: 'nat:quantum-l3-agent-POSTROUTING:1',
    findings: ['snat-skipped'],
    fix: {
      words: 'Delete the ACCEPT rule that ends the evaluation of the nat table too early.',
      command: 'iptables -t nat -D quantum-l3-agent-POSTROUTING 1',
      proposed: true,
    },
    after: { outcome: 'forwarded', sender: 'answered' },
  },
}
