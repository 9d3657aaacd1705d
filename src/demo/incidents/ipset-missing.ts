import type { Incident } from '../incident.ts'

export const ipsetMissing: Incident = {
  name: 'ipset-missing',
  title: 'a new colleague cannot use ssh: her address is in only one of two ipsets',
  story:
    'Only addresses in an ipset may use ssh. Her address was added to the set of the offices, but the ssh rule ' +
    'uses the set of the administrators.',
  backend: 'legacy',
  hosts: {
    colleague: { addresses: { eth0: ['192.0.2.77/24'] } },
    bastion: {
      addresses: { eth0: ['192.0.2.2/24'] },
      rules: {
        ipset:
          'create admins hash:ip\nadd admins 192.0.2.10\nadd admins 192.0.2.11\ncreate offices hash:ip\nadd offices 192.0.2.77\n',
        v4: `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -m set --match-set admins src -j ACCEPT
-A INPUT -p tcp -m tcp --dport 80 -m set --match-set offices src -j ACCEPT
COMMIT
`,
      },
      listeners: [{ protocol: 'tcp', port: 22 }],
    },
  },
  links: [['colleague:eth0', 'bastion:eth0']],
  traced: 'bastion',
  packet: { from: 'colleague', what: 'tcp', to: '192.0.2.2', port: 22 },
  expected: {
    outcome: 'dropped',
    sender: 'nothing',
    findings: ['dropped-by-policy', 'not-in-set'],
    fix: {
      words: 'Add the address to the set that the rule uses.',
      command: 'ipset add admins 192.0.2.77',
      proposed: true,
    },
    after: { outcome: 'delivered', sender: 'answered' },
  },
}
