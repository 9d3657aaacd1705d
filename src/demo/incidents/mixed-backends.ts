import type { Incident } from '../incident.ts'

export const mixedBackends: Incident = {
  name: 'mixed-backends',
  title: 'iptables accepts a packet, but a forgotten nft table drops it',
  story:
    'A port was opened with iptables, and the rule counts every packet. But an nft ruleset, left over from a ' +
    'migration, is also loaded, and packets traverse both.',
  backend: 'nft',
  hosts: {
    client: { addresses: { eth0: ['192.0.2.1/24'] } },
    server: {
      addresses: { eth0: ['192.0.2.2/24'] },
      rules: {
        v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 5432 -j ACCEPT
COMMIT
`,
        nft: `table inet firewall {
  chain input {
    type filter hook input priority filter + 10; policy drop;
    ct state established,related accept
    tcp dport 22 accept
  }
}
`,
      },
      listeners: [{ protocol: 'tcp', port: 5432 }],
    },
  },
  links: [['client:eth0', 'server:eth0']],
  traced: 'server',
  packet: { from: 'client', what: 'tcp', to: '192.0.2.2', port: 5432 },
  expected: {
    outcome: 'dropped',
    sender: 'nothing',
    findings: ['dropped-by-policy', 'mixed-backends'],
    fix: {
      words: 'Open the port in both, or better: keep only one of the two.',
      command: 'nft add rule inet firewall input tcp dport 5432 accept',
      proposed: false,
    },
    after: { outcome: 'delivered', sender: 'answered' },
  },
}
