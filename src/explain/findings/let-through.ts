import type { RuleRef } from '../../model/journey.ts'
import type { Chain, Table } from '../../model/ruleset.ts'
import { evaluateAll } from '../../rules/evaluate.ts'
import { chainsOf } from '../../rules/nft/map.ts'
import { verdictOf } from '../../rules/verdict.ts'
import { describeConditions } from '../cause.ts'
import { changesOf, propose, spotOf } from '../changes/change.ts'
import type { Changing, Proposal } from '../changes/proposal.ts'
import type { Chosen } from '../changes/rule-changes.ts'
import { type Context, type Detected, type Detector, finding, momentAt } from '../context.ts'
import { namesOf } from '../counterfactual/bans.ts'
import { chainLedTo, isNat, passes, type TableTraversal } from '../counterfactual/skipped-rules.ts'
import { type Unapplied, unappliedBans } from '../counterfactual/unapplied.ts'
import { isNft, nameRef, ownerOfRef, refAt, refOf } from '../refs.ts'

/** The packet got through, and a rule that names it would have stopped it. */
export const letThrough: Detector = {
  code: 'let-through',
  detect: (context) =>
    unappliedBans(context)
      .slice(0, 2)
      .map((one) => tell(context, one)),
}

/** What accepted the packet where others are stopped. */
interface Accepted {
  ref: RuleRef
  step: number
  pass: TableTraversal
}

function tell(context: Context, one: Unapplied): Detected {
  const { table, chain, rule, reason } = one
  const ban = refOf(context, table.name, chain, rule)
  const first = reason.kind === 'behind' ? refOf(context, table.name, reason.first.chain, reason.first.rule) : undefined
  const accepted = first ? undefined : acceptedBy(context)
  const by = first ?? accepted?.ref
  const does = verdictOf(rule).ending === 'reject' ? 'rejects' : 'drops'
  const why = describeConditions(rule.conditions)
  const opening = accepted ? `${nameRef(accepted.ref)} accepted it. ` : ''
  const message = `${opening}${nameRef(ban)} ${does} such packets${why === '' ? '' : ` (${why})`}, but ${because(context, one, by)}.`
  const step = reason.kind === 'behind' ? reason.step : accepted?.step
  return finding('let-through', 'note', message, {
    steps: step === undefined ? [] : [step + 1],
    rules: by ? [ban, by] : [ban],
    fix: isExcepted(reason)
      ? []
      : first
        ? before(context, ban, first)
        : accepted
          ? there(context, one, ban, accepted)
          : [],
  })
}

/** Somebody meant it to pass: no command is proposed that ends that. */
const isExcepted = (reason: Unapplied['reason']): boolean => reason.kind === 'behind' && reason.isException === true

function because(context: Context, { chain, table, reason }: Unapplied, by: RuleRef | undefined): string {
  switch (reason.kind) {
    case 'behind': {
      const { rule } = reason.first
      const why = describeConditions(rule.conditions)
      const did = verdictOf(rule).ending === 'return' ? `returns them from ${reason.first.chain.name}` : 'accepts them'
      return `${nameRef(by!)}${why === '' ? '' : ` (${why})`} ${did} first`
    }
    case 'other-hook': {
      const what = reason.rewritten ? 'got another destination by NAT and was' : 'was'
      return `is in ${reason.base.name}: the packet ${what} ${context.journey.outcome}, and does not traverse that chain`
    }
    case 'rewritten':
      return `NAT has rewritten the ${reason.what} by then`
    case 'dormant':
      return `table ${table.name} is dormant`
    case 'not-led':
      return `nothing jumps to ${chain.name}`
    case 'other-packets':
      return `${nameRef(refOf(context, table.name, reason.lead.chain, reason.lead.rule))} jumps to ${chain.name} only for ${reason.asks}`
    case 'other-device':
      return reason.devices.length > 0
        ? `the packet did not come in on ${reason.devices.join(', ')}, to which the chain of the rule is attached`
        : 'family bridge only sees frames that this host bridges'
  }
}

const STOPPING: readonly unknown[] = ['input', 'forward', 'output']

function acceptedBy(context: Context): Accepted | undefined {
  const all = passes(context).filter(
    (pass) => !isNat(pass) && (pass.table.kind === 'nft' ? pass.base.type !== 'route' : pass.table.name === 'filter'),
  )
  const pass = all.findLast(({ hook }) => STOPPING.includes(hook)) ?? all.at(-1)
  const step = pass?.steps.at(-1)
  const ref = step === undefined ? undefined : refAt(context, step)
  return pass && step !== undefined && ref ? { ref, step, pass } : undefined
}

/** The ban itself, in front of what accepts the packet. */
function before(context: Context, ban: RuleRef, first: RuleRef): Proposal[] {
  const name = isNft(ban) ? nameRef(ban) : `rule ${ban.ruleNumber} of ${ban.chain}`
  const spot = spotOf(first)
  const change = spot && changesOf(ban).copy(ban, spot)
  return stopping(context, `add a copy of ${name} before ${nameRef(first)}`, change, first)
}

/** Where the packet is accepted, with the addresses that it has there. */
function there(
  context: Context,
  { table, chain, rule, against }: Unapplied,
  ban: RuleRef,
  accepted: Accepted,
): Proposal[] {
  const { ref, step, pass } = accepted
  const forUsers = pass.steps.some((i) => chainLedTo(context, i) === OF_USERS) && pass.table.chains.get(OF_USERS)
  const first = (forUsers && frontOf(context, pass, forUsers)) || ref
  const spot = spotOf(first)
  const now = momentAt(context, step)
  // a copy elsewhere lacks the conditions of the jumps that lead to the chain, and would stop more
  const isChosen = isLedByConditions(table, chain)
  if (pass.table === table && !isChosen && evaluateAll(rule.conditions, now) === true)
    return before(context, ban, first)
  const { src, dst, ...rest } = now.packet
  if (!spot || src === undefined || dst === undefined) return []
  if (isChosen && pass.table === table) {
    const such = changesOf(first).add(first, spot, { kind: 'such', packet: now.packet, hints: {} }, { kind: 'drop' })
    return stopping(context, `add a drop rule for this source and service, before ${nameRef(first)}`, such, first)
  }
  const chosen: Chosen = against
    ? { kind: 'source', packet: { src, dst }, to: false }
    : { kind: 'destination', packet: namesOf(rule).has('dport') ? { ...rest, dst } : { dst } }
  const what = against ? 'packets from its source' : 'packets to its destination'
  const change = changesOf(first).add(first, spot, chosen, { kind: 'drop' })
  const affects = against ? 'drops all packets from this source there' : 'drops them from every source'
  return stopping(context, `add a drop rule for ${what}, before ${nameRef(first)}`, change, first, affects)
}

const isLedByConditions = ({ chains }: Table, { name, hook }: Chain): boolean =>
  hook === undefined &&
  [...chains.values()].some(({ rules }) =>
    rules.some(({ statements, conditions }) => conditions.length > 0 && chainsOf(statements).includes(name)),
  )

function frontOf(context: Context, { table }: TableTraversal, chain: Chain): RuleRef | undefined {
  const [first] = chain.rules
  return first && refOf(context, table.name, chain, first)
}

/** Docker's chain for rules of its users, in front of its own. */
const OF_USERS = 'DOCKER-USER'

function stopping(
  context: Context,
  how: string,
  change: Changing | undefined,
  beside: RuleRef,
  affects?: string,
): Proposal[] {
  const owner = ownerOfRef(context, beside)
  const by = owner ? { beside: { owner, chain: beside.chain } } : {}
  return propose(`to drop it, ${how}`, change, affects).map((fix) => ({ ...fix, ...by, stops: true }))
}
