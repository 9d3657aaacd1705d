/** A ruleset's chains and rules as rows, and which row a step, a finding or a culprit means. */
import type { RuleRef, Step } from '../model/journey.ts'
import { withoutOwn } from '../model/own-table.ts'
import type { Chain, Rule, Table } from '../model/ruleset.ts'
import type { World } from '../model/world.ts'
import { contentKey, NO_KEY } from './keys.ts'
import type { Cell, Row } from './row.ts'

type Nameable = Pick<Step, 'family' | 'table' | 'chain' | 'ruleNumber' | 'handle' | 'rule'> | RuleRef

/** Which row of `rulesets` is meant. */
export interface RuleKey {
  ruleset: string
  rule: string
}

export class StoredRuleset {
  /** Undefined: no rules were given. */
  readonly key: string | undefined
  /** To be written once, if at all. */
  readonly rows: readonly Row[]
  private readonly rules = new Map<string, string>()
  /** Rules that only captures tell of, and are not written yet. */
  private fromCaptures: Row[] = []

  constructor(all: World) {
    const { tables } = withoutOwn(all)
    const rows: Row[] = []
    for (const table of tables)
      for (const chain of table.chains.values()) {
        rows.push(this.chainRow(table, chain))
        const alike = new Map<string, number>()
        for (const rule of chain.rules) {
          const before = alike.get(rule.text) ?? 0
          alike.set(rule.text, before + 1)
          rows.push(this.ruleRow(table, chain, rule, before))
        }
      }
    const isKnown = tables.length > 0 || all.hasNoRules === true
    this.key = isKnown ? contentKey(JSON.stringify(rows)) : undefined
    this.rows = isKnown ? rows.map((row, i) => ({ ...row, ruleset: this.key!, n: i + 1 })) : []
  }

  /** Undefined for a LOG line whose rule is not known. */
  keyOf(ref: Nameable, kind: Step['kind'] = 'rule'): RuleKey | undefined {
    const { family, table, chain, ruleNumber, handle, rule } = ref
    if (table === undefined || chain === undefined) return undefined
    const isChain = kind === 'policy' || kind === 'return' || (ruleNumber === undefined && handle === undefined)
    const known = isChain
      ? this.rules.get(placeOf(family, table, chain, ''))
      : (this.rules.get(placeOf(family, table, chain, `#${handle}`)) ??
        this.rules.get(placeOf(family, table, chain, ruleNumber ?? '?')))
    if (known !== undefined && this.key !== undefined) return { ruleset: this.key, rule: known }
    const own = isChain
      ? chainKey(family, table, chain)
      : ruleKey(family, table, chain, rule ?? `${ruleNumber ?? ''}#${handle ?? ''}`, 0)
    const place = placeOf(family, table, chain, own)
    if (!this.rules.has(place)) {
      this.rules.set(place, own)
      this.fromCaptures.push({
        ...{ ruleset: NO_KEY, rule: own, kind: isChain ? 'chain' : 'rule', family, table_name: table, chain },
        ...(isChain ? {} : { rule_number: ruleNumber, handle, rule_text: rule }),
      })
    }
    return { ruleset: NO_KEY, rule: own }
  }

  /** Those that were not asked for before. */
  takeFromCaptures(): Row[] {
    const rows = this.fromCaptures
    if (rows.length > 0) this.fromCaptures = []
    return rows
  }

  private chainRow({ family, name }: Table, chain: Chain): Row {
    const rule = chainKey(family, name, chain.name)
    this.rules.set(placeOf(family, name, chain.name, ''), rule)
    return {
      ...{ rule, kind: 'chain', family, table_name: name, chain: chain.name },
      ...{ hook: chain.hook, priority: chain.priority, policy: chain.policy, handle: chain.handle },
      comment: chain.comment,
    }
  }

  private ruleRow(
    { family, name }: Table,
    chain: Chain,
    { text, ruleNumber, handle, comment }: Rule,
    nth: number,
  ): Row {
    const rule = ruleKey(family, name, chain.name, text, nth)
    this.rules.set(placeOf(family, name, chain.name, ruleNumber), rule)
    if (handle !== undefined) this.rules.set(placeOf(family, name, chain.name, `#${handle}`), rule)
    return {
      ...{ rule, kind: 'rule', family, table_name: name, chain: chain.name },
      ...{ rule_number: ruleNumber, handle, rule_text: text, comment },
    }
  }
}

const placeOf = (...parts: Cell[]): string => parts.join('\n')
const chainKey = (...parts: Cell[]): string => contentKey(`chain\n${parts.join('\n')}`)
/** By its words, so that it stays the same where rules are added before it; `nth`: of several that are alike, from 0. */
const ruleKey = (...parts: Cell[]): string => contentKey(`rule\n${parts.join('\n')}`)

/** The rulesets of a run. */
export class StoredRulesets {
  /** By their tables: a World is another one once a packet has passed. */
  private readonly known = new WeakMap<object, StoredRuleset>()
  private readonly written = new Set<string>()

  of(world: World): StoredRuleset {
    let ruleset = this.known.get(world.tables)
    if (!ruleset) {
      ruleset = new StoredRuleset(world)
      this.known.set(world.tables, ruleset)
    }
    return ruleset
  }

  /** Its rows, the first time; then none. */
  takeRows({ key, rows }: StoredRuleset): readonly Row[] {
    if (key === undefined || this.written.has(key)) return []
    this.written.add(key)
    return rows
  }
}
