import type { Incident } from '../incident.ts'

/** firewalld's and libvirt's rules as reported. */
const RULES = `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:OUTPUT_direct - [0:0]
:PREROUTING_direct - [0:0]
-A PREROUTING -j PREROUTING_direct
-A OUTPUT -j OUTPUT_direct
COMMIT
*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:FORWARD_direct - [0:0]
:PREROUTING_ZONES - [0:0]
:PREROUTING_ZONES_SOURCE - [0:0]
:PREROUTING_direct - [0:0]
:PRE_public - [0:0]
:PRE_public_allow - [0:0]
:PRE_public_deny - [0:0]
:PRE_public_log - [0:0]
-A PREROUTING -j PREROUTING_direct
-A PREROUTING -j PREROUTING_ZONES_SOURCE
-A PREROUTING -j PREROUTING_ZONES
-A FORWARD -j FORWARD_direct
-A PREROUTING_ZONES -i em1 -g PRE_public
-A PREROUTING_ZONES -g PRE_public
-A PRE_public -j PRE_public_log
-A PRE_public -j PRE_public_deny
-A PRE_public -j PRE_public_allow
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:PREROUTING_direct - [0:0]
-A PREROUTING -j PREROUTING_direct
-A PREROUTING_direct -d 10.32.105.30/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 192.168.101.10
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:FORWARD_direct - [0:0]
-A FORWARD -d 192.168.122.0/24 -o virbr0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -s 192.168.122.0/24 -i virbr0 -j ACCEPT
-A FORWARD -i virbr0 -o virbr0 -j ACCEPT
-A FORWARD -d 192.168.101.0/24 -o virbr1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -s 192.168.101.0/24 -i virbr1 -j ACCEPT
-A FORWARD -i virbr1 -o virbr1 -j ACCEPT
-A FORWARD -o virbr1 -j REJECT --reject-with icmp-port-unreachable
-A FORWARD -i virbr1 -j REJECT --reject-with icmp-port-unreachable
-A FORWARD -j FORWARD_direct
COMMIT
`

export const firewalldPortForward: Incident = {
  name: 'firewalld-port-forward',
  title: "a port forward to a virtual machine is rejected by libvirt's rules",
  story: 'firewalld forwards port 80 of a host to a libvirt guest. The DNAT works, but the client is still refused.',
  backend: 'legacy',
  hosts: {
    client: { addresses: { eth0: ['10.32.7.11/16'] } },
    storm3: {
      bridges: { virbr1: ['vnet0'] },
      addresses: { em1: ['10.32.105.30/16'], virbr1: ['192.168.101.1/24'] },
      sysctls: { 'net.ipv4.ip_forward': '1' },
      rules: { v4: RULES },
    },
    guest: {
      addresses: { eth0: ['192.168.101.10/24'] },
      routes: ['default via 192.168.101.1'],
      listeners: [{ protocol: 'tcp', port: 80 }],
    },
  },
  links: [
    ['client:eth0', 'storm3:em1'],
    ['storm3:vnet0', 'guest:eth0'],
  ],
  traced: 'storm3',
  packet: { from: 'client', what: 'tcp', to: '10.32.105.30', port: 80 },
  expected: {
    outcome: 'rejected',
    sender: 'refused',
    culprit: 'filter:FORWARD:7',
    findings: ['rejected-by-rule', 'near-miss', 'dnat-changed-destination'],
    fix: {
      words: "Accept the forwarded packets before libvirt's REJECT rule.",
      command:
        'iptables -I FORWARD 7 -s 10.32.7.11 -d 192.168.101.10 -i em1 -o virbr1 -p tcp --dport 80 ' +
        '-m conntrack --ctstate DNAT -j ACCEPT',
      proposed: true,
    },
    after: { outcome: 'forwarded', sender: 'answered' },
  },
}
