/** Findings that say why nothing can be said: no ruleset, or not the one in force. */
import { backendOf } from '../../journey/backends.ts'
import type { Condition } from '../../model/condition.ts'
import { memo } from '../../model/memo.ts'
import { isStoppedByRule } from '../../model/outcome-kinds.ts'
import { isOwnTable } from '../../model/own-table.ts'
import type { Table } from '../../model/ruleset.ts'
import { emptyWorld } from '../../model/world.ts'
import { evaluateAll } from '../../rules/evaluate.ts'
import { verdictOf } from '../../rules/verdict.ts'
import { type Context, type Detector, finding } from '../context.ts'
import { passAt, refOfSkipped, type SkippedRule, skippedRules } from '../counterfactual/skipped-rules.ts'
import { nameRef } from '../refs.ts'

/** The kernel has two packet filters, and a trace of one never passes rules of the other. Undefined: there are rules that it may pass. */
function rulesOfOther({
  world,
  journey,
  evidence,
}: Pick<Context, 'world' | 'journey' | 'evidence'>): string | undefined {
  const legacy = evidence.lossless === undefined
  // nft logs as iptables does
  if (legacy && journey.steps.every(({ kind }) => kind === 'log')) return undefined
  const isOther = (table: Table) => (legacy ? backendOf(table) === 'nf_tables' : table.backend === 'legacy')
  const tables = world.tables.filter(({ name }) => !isOwnTable(name))
  if (tables.length === 0 || !tables.every(isOther)) return undefined
  // iptables' own text may have been saved under the other's name
  if (evidence.arrivals.some(({ table }) => table) && !evidence.arrivals.some(({ mismatch }) => mismatch))
    return undefined
  const save = journey.family === 'ip6' ? 'ip6tables-legacy-save' : 'iptables-legacy-save'
  return legacy
    ? `The rules are from nf_tables, but the trace is from iptables-legacy: these rules do not apply to this trace. Add the output of ${save} -c.`
    : 'The rules are from iptables-legacy, but the trace is from nf_tables: these rules do not apply to this trace. Add the output of nft -a list ruleset.'
}

export const noRuleset: Detector = {
  code: 'no-ruleset',
  detect({ world, journey, evidence }) {
    const listed = world.tables.filter(({ name }) => !isOwnTable(name))
    const other = rulesOfOther({ world, journey, evidence })
    if (other) return [finding('no-ruleset', 'warning', other)]
    if (world.hasNoRules || listed.some(({ family }) => family === journey.family || family === 'inet')) return []
    const { withoutRules = [] } = world.host
    // nft lists all families at once: of one that it does not list there are no rules
    const isNftGiven = listed.some(({ kind }) => kind === 'nft') || withoutRules.includes('nf_tables')
    // a simulated packet that no rule matched is no trace of one backend
    const isOfNft = evidence.lossless !== undefined || journey.steps.length === 0
    if (isOfNft ? isNftGiven : withoutRules.some((one) => one === journey.family)) return []
    if (evidence.lossless !== undefined)
      return [
        finding(
          'no-ruleset',
          'note',
          'Without the ruleset a trace does not say which rules did not match, nor which chains exist: add the output of nft -a list ruleset.',
        ),
      ]
    if (journey.family === 'arp' || journey.family === 'bridge') return []
    const tool = journey.family === 'ip6' ? 'ip6tables-save' : 'iptables-save'
    return [
      finding(
        'no-ruleset',
        'warning',
        // what is simulated without rules meets none
        journey.steps.length === 0
          ? `No rules are among the inputs, so only routing is known: add the output of ${tool}.`
          : `Without the ruleset a trace does not say what its rules do: add the output of ${tool}.`,
      ),
    ]
  },
}

export const rulesetMismatch: Detector = {
  code: 'ruleset-mismatch',
  detect({ world, journey, evidence }) {
    const steps = evidence.arrivals.flatMap((arrival, i) => (arrival.mismatch ? [i + 1] : []))
    if (steps.length === 0 || rulesOfOther({ world, journey, evidence })) return []
    const first = evidence.arrivals[steps[0]! - 1]!.mismatch
    return [
      finding('ruleset-mismatch', 'warning', `Ruleset and trace disagree: ${first}.`, {
        steps,
        fix: [
          {
            description: takeItAgain(evidence.lossless !== undefined),
            unverified: 'this is about the input, not the rules',
          },
        ],
      }),
    ]
  },
}

const takeItAgain = (nft: boolean): string =>
  nft
    ? 'save the ruleset while tracing, with the tracing rule still in place: nft -a list ruleset'
    : 'save the ruleset while tracing, with the TRACE rule still in place: iptables-save -c'

/** By the ruleset a rule would have decided about a packet that the trace shows going past it: the rule, or its set, is another one now. */
export const passedOver: Detector = {
  code: 'ruleset-mismatch',
  detect(context) {
    const told = rulePassedOver(context)
    if (!told) return []
    const { passed, set } = told
    const ref = refOfSkipped(context, passed)
    const matches = set === undefined ? 'matches the packet' : `matches the packet (it looks up set ${set})`
    const what = `according to the ruleset, ${nameRef(ref)} ${matches}, but the trace continues after this rule`
    return [
      finding('ruleset-mismatch', 'warning', `Ruleset and trace disagree: ${what}.`, {
        steps: [passed.step + 1],
        rules: [ref],
        fix: [{ description: takeItAgain(true), unverified: 'this is about the input, not the rules' }],
      }),
    ]
  },
}

interface PassedOver {
  passed: SkippedRule
  /** What it looks up, which may have held other elements. */
  set?: string
}

export const rulePassedOver = memo((context: Context): PassedOver | undefined => {
  const { evidence, journey, ended } = context
  if (!evidence.lossless || !isStoppedByRule(journey.outcome)) return undefined
  const pass = passAt(context, ended.step)
  for (const passed of pass ? skippedRules(context, pass) : []) {
    const { rule, moment } = passed
    const { ending } = verdictOf(rule)
    if (ending === 'continue' || evaluateAll(rule.conditions, moment) !== true) continue
    const lookup = rule.conditions.find((one) => one.kind === 'lookup' && one.nft?.table !== undefined)
    const others = rule.conditions.filter((one) => one !== lookup)
    // addresses, sockets and connections were listed at another time, too
    if (evaluateAll(others, { ...moment, world: emptyWorld() }) !== true) continue
    if (lookup?.kind === 'lookup') return { passed, set: lookup.set }
    // a rule that a jump leads past may stand in front of the one that began the trace
    const isFinal = ending === 'accept' || ending === 'drop'
    const isAsItCame = pass?.steps.every((step) => journey.steps[step]!.changes.length === 0)
    if (isFinal && isAsItCame && others.every(isOfHeaders)) return { passed }
  }
  return undefined
})

/** What the trace shows of the packet itself, and no rule before it wrote. */
function isOfHeaders(condition: Condition): boolean {
  switch (condition.kind) {
    case 'compare':
      return isHeader(condition.field)
    case 'lookup':
      return condition.fields.every(isHeader)
    case 'not':
      return isOfHeaders(condition.of)
    case 'all':
    case 'any':
      return condition.of.every(isOfHeaders)
    default:
      return false
  }
}

const isHeader = (field: string): boolean =>
  /^(?:ip6?|tcp|udp|th|icmp|icmpv6) |^meta (?:[io]ifname|nfproto|l4proto)$/.test(field)
