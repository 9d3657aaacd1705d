/** Kubernetes: a service whose endpoints are gone. */
import { type Kind, targetOf, withRules } from '../fault.ts'

export const noEndpoints: Kind = {
  name: 'no endpoints',
  make: ({ setup, met }) => {
    const service = met.find(({ chain, rule = '' }) => chain === 'KUBE-SERVICES' && /KUBE-SVC-/.test(rule))
    if (!service) return []
    const chain = targetOf(service.rule!)!
    const reject = service
      .rule!.replace(/"(\S+) cluster IP"/, '"$1 has no endpoints"')
      .replace(/-j \S+$/, '-j REJECT --reject-with icmp-port-unreachable')
    const index = setup.tables
      .find(({ name }) => name === 'filter')!
      .chains.find(({ name }) => name === 'KUBE-SERVICES')!.rules.length
    const tables = withRules(
      withRules(setup.tables, 'nat', 'KUBE-SERVICES', (rules) => rules.filter((rule) => targetOf(rule) !== chain)),
      'filter',
      'KUBE-SERVICES',
      (rules) => [...rules, reject],
    )
    return [
      {
        kind: 'no endpoints',
        about: `${/"(\S+) /.exec(service.rule!)![1]} has no endpoints`,
        variant: { tables },
        culprits: [
          { code: 'no-endpoints', words: [/"(\S+) /.exec(service.rule!)![1]!] },
          { rule: { table: 'filter', chain: 'KUBE-SERVICES', ruleNumber: index + 1 } },
        ],
      },
    ]
  },
}
