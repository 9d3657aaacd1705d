import type { Chain, Rule, Table } from '../../../model/ruleset.ts'
import type { Facts } from '../../survey/facts.ts'
import type { Cause, Mend, Problem } from '../problem.ts'
import { deletion, rulesOf } from '../rules.ts'

export const flowOffload: Cause = {
  id: 'flow-offload',
  about: {
    cause: 'flow offload: after its first packets, a connection bypasses the hooks',
    check: "`flow add` in nft's rules, FLOWOFFLOAD in iptables'; `[OFFLOAD]` in `/proc/net/nf_conntrack`",
    mend: 'trace the first packets, or remove the offload rule for a while',
  },
  tested: 'recorded',
  check(facts) {
    const rules = offloading(facts)
    const entry = facts.texts.get('offloaded')?.[0]
    const [first] = rules
    if (!first && entry === undefined) return []
    const problem: Problem = {
      code: 'flow-offload',
      severity: 'warning',
      message:
        'Flow offload: connections bypass the rules after their first packets, so only these first packets can be traced.',
      evidence: [first && `${first.table.family} ${first.table.name} ${first.chain.name}: ${first.rule.text}`, entry]
        .filter((one) => one !== undefined)
        .join('; '),
    }
    return [first ? { ...problem, fix: takeOut(facts, first) } : problem]
  },
}

interface Found {
  table: Table
  chain: Chain
  rule: Rule
}

const offloading = (facts: Facts): Found[] =>
  rulesOf(facts).world.tables.flatMap((table) =>
    [...table.chains.values()].flatMap((chain) =>
      chain.rules
        .filter(({ text }) => /\bflow (?:add|offload) @|-j FLOWOFFLOAD\b/.test(text))
        .map((rule) => ({ table, chain, rule })),
    ),
  )

function takeOut(facts: Facts, { table, chain, rule }: Found): Mend {
  const backend = table.backend === 'legacy' ? 'legacy' : 'nft'
  return {
    description: 'remove the rule while you trace',
    ...deletion(facts, { backend, table, chain, rule, bases: [] }),
    safe: false,
    unsafe: 'routing uses more CPU without it; connections that are already offloaded stay offloaded until they end',
  }
}
