import { nextAtHook, nextBehindHook } from '../../journey/base-chains.ts'
import { priorityOf } from '../../journey/resolve.ts'
import { command } from '../../model/command.ts'
import type { RuleRef } from '../../model/journey.ts'
import { ONLY_LOOKS } from '../../model/only-looks.ts'
import { isStoppedByRule } from '../../model/outcome-kinds.ts'
import type { Rule } from '../../model/ruleset.ts'
import { verdictOf } from '../../rules/verdict.ts'
import { acceptBefore, changesOf, deleteRule, propose } from '../changes/change.ts'
import type { Proposal } from '../changes/proposal.ts'
import { type Context, type Detected, type Detector, finding } from '../context.ts'
import { nameRef, refAt } from '../refs.ts'
import { isAnswer } from '../reply/request-reply.ts'
import { opensOf } from './such-packets.ts'
import { numberedRef } from './verdicts.ts'

/**
 * Handed to a program that may not be there. What it accepts goes on in the next base chain; without a program the
 * kernel drops it, with `--queue-bypass` it goes on at once (net/netfilter/nf_queue.c).
 */
export const queueWithoutListener: Detector = {
  code: 'queue-without-listener',
  detect(context) {
    const handed = handedOver(context)
    if (!handed || handed.bypass) return []
    const { message, lost, more, unread } = handed
    if (unread !== undefined)
      return [
        finding('queue-without-listener', 'error', `${message}, and ${unread}: the kernel drops it.`, {
          ...more,
          fix: [...withoutProgram(context, more.rules![0]!), ...more.fix!],
        }),
      ]
    if (isRead(context)) return []
    const shown = lost ? 'it did not come back from the queue' : 'the capture does not show its verdict'
    const why = 'if no program reads the queue, the kernel drops it; otherwise the program decides'
    return [finding('queue-without-listener', lost ? 'warning' : 'note', `${message}, and ${shown}: ${why}.`, more)]
  },
}

/** The same with `--queue-bypass`, or where a program is known to read the queue. */
export const queued: Detector = {
  code: 'queued',
  detect(context) {
    const handed = handedOver(context)
    const read = isRead(context)
    if (!handed || !(handed.bypass || read)) return []
    const { message, lost, more, unread } = handed
    if (read) return [finding('queued', 'note', `${message}, ${read}.`, more)]
    if (unread !== undefined) return [finding('queued', 'note', `${message}, and ${unread}: it is accepted.`, more)]
    const shown = lost
      ? 'it did not come back from the queue: a program reads the queue, and has dropped it or still holds it'
      : 'the capture does not show the verdict: if no program reads the queue, it is accepted; otherwise the program decides'
    return [finding('queued', 'note', `${message}, and ${shown}.`, more)]
  },
}

/** It went by a queue that nobody reads, and was stopped for want of the mark that the program may have given it. */
export const queuePassedBy: Detector = {
  code: 'queued',
  detect(context) {
    const { arrivals } = context.evidence
    const { step } = context.ended
    const stop = isStoppedByRule(context.journey.outcome) ? refAt(context, step) : undefined
    const isOfMark = arrivals[step]?.rule?.conditions.some((one) => one.kind === 'compare' && one.field === 'meta mark')
    // what has one got it elsewhere
    if (!stop || !isOfMark || arrivals[step]!.packet.mark) return []
    const queueOf = (i: number) => arrivals[i]?.rule?.statements.find((one) => one.kind === 'queue')
    const passed = arrivals.findLastIndex((_, i) => i < step && queueOf(i)?.bypass)
    const [queue, ref] = [queueOf(passed), refAt(context, passed)]
    const unread = queue && whatIsUnread(context, queue.from, queue.to ?? queue.from)
    if (unread === undefined || !ref) return []
    const message = `${nameRef(ref)} handed it to queue ${queue!.from}, and ${unread}: the packet was accepted there, without the mark that the program may set. ${nameRef(stop)} matches by the mark.`
    return [finding('queued', 'note', message, { steps: [passed + 1], rules: [ref], fix: [START] })]
  },
}

const START = { description: 'start the program that reads the queue', unverified: 'this is not a netfilter change' }

function withoutProgram(context: Context, ref: RuleRef): Proposal[] {
  const accepts = `make ${numberedRef(ref)} accept packets while no program reads the queue`
  const change = changesOf(ref).bypassQueue(ref)
  if (!isFilteredBehind(context))
    return [START, ...propose(accepts, change, 'while the program does not run, nothing inspects such packets')]
  const { packet, hook } = context.evidence.arrivals[context.ended.step]!
  const hints = { ...(hook === undefined ? {} : { hook }), answer: isAnswer(context.journey.packet, context.world) }
  return [
    START,
    ...propose(
      `accept such packets before ${numberedRef(ref)}`,
      acceptBefore(ref, packet, hints),
      `${opensOf({ kind: 'such', packet, hints })}; the program does not inspect these packets`,
    ),
    ...propose(
      `delete ${numberedRef(ref)}, so that the later rules are evaluated`,
      deleteRule(ref),
      'the program then inspects none of these packets, even while it runs',
    ),
    ...propose(
      accepts,
      change,
      'while the program does not run, the rule accepts every packet that it matches for the rest of its base chain',
    ),
  ]
}

/** What a queue lets by, the other rules of its base chain do not see (nf_queue.c goes on with the next hook). */
function isFilteredBehind({ evidence, ended }: Context): boolean {
  const { chain, rule } = evidence.arrivals[ended.step]!
  if (!chain || !rule) return false
  const isCalled = chain.hook === undefined
  return isCalled || chain.policy === 'drop' || chain.rules.slice(rule.ruleNumber).some(decides)
}

/** It may stop the packet, or lead it to rules that do. */
const decides = (rule: Rule): boolean =>
  ['drop', 'reject', 'queue', 'jump', 'goto', 'unknown'].includes(verdictOf(rule).ending)

interface Handed {
  bypass: boolean
  /** It had to come out again, and did not. */
  lost: boolean
  message: string
  /** By host state no program reads it. */
  unread: string | undefined
  more: Partial<Detected>
}

function handedOver(context: Context): Handed | undefined {
  const { ended } = context
  const queue = queueAt(context)
  const ref = refAt(context, ended.step)
  if (ended.outcome !== 'queued' || !queue || !ref) return undefined
  const { from, to = from, bypass = false } = queue
  const which = to === from ? `queue ${from}` : `one of the queues ${from} to ${to}`
  const look = {
    description:
      'check whether a program reads the queue: each line shows a queue that has a reader, and begins with the number of the queue',
    look: command('cat', '/proc/net/netfilter/nfnetlink_queue'),
    unverified: ONLY_LOOKS,
  }
  return {
    bypass,
    lost: hadToComeOut(context),
    message: `${nameRef(ref)} handed it to ${which}`,
    unread: whatIsUnread(context, from, to),
    more: { steps: [ended.step + 1], rules: [ref], fix: [look] },
  }
}

const queueAt = ({ evidence, ended }: Context) =>
  evidence.arrivals[ended.step]?.rule?.statements.find((one) => one.kind === 'queue')

/** Queues are read when host state was taken; of several, the kernel chooses one by the packet's addresses. */
function whatIsUnread({ world }: Context, from: number, to: number): string | undefined {
  const { queues } = world.host
  if (!queues) return undefined
  const read = new Set(queues.map(({ number }) => number))
  if (from === to) return read.has(from) ? undefined : 'no program reads that queue'
  for (let number = from; number <= to; number++) if (read.has(number)) return undefined
  return 'no program reads any of them'
}

/** That every queue it may be in is read, and what is known of that. */
function isRead(context: Context): string | undefined {
  const queue = context.ended.outcome === 'queued' ? queueAt(context) : undefined
  const { queues } = context.world.host
  if (!queue || !queues) return undefined
  const { from, to = from } = queue
  const read = queues.filter(({ number }) => number >= from && number <= to)
  if (read.length <= to - from) return undefined
  const dropped = read.reduce((all, one) => all + one.dropped + one.userDropped, 0)
  const lost = dropped > 0 ? `; ${dropped} packets were dropped because the queue was full` : ''
  return `which a program reads; the program decides${lost}`
}

/** Is there a base chain behind it, and did the capture go on? */
function hadToComeOut({ evidence, ended, journey, world }: Context): boolean {
  const { hook } = evidence.arrivals[ended.step]!
  if (!evidence.followed || hook === undefined) return false
  const { family } = journey
  const nat = evidence.nat === 'passed'
  const priority = priorityOf(journey.steps[ended.step]!.table, hook)
  const behind = (local: boolean) => nextBehindHook(world, family, hook, nat, local) !== undefined
  return nextAtHook(world, family, hook, priority, nat) !== undefined || (behind(true) && behind(false))
}
