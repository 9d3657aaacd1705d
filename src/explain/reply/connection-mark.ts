/** A mark that the request left with its connection, by which routing would lead the reply back where the request came in. */
import { basesOf } from '../../journey/base-chains.ts'
import type { Hook } from '../../model/hook.ts'
import type { RoutingRule } from '../../model/host.ts'
import type { Fix, Journey, RuleRef } from '../../model/journey.ts'
import type { Packet } from '../../model/packet.ts'
import type { Rule, Table } from '../../model/ruleset.ts'
import type { World } from '../../model/world.ts'
import { afterAll } from '../../rules/assign.ts'
import { entryOpened } from '../../rules/conntrack/entries.ts'
import { hex } from '../../rules/iptables/values/numbers.ts'
import { asksForMark, leadsOutOf, lookupRoute, questionOf, wayBackOf } from '../../rules/route.ts'
import { acceptBefore, changesOf, propose } from '../changes/change.ts'
import { type Proposal, SKIPS_LATER } from '../changes/proposal.ts'
import { ALL_BITS } from '../counterfactual/marked-way.ts'
import { markGiven } from '../counterfactual/marks.ts'
import { spotWords } from '../findings/verdicts.ts'
import { nameRef, refIn, refOfStep, ruleOfStep } from '../refs.ts'
import { RESTORES_MARK } from './mark-restored.ts'

interface Given {
  mark: number
  table: Table
  chain: string
  rule: Rule
  step: Journey['steps'][number]
}

/** What gives the connection's mark to replies that are forwarded, in front of their routing. Where there is such a mark. */
export function restoreMark(journey: Journey, world: World, dst: string, came: string): Fix[] {
  const { packet, steps, outcome } = journey
  const given = outcome === 'forwarded' ? marksOfConnection(journey, world)?.at(-1) : undefined
  const server = steps.at(-1)?.dst ?? packet.dst
  if (!given || given.mark === 0 || server === undefined) return []
  const { mark, table } = given
  const leads = (rule: RoutingRule) =>
    !rule.not &&
    asksForMark(rule, mark) &&
    leadsOutOf(lookupRoute(wayBackOf(packet, dst, rule.mark!), world.host), came)
  const routed = world.host.routingRules?.find(leads)
  const base = basesOf(table).find(({ hook, type }) => hook === 'prerouting' && type !== 'nat')
  if (!routed || !base) return []
  const ref = refIn(table, given.chain, given.rule)
  const [first] = base.rules
  const change = changesOf(ref).add(
    { ...ref, chain: base.name },
    { chain: base.name, ...(first ? { before: first } : {}) },
    { kind: 'source', packet: { src: server, ...(packet.src === undefined ? {} : { dst: packet.src }) }, to: false },
    { kind: 'restore-mark', mask: (routed.markMask ?? ALL_BITS) >>> 0 },
  )
  const why = `${nameRef(ref)} gave the connection mark ${hex(mark)}, and routing rule ${routed.priority} leads that mark out of ${came}`
  return propose(`give replies of ${server} the mark of their connection`, change, why)
}

export interface LedByMark {
  /** Sentences, with the blank before them. */
  words: string
  rules: RuleRef[]
  fix: Proposal[]
}

/** The reply was given its connection's mark before it was routed, or routed again, and a routing rule for that mark leads it out of `left`, not of `came`. */
export function ledByMark(
  request: Pick<Journey, 'packet' | 'steps'>,
  reply: Pick<Journey, 'packet' | 'steps' | 'family'>,
  world: World,
  { came, left }: { came: string; left: string },
): LedByMark | undefined {
  const { host } = world
  const { ref: restored, hook, markOf } = restoringOf(reply, world) ?? {}
  const mark = markOf?.(entryOpened(request.packet, world)?.mark)
  const { src, dst } = reply.packet
  const question = questionOf(reply.packet)
  if (!mark || src === undefined || dst === undefined || !restored || !question) return undefined
  const leadsTo = (device: string, by: number) => leadsOutOf(lookupRoute({ ...question, mark: by }, host), device)
  const rule = host.routingRules?.find((one) => !one.not && asksForMark(one, mark))
  // without the mark, another way would have to be the right one
  if (!rule || !leadsTo(left, mark) || !leadsTo(came, 0)) return undefined
  const at = request.steps.findLastIndex(isSaving)
  const saved = at < 0 ? undefined : refOfStep(request.steps[at]!)
  const marking = saved && markingOf(request.steps.slice(0, at + 1), mark, world)
  const from = marking ? `: ${nameRef(marking)} had given it` : ''
  const by = saved ? `, which ${nameRef(saved)} had saved from the request${from}` : ''
  return {
    words: ` ${nameRef(restored)} gave the reply the mark of its connection, ${hex(mark)}${by}. Routing rule ${rule.priority} leads that mark out of ${left}.`,
    rules: [marking, saved, restored].filter((one) => one !== undefined),
    fix: propose(
      `do not restore the mark on replies from ${src} to ${dst}`,
      acceptBefore(restored, reply.packet, { hook }),
      SKIPS_LATER,
      `only the reply's route was checked: it would then leave by ${came}`,
    ),
  }
}

/**
 * A rule gave the request's connection a mark that a routing rule leads back out of `came`, and a later rule wrote another
 * one over it: that one was restored, and led the reply out of `left`.
 */
export function markWrittenOver(
  request: Journey,
  reply: Pick<Journey, 'packet' | 'steps' | 'family'>,
  world: World,
  { came, left }: { came: string; left: string },
): LedByMark | undefined {
  const { host } = world
  const restoring = restoringOf(reply, world)
  const question = questionOf(reply.packet)
  const given = restoring && question ? (marksOfConnection(request, world) ?? []) : []
  const over = given.at(-1)
  const [first] = given.slice(-2)
  if (!restoring || !question || !over || !first || first === over) return undefined
  const [kept, restored] = [restoring.markOf(first.mark), restoring.markOf(over.mark)]
  if (!kept || restored === undefined || restored === kept) return undefined
  const family = request.family === 'ip6' ? 'ip6' : 'ip'
  const rule = host.routingRules?.find((one) => one.family === family && !one.not && asksForMark(one, kept))
  if (host.routingRules && !rule) return undefined
  const wayOf = (mark: number) => (host.routingRules ? lookupRoute({ ...question, mark }, host) : undefined)
  const [meant, taken] = [wayOf(kept), wayOf(restored)]
  if ((meant && !leadsOutOf(meant, came)) || (taken && !leadsOutOf(taken, left))) return undefined
  const leads =
    rule && meant
      ? `Routing rule ${rule.priority} leads mark ${hex(kept)} out of ${came}.`
      : `Whether a routing rule leads mark ${hex(kept)} out of ${came} is unknown.`
  const [gave, wrote] = [refOfStep(first.step), refOfStep(over.step)]
  if (!gave || !wrote) return undefined
  return {
    words: ` ${nameRef(wrote)} set the connection's mark to ${hex(over.mark)}: before, it was ${hex(first.mark)}, from ${nameRef(gave)}. ${leads}`,
    rules: [wrote, gave],
    fix: propose(
      `accept such packets ${spotWords(wrote)}, so that the connection keeps mark ${hex(first.mark)}`,
      acceptBefore(wrote, request.packet, { hook: over.step.hook }),
      SKIPS_LATER,
      rule && meant
        ? `only the reply's route was checked: with that mark it leaves by ${came}`
        : 'where routing rules lead that mark is unknown',
    ),
  }
}

const isSaving = ({ kind, rule }: Journey['steps'][number]) =>
  kind === 'rule' && /--save-mark|ct mark set/.test(rule ?? '')

/** The rule that gave the packet these bits. */
function markingOf(steps: Journey['steps'], mark: number, world: World): RuleRef | undefined {
  const step = steps.findLast((one) => {
    const rule = one.kind === 'rule' ? ruleOfStep(one, world)?.rule : undefined
    return rule && ((markGiven(rule)?.value ?? 0) & mark) >>> 0 === mark
  })
  return step && refOfStep(step)
}

interface Restoring {
  ref: RuleRef
  hook: Hook
  /** What the reply gets of its connection's mark: a mask may leave bits out. Undefined where that is unknown. */
  markOf: (ctMark: number | undefined) => number | undefined
}

/** The rule that gave the reply its connection's mark, in front of its routing. */
function restoringOf(
  { packet, steps, family }: Pick<Journey, 'packet' | 'steps' | 'family'>,
  world: World,
): Restoring | undefined {
  const hook: Hook = packet.in === undefined ? 'output' : 'prerouting'
  const step = steps.findLast((one) => one.kind === 'rule' && one.hook === hook && RESTORES_MARK.test(one.rule ?? ''))
  const ref = step && refOfStep(step)
  const rule = step && ruleOfStep(step, world)?.rule
  if (!ref || !rule) return undefined
  const marks = rule.statements.filter((one) => one.kind === 'set' && one.field === 'meta mark')
  const markOf = (ctMark: number | undefined) => {
    if (ctMark === undefined) return undefined
    const { mark } = afterAll(marks, { packet: { ...packet, mark: step.mark ?? 0, ctMark }, family, world }).packet
    return mark === undefined ? undefined : mark >>> 0
  }
  return { ref, hook, markOf }
}

/** Of the rules that matched, those that have changed it, each with what it was then; undefined where one of them is unknown. */
function marksOfConnection({ steps, family, packet }: Journey, world: World): Given[] | undefined {
  const given: Given[] = []
  for (const step of steps) {
    const found = ruleOfStep(step, world)
    if (!found) continue
    const before: Packet = {
      ...packet,
      ctMark: given.at(-1)?.mark ?? 0,
      ...(step.mark === undefined ? {} : { mark: step.mark }),
    }
    const marks = found.rule.statements.filter((one) => one.kind === 'set' && one.field === 'ct mark')
    const { ctMark } = afterAll(marks, { packet: before, family, world }).packet
    if (ctMark === undefined) return undefined
    if (ctMark !== before.ctMark) given.push({ ...found, mark: ctMark >>> 0, step })
  }
  return given
}
