/** A chain made ready to be walked by many packets: tests, verdicts and jumps of its rules are looked up once. */
import type { Chain, Rule, Table } from '../model/ruleset.ts'
import { type ChainIndex, indexOf } from '../rules/chain-index.ts'
import { type Test, testsOf } from '../rules/evaluate.ts'
import { isBareVerdict, type Verdict, verdictOf } from '../rules/verdict.ts'
import { lasts } from './allowances.ts'
import type { Line } from './journal.ts'

export interface PreparedRule {
  rule: Rule
  tests: readonly Test[]
  /** One of its conditions holds only for so much: see allowances.ts. */
  hasAllowance: boolean
  verdict: Verdict
  line: Line
  /** Where a jump or goto leads; undefined: there is no such chain. */
  target: PreparedChain | undefined
}

export class PreparedChain {
  readonly chain: Chain
  readonly index: ChainIndex | undefined
  /** The line behind the last rule. */
  readonly end: Line
  readonly table: Table
  /** Made when the first packet comes to it: most rules never see one. */
  private readonly rules: (PreparedRule | undefined)[] = []

  constructor(table: Table, chain: Chain) {
    this.table = table
    this.chain = chain
    this.index = indexOf(chain.rules)
    this.end = endOf(table, chain)
  }

  /** Undefined behind the last one. */
  rule(i: number): PreparedRule | undefined {
    const known = this.rules[i]
    if (known) return known
    const rule = this.chain.rules[i]
    return rule && this.prepare(rule, i)
  }

  /** The rule with the verdict that its map gives this packet: `jump web`, in place of `vmap`. */
  mapped(prepared: PreparedRule, verdict: Verdict): PreparedRule {
    const { ending, text, chain } = verdict
    const target = chain === undefined ? undefined : preparedChain(this.table, chain)
    return { ...prepared, verdict, target, line: { ...prepared.line, verdict: text, ending } }
  }

  private prepare(rule: Rule, i: number): PreparedRule {
    const verdict = verdictOf(rule)
    const target = verdict.chain === undefined ? undefined : preparedChain(this.table, verdict.chain)
    const line = lineOf(this.table, this.chain, rule, verdict)
    const tests = testsOf(rule.conditions)
    const prepared: PreparedRule = { rule, tests, hasAllowance: rule.conditions.some(lasts), verdict, line, target }
    this.rules[i] = prepared
    return prepared
  }
}

// tables never change once they are read; a change makes a new one
const known = new WeakMap<Table, Map<string, PreparedChain>>()

export function preparedChain(table: Table, name: string): PreparedChain | undefined {
  let chains = known.get(table)
  if (!chains) {
    chains = new Map()
    known.set(table, chains)
  }
  const chain = table.chains.get(name)
  let prepared = chains.get(name)
  if (!prepared && chain) {
    prepared = new PreparedChain(table, chain)
    chains.set(name, prepared)
  }
  return prepared
}

function lineOf(table: Table, chain: Chain, rule: Rule, { ending, text }: Verdict): Line {
  // the kernel takes a bare verdict for the end of the chain (get_chainname_rulenum)
  const reported = isBareVerdict(rule, ending) ? (chain.hook ? 'policy' : 'return') : undefined
  return { table, chain, kind: 'rule', reported, ruleNumber: rule.ruleNumber, rule, verdict: text, ending }
}

function endOf(table: Table, chain: Chain): Line {
  const where = { table, chain, reported: undefined, ruleNumber: chain.rules.length + 1, rule: undefined }
  if (!chain.hook) return { ...where, kind: 'return', verdict: 'return', ending: 'return' }
  const policy = chain.policy ?? 'accept'
  return { ...where, kind: 'policy', verdict: policy, ending: policy }
}
