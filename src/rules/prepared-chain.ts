/** A chain made ready to be walked by many packets: tests, verdicts and jumps of its rules are looked up once. */
import { memo2 } from '../model/memo.ts'
import type { Chain, Rule, Table } from '../model/ruleset.ts'
import type { Statement } from '../model/statement.ts'
import { type ChainIndex, indexOf } from './chain-index.ts'
import type { EvalContext } from './eval-context.ts'
import { type Test, testsOf } from './evaluate.ts'
import { lasts } from './lasting.ts'
import { mappedVerdict, verdictStatement, verdictsOf } from './nft/map.ts'
import { isUnknown, type Unknown } from './truth.ts'
import { isBareVerdict, statementVerdict, type Verdict, type VerdictKind, verdictOf } from './verdict.ts'

/** What TRACE prints of a rule that matched, or of the end of a chain: the same for every packet. */
export interface Line {
  table: Table
  chain: Chain
  kind: 'rule' | 'return' | 'policy'
  reported: 'return' | 'policy' | undefined
  ruleNumber: number
  rule: Rule | undefined
  verdict: string
  ending: VerdictKind
}

export interface PreparedRule {
  rule: Rule
  /** One for each condition. */
  tests: readonly Test[]
  /** The rule's: rules have many shapes, and prepared ones have one. */
  order: readonly number[] | undefined
  /** One of its conditions holds only for so much: see lasting.ts. */
  hasAllowance: boolean
  /** It asks sets of a table, whose elements may have allowances of their own. */
  asksSets: boolean
  verdict: Verdict
  line: Line
  /** Where the packet goes on once the statements are executed; undefined: at the next rule. */
  onward: 'jump' | 'goto' | 'return' | undefined
  /** Where a jump or goto leads; undefined: there is no such chain. */
  target: PreparedChain | undefined
  /** It has statements to execute, other than the one that leads onward. */
  acts: boolean
  /** A map gives its verdict: the rule as it is with each verdict that was met. */
  mapped: Map<string, PreparedRule> | undefined
}

/** Says which of a map's verdicts is taken, where that cannot be told; undefined: that is not known. */
export interface Chooser {
  choose(rule: Rule, verdicts: readonly string[], why: Unknown): string | undefined
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

  /**
   * The rule with the verdict that its map gives this packet: `jump web`, in place of `vmap`; `done`: so many statements
   * were executed. `by` says which, where that cannot be told.
   */
  withVerdict(prepared: PreparedRule, done: number, moment: EvalContext, by: Chooser): PreparedRule | Unknown {
    const { statements } = prepared.rule
    const at = statements.findIndex(({ kind }, i) => i >= done && kind === 'vmap')
    const written = statements[at]
    if (written?.kind !== 'vmap') return prepared
    let statement = mappedVerdict(written.map, moment)
    if (isUnknown(statement)) {
      const chosen = by.choose(prepared.rule, verdictsOf(written.map, moment.world), statement)
      if (chosen === undefined) return statement
      statement = verdictStatement(chosen)
    }
    const verdict = (statement && statementVerdict(statement)) ?? CONTINUE
    const mapped = prepared.mapped!
    let rule = mapped.get(verdict.text)
    if (!rule) {
      rule = this.mapTo(prepared, at, verdict, statement)
      mapped.set(verdict.text, rule)
    }
    return rule
  }

  private mapTo(prepared: PreparedRule, at: number, verdict: Verdict, statement: Statement | undefined): PreparedRule {
    const { rule } = prepared
    // nothing behind a verdict is executed
    const statements =
      statement && verdict !== CONTINUE
        ? [...rule.statements.slice(0, at), statement]
        : rule.statements.toSpliced(at, 1)
    const line = { ...prepared.line, verdict: verdict.text, ending: verdict.ending }
    return { ...prepared, rule: { ...rule, statements }, verdict, line, ...this.leading(verdict) }
  }

  private prepare(rule: Rule, i: number): PreparedRule {
    const verdict = verdictOf(rule)
    const { onward, target } = this.leading(onwardOf(rule))
    const prepared: PreparedRule = {
      rule,
      tests: testsOf(rule.conditions),
      order: rule.order,
      hasAllowance: rule.conditions.some(lasts),
      asksSets: rule.conditions.some((one) => (one.kind === 'lookup' || one.kind === 'room') && !!one.nft?.table),
      verdict,
      line: lineOf(this.table, this.chain, rule, verdict),
      onward,
      target,
      acts: rule.statements.some(({ kind }) => !IDLE.has(kind)),
      mapped: rule.statements.some(({ kind }) => kind === 'vmap') ? new Map() : undefined,
    }
    this.rules[i] = prepared
    return prepared
  }

  private leading(verdict: Verdict | undefined): Pick<PreparedRule, 'onward' | 'target'> {
    if (!verdict) return { onward: undefined, target: undefined }
    const { ending, chain } = verdict
    const onward = ending === 'jump' || ending === 'goto' || ending === 'return' ? ending : undefined
    return { onward, target: chain === undefined ? undefined : preparedChain(this.table, chain) }
  }
}

const CONTINUE: Verdict = { ending: 'continue', text: 'continue' }

/** Nothing is to be executed for these. */
const IDLE: ReadonlySet<Statement['kind']> = new Set<Statement['kind']>(['jump', 'goto', 'return', 'log', 'note'])

/** A verdict in front of it may hang on the packet (SYNPROXY takes only some). */
function onwardOf({ statements }: Rule): Verdict | undefined {
  const leads = statements.find(({ kind }) => kind === 'jump' || kind === 'goto' || kind === 'return')
  return leads && statementVerdict(leads)
}

// tables never change once they are read; a change makes a new one
export const preparedChain = memo2((table: Table, name: string): PreparedChain | undefined => {
  const chain = table.chains.get(name)
  return chain && new PreparedChain(table, chain)
})

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
