/**
 * Where only LOG lines tell of a packet: what the rules behind the one that logged it last do with it, in that base
 * chain. A rule logs only what matches all conditions in front of its log statement, so the walk begins right behind it.
 */
import type { Hook } from '../model/hook.ts'
import { memo } from '../model/memo.ts'
import type { Packet } from '../model/packet.ts'
import type { Chain, Rule, Table } from '../model/ruleset.ts'
import type { EvalContext } from '../rules/eval-context.ts'
import { match } from '../rules/match.ts'
import { chainsOf, mappedVerdict } from '../rules/nft/map.ts'
import { isUnknown } from '../rules/truth.ts'
import { statementVerdict } from '../rules/verdict.ts'
import { type ChainPosition, type Walk, walk } from '../rules/walk.ts'
import { WalkBudget } from '../rules/walk-budget.ts'
import { staysAccepted } from './accepted-behind-log.ts'
import type { ChainReach } from './chain-reach.ts'
import { conditionsBefore, logIndex } from './log-rules.ts'
import type { BehindLog, Logged, Stop, Where } from './logged.ts'
import { mayLog, possibleLoggers } from './loggers.ts'
import type { Candidate, Resolved } from './resolved.ts'
import { statesLogged } from './states-behind-log.ts'

/** Rules evaluated for one line: logs are long. */
const STEPS = 20_000

/** Chains that jump to each other, upwards. */
const MOST_CALLERS = 64

const FROM_WHERE = 'it is unknown from which chain the packet came'

/**
 * Where LOG lines alone tell of the packet: adds the line of the rule or policy that stops what was logged last, where
 * that is known.
 */
export function addStop(
  resolved: Resolved[],
  packets: Packet[],
  hooks: (Hook | undefined)[],
  resolver: ChainReach,
): Logged | undefined {
  if (resolved.some(({ kind }) => kind !== 'log')) return undefined
  const last = resolved.length - 1
  const line = resolved[last]
  const logged = line && followLog(line, packets[last]!, hooks[last], resolver)
  if (line && logged?.stop) {
    resolved.push(stoppedAt(line, logged.stop))
    packets.push(packets[last]!)
    hooks.push(hooks[last])
  }
  return logged
}

/** Undefined: no rule of the ruleset has logged it. */
function followLog(line: Resolved, packet: Packet, hook: Hook | undefined, resolver: ChainReach): Logged | undefined {
  const { rule, inTable: table, inChain: chain, family } = line
  const loggers = rule && table && chain ? [{ table, chain, rule }] : possibleLoggers(line, packet, resolver)
  if (loggers.length === 0) return undefined
  const { world } = resolver
  const start: EvalContext = { packet, family, world, ...(hook === undefined ? {} : { hook }) }
  const ends = loggers.flatMap((one) => endsBehind(one, line, start, resolver))
  const distinct = ends.filter((one, i) => ends.findIndex((other) => isSameEnd(one, other)) === i)
  const [only, other] = distinct
  const isStopped = only?.ending === 'drop' || only?.ending === 'reject'
  const isAccepted = () => only?.ending === 'accept' && staysAccepted(only.table, hook, packet, world)
  const stop = !other && only && (isStopped || isAccepted()) ? { stop: only as Stop } : {}
  return { loggers, ends: distinct, ...stop }
}

const isSameEnd = (a: BehindLog, b: BehindLog): boolean =>
  a.chain === b.chain && a.rule === b.rule && a.ending === b.ending

/** Where the state of its connection is not shown, and each that it can have leads to one end, that is the end. */
function endsBehind(logger: Candidate, line: Resolved, start: EvalContext, resolver: ChainReach): BehindLog[] {
  const ends = new Behind(logger, line, start, resolver).ends()
  if (start.packet.ctState !== undefined || !ends.some(({ ending }) => ending === 'unknown')) return ends
  const states = statesLogged(logger, start, line.point.nflog === true, new WalkBudget(STEPS))
  const byState = states.flatMap((ctState) =>
    new Behind(logger, line, { ...start, packet: { ...start.packet, ctState } }, resolver).ends(),
  )
  const [first] = byState
  return first && first.ending !== 'unknown' && byState.every((one) => isSameEnd(one, first)) ? [first] : ends
}

/** The line of the rule or policy that stops it, as a trace would have shown it. */
function stoppedAt(line: Resolved, { table, chain, rule, ending }: Stop): Resolved {
  return {
    ...line,
    tableFamily: table.family,
    table: table.name,
    chain: chain.name,
    kind: rule ? 'rule' : 'policy',
    ruleNumber: rule?.ruleNumber ?? (table.kind === 'iptables' ? chain.rules.length + 1 : undefined),
    rule,
    inTable: table,
    inChain: chain,
    verdict: ending,
    ending,
    base: chain.hook !== undefined,
    isInferred: true,
    candidates: [],
  }
}

class Behind {
  private readonly logger: Candidate
  private readonly line: Resolved
  private readonly start: EvalContext
  private readonly resolver: ChainReach
  private readonly budget = new WalkBudget(STEPS)
  private asked = 0

  constructor(logger: Candidate, line: Resolved, start: EvalContext, resolver: ChainReach) {
    this.logger = logger
    this.line = line
    this.start = start
    this.resolver = resolver
  }

  ends(): BehindLog[] {
    const { line, start } = this
    const { table, chain, rule } = this.logger
    if (!mayLog(rule, start.packet, start.hook, line, this.resolver))
      return [{ ending: 'unknown', table, chain, rule, because: 'this rule does not match the packet' }]
    const rest = line.point.nflog ? restOfNflog(rule) : restOfLog(rule)
    const at = rest ? { chain: rest.in(chain), index: 0 } : { chain, index: rule.ruleNumber }
    const ends = this.from(at, start.packet, rest)
    return ends.length > 0 ? ends : [{ ending: 'unknown', table, chain, because: FROM_WHERE }]
  }

  /** `rest`: the logging rule behind its log statement, where the walk begins with that. */
  private from(at: ChainPosition, packet: Packet, rest?: Rest): BehindLog[] {
    const { table } = this.logger
    const chain = rest ? this.logger.chain : at.chain
    const found = walk(table, [at], { ...this.start, packet }, this.budget)
    const { ending, because, last } = found
    if (ending === 'policy') return this.behind(chain, found.packet)
    const where: Where = { table, chain: last && last.chain !== at.chain ? last.chain : chain }
    if (last) where.rule = last.rule === rest?.rule ? this.logger.rule : last.rule
    if (ending === 'unknown') return [{ ending, ...where, because: because?.unknown ?? '' }]
    const isLogger = where.rule === this.logger.rule && isAtOnce(found, rest)
    return [{ ending, ...where, basis: isLogger ? 'observed' : 'inferred' }]
  }

  /** The chain has ended: its policy decides, or the packet goes on where it came from. Empty: nothing leads there. */
  private behind(chain: Chain, packet: Packet): BehindLog[] {
    const { table } = this.logger
    if (chain.hook !== undefined) {
      if (chain.policy !== undefined) return [{ ending: chain.policy, table, chain, basis: 'inferred' }]
      return [{ ending: 'unknown', table, chain, because: 'the policy of the chain is not known' }]
    }
    const callers = this.callersOf(chain, packet)
    this.asked += callers.length
    if (this.asked > MOST_CALLERS) return [{ ending: 'unknown', table, chain, because: FROM_WHERE }]
    return callers.flatMap(({ chain: from, rule, by }) =>
      by === 'goto' ? this.behind(from, packet) : this.from({ chain: from, index: rule.ruleNumber }, packet),
    )
  }

  private callersOf(to: Chain, packet: Packet): { chain: Chain; rule: Rule; by: 'jump' | 'goto' }[] {
    const { table } = this.logger
    const { hook } = this.start
    const isHere = (chain: Chain) =>
      hook === undefined || (chain.hook ?? hook) === hook || this.resolver.hooks(table, chain.name).has(hook)
    return leadingTo(table, to.name, this.resolver).flatMap(({ chain, rule }) => {
      if (!isHere(chain) || (chain.hook !== undefined && hook !== undefined && chain.hook !== hook)) return []
      const { truth, moment } = match(rule, { ...this.start, packet })
      const by = truth === false ? undefined : ledBy(rule, to.name, moment)
      return by ? [{ chain, rule, by }] : []
    })
  }
}

/** How the rule leads such a packet to that chain; undefined where its map leads it elsewhere. */
function ledBy({ statements }: Rule, to: string, moment: EvalContext): 'jump' | 'goto' | undefined {
  for (const one of statements) {
    const given = one.kind === 'vmap' ? mappedVerdict(one.map, moment) : one
    // which element it is nobody can tell: it may be this one
    if (isUnknown(given)) return 'jump'
    const verdict = given && statementVerdict(given)
    if (!verdict) continue
    return verdict.chain === to && (verdict.ending === 'jump' || verdict.ending === 'goto') ? verdict.ending : undefined
  }
  return undefined
}

function leadingTo(table: Table, to: string, { world }: ChainReach): readonly { chain: Chain; rule: Rule }[] {
  const known = leading(table)
  let found = known.get(to)
  if (!found) {
    found = [...table.chains.values()].flatMap((chain) =>
      chain.rules.filter((rule) => chainsOf(rule.statements, world.sets).includes(to)).map((rule) => ({ chain, rule })),
    )
    known.set(to, found)
  }
  return found
}

const leading = memo((_: Table) => new Map<string, readonly { chain: Chain; rule: Rule }[]>())

interface Rest {
  /** Without what stands in front of its log statement, and that. */
  rule: Rule
  /** The chain from there on. */
  in(chain: Chain): Chain
}

const restOfLog = memo((rule: Rule) => restOf(rule, false))
const restOfNflog = memo((rule: Rule) => restOf(rule, true))

/** Undefined where nothing stands behind the log statement. */
function restOf(whole: Rule, nflog: boolean): Rest | undefined {
  const at = logIndex(whole, nflog)
  const { conditions, statements, order } = whole
  if (at < 0 || at + 1 >= statements.length) return undefined
  const asked = conditionsBefore(whole, at)
  const rule: Rule = { ...whole, conditions: conditions.slice(asked), statements: statements.slice(at + 1) }
  if (order) rule.order = order.slice(at + 1).map((index) => index - asked)
  return {
    rule,
    in: memo((chain: Chain): Chain => ({ ...chain, rules: [rule, ...chain.rules.slice(whole.ruleNumber)] })),
  }
}

/** The log statement and the verdict, and no condition between. */
const isAtOnce = ({ matched }: Walk, rest: Rest | undefined): boolean =>
  matched.length <= 1 && rest !== undefined && rest.rule.conditions.length === 0
