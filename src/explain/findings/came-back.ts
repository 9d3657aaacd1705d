import { wayTo } from '../../journey/step-context.ts'
import type { Condition } from '../../model/condition.ts'
import type { RuleRef } from '../../model/journey.ts'
import type { Chain, Rule } from '../../model/ruleset.ts'
import { verdictOf } from '../../rules/verdict.ts'
import { describeConditions } from '../cause.ts'
import { changesOf, propose } from '../changes/change.ts'
import type { Proposal } from '../changes/proposal.ts'
import type { Chosen } from '../changes/rule-changes.ts'
import { type Context, type Detected, type Detector, describeEnd, finding } from '../context.ts'
import { asks, isParticular, onlyFailed } from '../counterfactual/failed-condition.ts'
import { type Goal, goals } from '../counterfactual/goals.ts'
import { nearMisses } from '../counterfactual/near-misses.ts'
import { DESTINATION } from '../counterfactual/rewritten.ts'
import { saidPlace } from '../counterfactual/said-place.ts'
import {
  chainLedTo,
  chainRuns,
  refOfSkipped,
  skippedRules,
  type TableTraversal,
} from '../counterfactual/skipped-rules.ts'
import { endOf, nameRef, placeAt, refAt } from '../refs.ts'

/** A rule chose it for what it is and sent it to a chain, from where it came back as it was. */
export const cameBack: Detector = {
  code: 'came-back',
  detect: (context) =>
    goals(context)
      .filter(({ kind }) => kind !== 'source')
      .flatMap((goal) => tell(context, goal))
      .slice(0, 1),
}

function tell(context: Context, goal: Goal): Detected[] {
  const { pass, kind, sure } = goal
  const { arrivals } = context.evidence
  const isFilter = kind === 'pass'
  // of nat's rules many ask for a kind of address alone; one for a port may lead to what only looks at it
  const chooses = (i: number, { conditions }: Rule) =>
    conditions.filter(isParticular).flatMap(fieldsAsked).length > (isFilter ? 0 : 1) ||
    (kind === 'destination' && sure && conditions.some(asksPort) && rewritesThere(context, pass, i))
  // as kube-proxy leads to an endpoint, whose chain has lost its rule
  const leadsToPlace = (i: number, { comment }: Rule) =>
    kind === 'destination' &&
    sure &&
    saidPlace(chainLedTo(context, i) ?? '', comment) !== undefined &&
    !rewritesThere(context, pass, i)
  // as OpenWrt leads to what a zone accepts
  const leadsToAccept = (i: number) => isFilter && /(^|[_-])accept([_-]|$)/i.test(chainLedTo(context, i) ?? '')
  const lastOf = (isOne: (i: number, rule: Rule) => boolean) =>
    pass.steps.findLast((i) => {
      const { ending, rule } = arrivals[i]!
      return (ending === 'jump' || ending === 'goto') && rule !== undefined && isOne(i, rule)
    })
  // the last one chose it best
  const jump = lastOf(chooses) ?? lastOf(leadsToPlace) ?? lastOf(leadsToAccept)
  const ref = jump === undefined ? undefined : refAt(context, jump)
  if (jump === undefined || !ref) return []
  const ends = pass.steps.filter((i) => i > jump && isEnd(context, i) && leadsFrom(context, i, jump))
  const shown = ends.flatMap((i) => refAt(context, i) ?? [])
  // nft's trace does not show them
  const refs = shown.length > 0 ? shown : endsBehind(context, pass, jump)
  const [deepest] = refs
  if (!deepest) return []
  // a rule there that all but took it says more
  if (isFilter && nearMisses(context, goal).some(({ chain }) => refs.some((ref) => ref.chain === chain.name))) return []
  const missed = [...skippedRules(context, pass)]
    .filter(
      ({ chain, rule }) =>
        chain.name === deepest.chain && kind !== 'pass' && DESTINATION.includes(verdictOf(rule).text),
    )
    .flatMap((passed) => {
      const miss = onlyFailed(passed.rule, passed.moment)
      return miss ? [{ ref: refOfSkipped(context, passed), asks: asks(miss) }] : []
    })[0]
  const why = describeConditions(arrivals[jump]!.rule!.conditions)
  const there = missed
    ? `. There, ${nameRef(missed.ref)} would have rewritten its destination, but only matches ${missed.asks}`
    : `, but no rule there ${isFilter ? 'accepted it' : 'rewrote its destination'}`
  const message = `${nameRef(ref)} sent it to ${deepest.chain}${why === '' ? '' : ` (${why})`}${there}.`
  return [
    finding('came-back', isFilter ? 'note' : 'warning', message, {
      steps: [jump + 1, ...ends.map((i) => i + 1)],
      rules: [...(missed ? [missed.ref] : []), ...refs, ref],
      fix: isFilter ? [] : [...sendOn(context, pass, deepest), ...sendAlike(context, pass, deepest)],
      doubt: isFilter ? 0.6 : 0.3,
    }),
  ]
}

/** To where the chain's name or the comment of the rule that leads to it says. */
function sendOn(context: Context, { steps, table }: TableTraversal, end: RuleRef): Proposal[] {
  const ref = placeAt(table, end)
  const leads = steps.find((i) => chainLedTo(context, i) === ref.chain)
  const said = saidPlace(ref.chain, leads === undefined ? '' : context.evidence.arrivals[leads]!.rule?.comment)
  const { protocol } = context.journey.packet
  if (!said || protocol === undefined) return []
  const chosen: Chosen = { kind: 'protocol', protocol }
  return propose(
    `send it on to ${describeEnd(said.address, said.port)}, ${said.byName ? 'as the name of the chain' : 'as the comment'} says`,
    changesOf(ref).add(ref, { chain: ref.chain }, chosen, { kind: 'dnat', to: said }),
  )
}

/** To the host that all of the chain's rules send their services to, each by its own port. */
function sendAlike(context: Context, { table }: TableTraversal, end: RuleRef): Proposal[] {
  const { rules = [] } = table.chains.get(end.chain) ?? {}
  const sent = rules.filter((rule) => DESTINATION.includes(verdictOf(rule).text)).map(placeKept)
  const [address, ...others] = new Set(sent)
  const { packet } = context.journey
  if (address === undefined || others.length > 0 || packet.dport === undefined) return []
  const ref = placeAt(table, end)
  const to = { address, port: packet.dport }
  return propose(
    `send it to ${describeEnd(to.address, to.port)}: all other DNAT rules of ${end.chain} rewrite to this address and keep the port`,
    changesOf(ref).add(ref, { chain: ref.chain }, { kind: 'destination', packet }, { kind: 'dnat', to }),
    'first check that this host serves that port',
  )
}

/** The address that the rule sends one port to, which stays the same; undefined: it does something else. */
function placeKept({ conditions, statements }: Rule): string | undefined {
  const to = statements.find((one) => one.kind === 'dnat')
  if (to?.kind !== 'dnat' || to.map || !to.addresses || to.addresses[0] !== to.addresses[1]) return undefined
  const asked = conditions.find(asksPort)
  const [port, last] = to.ports ?? []
  const isKept = asked?.kind === 'compare' && (to.ports === undefined || (port === last && asked.value === port))
  return isKept ? to.addresses[0] : undefined
}

const asksPort = (condition: Condition): boolean =>
  condition.kind === 'compare' && condition.op === '==' && / dport$/.test(condition.field)

/** Does step `i` jump to where other packets are sent elsewhere? */
function rewritesThere(context: Context, { table }: TableTraversal, i: number): boolean {
  const chain = table.chains.get(chainLedTo(context, i) ?? '')
  return chain?.rules.some((rule) => DESTINATION.includes(verdictOf(rule).text)) ?? false
}

const fieldsAsked = (condition: Condition): string[] =>
  // every packet has a version of IP: a chain for one of them is for all of its packets
  condition.kind === 'lookup' ? condition.fields.filter((field) => !/^meta (protocol|nfproto)$/.test(field)) : ['']

/** Of the chains that step `jump` led to, over any number of jumps, and that were left at their ends. */
const endsBehind = (context: Context, pass: TableTraversal, jump: number): RuleRef[] =>
  chainRuns(context, pass)
    .filter(({ from, chain }) => (from === jump || leadsFrom(context, from, jump)) && hasMoreToDo(chain))
    .map(({ chain }) => endOf(pass.table, chain))

/** The end of a chain that has more to do than to mark or to count. */
function isEnd({ evidence, journey }: Context, i: number): boolean {
  const { chain } = evidence.arrivals[i]!
  if (journey.steps[i]!.kind !== 'return' || !chain) return false
  return hasMoreToDo(chain)
}

const hasMoreToDo = ({ rules }: Chain): boolean =>
  rules.length === 0 || rules.some((rule) => verdictOf(rule).ending !== 'continue')

/** Was the chain of step `i` entered by step `jump`, over any number of jumps? */
function leadsFrom({ evidence: { arrivals } }: Context, i: number, jump: number): boolean {
  return [...wayTo(arrivals, arrivals[i]!.caller)].includes(jump)
}
