import type { Incident } from '../incident.ts'

const rules = (accepted: string, icmp: string) => `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p ${icmp} -j ACCEPT
-A INPUT -p tcp -m multiport --dports ${accepted} -j ACCEPT
COMMIT
`

export const ipv6Forgotten: Incident = {
  name: 'ipv6-forgotten',
  title: 'a port was opened for IPv4 only',
  story:
    'https was opened with iptables, and works for most clients. Clients with IPv6 first wait for a time-out, ' +
    'because ip6tables has no such rule.',
  backend: 'legacy',
  hosts: {
    client: { addresses: { eth0: ['192.0.2.1/24', '2001:db8::1/64'] } },
    server: {
      addresses: { eth0: ['192.0.2.2/24', '2001:db8::2/64'] },
      rules: { v4: rules('22,80,443', 'icmp'), v6: rules('22,80', 'ipv6-icmp') },
      listeners: [
        { protocol: 'tcp', port: 443 },
        { protocol: 'tcp', address: '::', port: 443 },
      ],
    },
  },
  links: [['client:eth0', 'server:eth0']],
  traced: 'server',
  packet: { from: 'client', what: 'tcp', to: '2001:db8::2', port: 443 },
  alike: [{ from: 'client', what: 'tcp', to: '192.0.2.2', port: 443 }],
  expected: {
    outcome: 'dropped',
    sender: 'nothing',
    findings: ['dropped-by-policy', 'missing-rule'],
    fix: {
      words: 'Open the port for IPv6, too.',
      command: 'ip6tables -A INPUT -p tcp -m tcp --dport 443 -j ACCEPT',
      proposed: false,
    },
    after: { outcome: 'delivered', sender: 'answered' },
  },
}
