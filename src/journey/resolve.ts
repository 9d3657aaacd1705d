/**
 * Trace points laid on the ruleset: which rule of which chain the kernel spoke of, what it is really (the kernel calls
 * an unconditional DROP "policy"), what it does, and at which hook. Each point is resolved once.
 */
import { HOOKS, type Hook, IPTABLES_HOOKS, iptablesPriority } from '../model/hook.ts'
import type { Family } from '../model/packet.ts'
import type { Chain, Rule, Table } from '../model/ruleset.ts'
import { findTable, type World } from '../model/world.ts'
import type { TracePoint, TracePoints } from '../read/captures/points.ts'
import { isCutShort } from '../rules/cut-short.ts'
import { isUnshown } from '../rules/end-policy.ts'
import { isPerhapsNone } from '../rules/unshown.ts'
import { isBareVerdict, verdictOf } from '../rules/verdict.ts'
import { baseChainsAt, nextAtHook } from './base-chains.ts'
import { hooksOfChains } from './chain-hooks.ts'
import type { LogRules } from './log-candidates.ts'
import { ofLogs } from './logs-later.ts'
import { resolveNft } from './resolve-nft.ts'
import type { Resolved } from './resolved.ts'
import { isUnlisted, withUnlisted } from './unlisted.ts'

export class Resolver {
  private readonly resolved: (Resolved | undefined)[] = []
  private readonly reach = new Map<Table, Map<string, Set<Hook>>>()
  /** Tables of the trace that only mark packets. */
  private readonly tracers = new Set<string>()
  private readonly contradicted = new Map<Chain, string>()
  private logRules: LogRules | undefined
  private readonly tableNumbers = new Map<string | undefined, number>([[undefined, 0]])
  private readonly chainNumbers = new Map<string, number>()
  readonly world: World
  /** With the tables that no listing shows. */
  private readonly all: World
  readonly points: TracePoints

  constructor(world: World, points: TracePoints) {
    this.world = world
    this.all = withUnlisted(world)
    this.points = points
  }

  /** `familyColumn` is the packet state's FAMILY. */
  get(point: number, familyColumn: number): Resolved {
    const key = point * 9 + familyColumn + 1
    let known = this.resolved[key]
    if (!known) {
      const family = familyOf(familyColumn)
      const trace = this.points.get(point)
      known =
        trace.family !== undefined
          ? resolveNft(trace, family, this.world, this.onlyHook, this.tracers)
          : trace.type === 'log'
            ? this.log(trace, family)
            : this.trace(trace, family)
      known.hookNumber = known.hook === undefined ? 0 : HOOKS.indexOf(known.hook) + 1
      // by name alone for legacy tracing, which has no family
      const table = trace.family === undefined ? known.table : `${trace.family} ${known.table}`
      known.tableNumber = this.tableNumbers.get(table) ?? this.tableNumbers.size
      this.tableNumbers.set(table, known.tableNumber)
      if (trace.family !== undefined) known.chainNumber = this.chainNumber(`${table} ${known.chain}`)
      this.resolved[key] = known
    }
    return known
  }

  /** The same for a base chain of nft's, of which there may be several with one priority: can any come behind it? */
  isVeryLast(at: Resolved): boolean {
    at.last[1] ??= (() => {
      if (at.hook === undefined || !at.inChain) return false
      const priority = priorityAt(at, at.hook)
      const leaves = at.hook === 'forward' || at.hook === 'output'
      if (leaves && baseChainsAt(this.all, at.family, 'postrouting', true).length > 0) return false
      return baseChainsAt(this.all, at.family, at.hook, true).every(
        (one) => one.chain === at.inChain || one.priority < priority,
      )
    })()
    return at.last[1]
  }

  private chainNumber(name: string): number {
    const number = this.chainNumbers.get(name) ?? this.chainNumbers.size
    this.chainNumbers.set(name, number)
    return number
  }

  /** A trace named a rule of this chain that cannot have matched. */
  distrust(chain: Chain, because: string): void {
    if (!this.contradicted.has(chain)) this.contradicted.set(chain, because)
  }

  /** How many chains were contradicted by now. */
  get contradictions(): number {
    return this.contradicted.size
  }

  distrusted(chain: Chain): string | undefined {
    return this.contradicted.get(chain)
  }

  /** Accepted here, where a step resolved so happens: does no other base chain of its hook come? */
  isLast(at: Resolved, nat: boolean): boolean {
    const known = at.last[nat ? 1 : 0]
    if (known !== undefined) return known
    const last =
      at.hook === undefined || nextAtHook(this.all, at.family, at.hook, priorityAt(at, at.hook), nat) === undefined
    at.last[nat ? 1 : 0] = last
    return last
  }

  private trace(point: TracePoint, family: Family): Resolved {
    const { type, table: tableName = '', chain: chainName = '', ruleNumber = 0 } = point
    const inTable = findTable(this.world, family, tableName)
    const inChain = inTable?.chains.get(chainName)
    const base = IPTABLES_HOOKS[chainName] !== undefined
    const resolved: Resolved = {
      point,
      family,
      tableFamily: family,
      table: tableName,
      chain: chainName,
      kind: type === 'rule' ? 'rule' : 'unknown',
      reported: undefined,
      ruleNumber,
      rule: undefined,
      inTable,
      inChain,
      verdict: undefined,
      ending: type === 'return' ? 'return' : 'unknown',
      target: undefined,
      hook: IPTABLES_HOOKS[chainName] ?? this.onlyHook(inTable, chainName),
      hookNumber: 0,
      tableNumber: 0,
      chainNumber: 0,
      layer: 0,
      base,
      own: false,
      shows: false,
      mismatch: undefined,
      candidates: [],
      alike: [],
      last: [undefined, undefined],
    }
    if (isUnlisted(this.world, family, tableName)) return unresolved(resolved, type)
    if (!this.world.tables.some((table) => table.family === family)) return unresolved(resolved, type)
    if (inTable && (inChain ? isUnshown(inTable, inChain) : inTable.partly)) return unresolved(resolved, type)
    const rules = inChain?.rules.length ?? 0
    // which of those behind the cut it is, or how many there are, only the trace knows
    if (inChain && isCutShort(inChain) && ruleNumber >= rules)
      return type === 'policy' || type === 'return' ? chainEnd(resolved, inChain, type) : unresolved(resolved, type)
    if (!inTable) resolved.mismatch = `the ruleset has no table ${tableName}`
    else if (!inChain) resolved.mismatch = `the ruleset has no chain ${chainName} in table ${tableName}`
    else if (ruleNumber > rules + (type === 'rule' ? 0 : 1) || ruleNumber < 1)
      resolved.mismatch = `chain ${chainName} of table ${tableName} has ${rules} rule${rules === 1 ? '' : 's'}, but the trace reached ${type} ${ruleNumber}`
    if (!inChain || resolved.mismatch) return unresolved(resolved, type)
    if (ruleNumber === rules + 1) return chainEnd(resolved, inChain, type as 'return' | 'policy')
    return atRule(resolved, inChain.rules[ruleNumber - 1]!, type as 'rule' | 'return' | 'policy')
  }

  /** A LOG line's rule is told by its prefix, where the prefix occurs once. */
  private log(point: TracePoint, family: Family): Resolved {
    const later = ofLogs()
    this.logRules ??= later && new later.LogRules(this.world)
    const found = this.logRules?.candidates(point.prefix ?? '', family, point.nflog === true) ?? []
    const candidates = found.filter(({ table, chain }) => this.comesTo(table, chain, point.hook))
    const only = candidates.length === 1 ? candidates[0]! : undefined
    return {
      point,
      family,
      tableFamily: only?.table.family ?? family,
      table: only?.table.name,
      chain: only?.chain.name,
      kind: 'log',
      reported: undefined,
      ruleNumber: only?.rule.ruleNumber,
      rule: only?.rule,
      inTable: only?.table,
      inChain: only?.chain,
      verdict: only && later?.verdictBehindLog(only.rule, point.nflog === true),
      ending: 'continue',
      target: undefined,
      hook: point.hook ?? (only && (only.chain.hook ?? this.onlyHook(only.table, only.chain.name))),
      hookNumber: 0,
      tableNumber: 0,
      chainNumber: 0,
      layer: 0,
      base: false,
      own: false,
      shows: false,
      mismatch: undefined,
      candidates: only ? [] : candidates,
      alike: [],
      last: [undefined, undefined],
    }
  }

  /** Where the hook of a record is known; a chain that nothing leads to, in this ruleset, says nothing. */
  private comesTo(table: Table, chain: Chain, hook: Hook | undefined): boolean {
    if (hook === undefined) return true
    if (chain.hook) return chain.hook === hook
    const hooks = this.hooks(table, chain.name)
    return hooks.size === 0 || hooks.has(hook)
  }

  private readonly onlyHook = (table: Table | undefined, chain: string): Hook | undefined => {
    const hooks = this.hooks(table, chain)
    return hooks.size === 1 ? [...hooks][0] : undefined
  }

  /** The hooks whose base chains lead to this chain. */
  hooks(table: Table | undefined, chain: string): ReadonlySet<Hook> {
    if (!table) return new Set()
    let reach = this.reach.get(table)
    if (!reach) {
      reach = hooksOfChains(table, this.world.sets)
      this.reach.set(table, reach)
    }
    return reach.get(chain) ?? new Set()
  }
}

/** Without the chain nothing is sure: a "policy" line may be an unconditional rule, a "return" line an explicit RETURN. */
function unresolved(resolved: Resolved, type: TracePoint['type']): Resolved {
  if (type !== 'rule') resolved.reported = type as 'return' | 'policy'
  return resolved
}

/** The line behind the last rule: a base chain's policy, or the end of a user chain. */
function chainEnd(resolved: Resolved, chain: Chain, type: 'return' | 'policy'): Resolved {
  resolved.kind = chain.hook ? 'policy' : 'return'
  if (resolved.kind !== type) resolved.reported = type
  resolved.ending = chain.hook ? (chain.policy ?? 'unknown') : 'return'
  resolved.verdict = chain.hook ? chain.policy : 'return'
  return resolved
}

function atRule(resolved: Resolved, rule: Rule, type: 'rule' | 'return' | 'policy'): Resolved {
  const verdict = verdictOf(rule)
  resolved.kind = 'rule'
  if (type !== 'rule') {
    resolved.reported = type
    // only an unconditional verdict is printed so
    const isBare = rule.conditions.every(isPerhapsNone)
    if (!isBare || !['accept', 'drop', 'return', 'queue', 'unknown'].includes(verdict.ending))
      resolved.mismatch = `the trace shows ${type} ${rule.ruleNumber} of ${resolved.chain}, but the ruleset has another rule there: ${rule.text}`
  }
  if (type === 'rule' && isBareVerdict(rule, verdict.ending))
    resolved.mismatch = `the trace shows rule ${rule.ruleNumber} of ${resolved.chain}, but the ruleset has another text there: ${rule.text}`
  resolved.rule = rule
  resolved.verdict = verdict.text
  resolved.ending = verdict.ending
  resolved.target = verdict.chain
  return resolved
}

/** Which of two tables comes first at a hook; for ordering events of one packet. */
export const priorityOf = (table: string | undefined, hook: Hook): number =>
  table === undefined ? 0 : iptablesPriority(table, hook)

/** As the ruleset says, else as iptables has it. */
export const priorityAt = ({ inChain, table }: Pick<Resolved, 'inChain' | 'table'>, hook: Hook): number =>
  inChain?.hook === hook && inChain.priority !== undefined ? inChain.priority : priorityOf(table, hook)

/** From a packet state's FAMILY. */
const familyOf = (column: number): Family =>
  column === 6 ? 'ip6' : column === 0 ? 'arp' : column === 7 ? 'bridge' : 'ip'
