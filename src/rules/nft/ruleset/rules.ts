/** Rules in their places. */
import type { Chain, Rule, RuleFamily } from '../../../model/ruleset.ts'
import type { Statement } from '../ast.ts'
import { lowerRule } from '../lower.ts'
import { statement } from '../normal.ts'
import type { RuleObject, Verb } from '../objects.ts'
import { ruleText } from '../rule-text.ts'
import type { Draft } from './draft.ts'

type Body = RuleObject['rule']

export function changeRule(op: Verb, body: Body, draft: Draft): void {
  const { family, table, chain: name, handle, index, position } = body
  const chain = chainOf(op, body, draft)
  if (!chain) {
    if (op !== 'destroy') draft.tell('no-such-chain', `a rule is in chain ${name}, which is not in table ${table}`)
    return
  }
  if (op === 'delete' || op === 'destroy' || op === 'replace') {
    const place = placeOf(chain, handle, index)
    if (place === undefined) {
      if (op !== 'destroy') draft.tell('no-such-rule', `there is no rule ${handle ?? index} in chain ${name}`)
    } else if (op === 'replace') chain.rules[place] = makeRule(body, family, table, draft.line)
    else chain.rules.splice(place, 1)
    return
  }
  const place = placeOf(chain, position, index)
  const rule = makeRule(body, family, table, draft.line)
  if (op === 'insert') chain.rules.splice(place ?? 0, 0, rule)
  else if (place === undefined) chain.rules.push(rule)
  else chain.rules.splice(place + 1, 0, rule)
}

/** A chain that nobody declared is made, so that its rules are kept. */
function chainOf(op: Verb, { family, table: tableName, chain: name }: Body, draft: Draft): Chain | undefined {
  const isNew = op === 'add' || op === 'create' || op === 'insert'
  const table = isNew ? draft.table(family, tableName) : draft.existing(family, tableName)
  const known = table?.chains.get(name)
  if (known || !table || !isNew) return known
  const chain: Chain = { name, rules: [] }
  table.chains.set(name, chain)
  draft.tell(
    'no-such-chain',
    `chain ${name} of table ${tableName} is not declared, but has rules; nfwhy assumes that it exists`,
  )
  return chain
}

function placeOf({ rules }: Chain, handle: number | undefined, index: number | undefined): number | undefined {
  if (index !== undefined) return index >= 0 && index < rules.length ? index : undefined
  if (handle === undefined) return undefined
  const place = rules.findIndex((rule) => rule.handle === handle)
  return place < 0 ? undefined : place
}

function makeRule(body: Body, family: RuleFamily, table: string, line: number | undefined): Rule {
  const { handle, comment, expr = [] } = body
  const nft = expr.map((one) => statement(one, family))
  const counters = countersOf(nft)
  return {
    text: ruleText(nft, comment),
    ruleNumber: 0,
    ...(handle === undefined ? {} : { handle }),
    ...(counters ? { counters } : {}),
    ...(comment === undefined ? {} : { comment }),
    ...lowerRule(nft, family, table),
    nft,
    ...(line === undefined ? {} : { line }),
  }
}

function countersOf(statements: readonly Statement[]): Rule['counters'] {
  for (const one of statements) {
    if (!('counter' in one) || typeof one.counter !== 'object' || one.counter === null) continue
    const { packets, bytes } = one.counter as { packets?: number; bytes?: number }
    if (packets !== undefined && bytes !== undefined) return { packets, bytes }
  }
  return undefined
}
