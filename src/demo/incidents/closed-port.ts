import type { Incident } from '../incident.ts'

export const closedPort: Incident = {
  name: 'closed-port',
  title: 'the firewall is open, but no program listens on the port',
  story:
    'Port 8080 was opened in the firewall, but clients are still refused. The rule works: the packet reaches the ' +
    'host. But the program listens on 127.0.0.1 only.',
  backend: 'nft',
  hosts: {
    client: { addresses: { eth0: ['192.0.2.1/24'] } },
    server: {
      addresses: { eth0: ['192.0.2.2/24'] },
      rules: {
        nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    tcp dport { 22, 8080 } accept
  }
}
`,
      },
      listeners: [{ protocol: 'tcp', address: '127.0.0.1', port: 8080 }],
    },
  },
  links: [['client:eth0', 'server:eth0']],
  traced: 'server',
  packet: { from: 'client', what: 'tcp', to: '192.0.2.2', port: 8080 },
  expected: {
    outcome: 'delivered',
    sender: 'refused',
    findings: ['closed-port'],
    fix: {
      words: 'Make the program listen on the address that clients use.',
      proposed: false,
      listen: { protocol: 'tcp', address: '192.0.2.2', port: 8080 },
    },
    after: { outcome: 'delivered', sender: 'answered' },
  },
}
