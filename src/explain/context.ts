/** What every finding reads: the evidence, where it ended, and the questions that are asked of them again and again. */

import { behindRule } from '../journey/destination.ts'
import { type Evidence, isFromBeforeNat } from '../journey/evidence.ts'
import type { Conclusion } from '../journey/outcome.ts'
import type { Repeat } from '../journey/repeats.ts'
import type { Hook } from '../model/hook.ts'
import type { Drop, Tuple } from '../model/host.ts'
import type { Finding, Journey } from '../model/journey.ts'
import { memo } from '../model/memo.ts'
import type { Packet } from '../model/packet.ts'
import type { World } from '../model/world.ts'
import { openingTuple } from '../rules/facts/connection.ts'
import type { EvalContext } from '../rules/facts.ts'
import { isOwnCopy } from '../rules/fib.ts'
import { JOURNEY_STEPS, WalkBudget } from '../rules/walk-budget.ts'
import type { Proposal } from './changes/proposal.ts'
import { connectionFacts } from './connection.ts'

export interface Context {
  journey: Journey
  evidence: Evidence
  ended: Conclusion
  world: World
  /** Earlier journeys of the same capture with this packet's content, oldest first. */
  repeats: readonly Repeat[]
  /** What is known of the connection at each step besides what the capture shows. */
  connection: readonly Partial<Packet>[]
  /** What the kernel says of having dropped this packet, where it was asked. */
  drop?: Drop
  /** How long chains are walked for all that is asked about this journey. */
  budget: WalkBudget
  /** What is known of its exchange: the packet got to where nobody wanted it, or nothing came back. */
  inVain?: 'refused' | 'unanswered'
}

/**
 * What a finding's detector gives: the finding; the step whose rule is the one to look at, if it is this finding's; and how
 * far it is from certain that this is what is wrong (absent: 0), by which findings are ordered.
 */
export type Detected = Finding<Proposal> & {
  culprit?: number
  doubt?: number
  /** The codes of what else is found and beside the point: it was not to go the way that these speak of. */
  settles?: readonly string[]
}

export interface Detector {
  code: string
  detect(context: Context): Detected[]
}

export function makeContext(
  evidence: Evidence,
  ended: Conclusion,
  world: World,
  repeats: readonly Repeat[],
  drop?: Drop,
  budget = new WalkBudget(JOURNEY_STEPS),
): Context {
  const { journey } = evidence
  const connection = connectionFacts(evidence, world)
  return { journey, evidence, ended, world, repeats, connection, budget, ...(drop ? { drop } : {}) }
}

/** The packet as it arrived at step `i`, with what is known of its connection, for evaluating conditions. */
export function momentAt(context: Context, i: number): EvalContext {
  const arrival = context.evidence.arrivals[i]!
  const at = moment(context, { ...arrival.packet, ...context.connection[i] }, arrival.hook)
  return at.packet.ctState === 'new' && at.packet.ctDir === 'original' ? { ...at, opening: openingSide(context) } : at
}

/** Only what is traced from in front of nat on shows the addresses from before; a rule may write them, too. */
const openingSide = memo(({ evidence, journey, world }: Context): Tuple | undefined => {
  const { arrivals } = evidence
  const hook = arrivals[0]?.hook
  if ((hook !== 'prerouting' && hook !== 'output') || !isFromBeforeNat(evidence, world)) return undefined
  const isWritten = arrivals.some(({ rule }) =>
    rule?.statements.some((one) => one.kind === 'set' && /addr$|port$|^@/.test(one.field)),
  )
  return isWritten ? undefined : openingTuple(journey.packet)
})

export const moment = (context: Context, packet: Packet, hook: Hook | undefined): EvalContext => ({
  packet,
  family: context.journey.family,
  world: context.world,
  ...(hook === undefined ? {} : { hook }),
})

/**
 * The packet as it left the last step; with the interface that it came in by, which kernels before 5.7 do not know in postrouting:
 * their rules there are evaluated without it.
 */
export function lastPacket({ evidence, ended, journey, world }: Context): Packet {
  if (!evidence.arrivals[ended.step]) return journey.packet
  const left = behindRule(evidence, world, ended.step)
  const came = evidence.arrivals[ended.step]!.hook === 'postrouting' ? journey.packet.in : undefined
  const packet = came === undefined || left.in !== undefined ? left : { ...left, in: came }
  if (!evidence.rerouted || ended.step + 1 < evidence.arrivals.length) return packet
  const { out: _, ...rest } = packet
  const { out } = evidence.rerouted
  return out === undefined ? rest : { ...rest, out }
}

/** Where it ended it is what the kernel hands back of what this host sent to many: nobody waits for it. */
export const endsAsOwnCopy = ({ evidence, ended, world }: Context): boolean =>
  isOwnCopy(evidence.arrivals[ended.step]!.packet, world.host)

/** In texts: somebody made it unreadable, or the line that has it is missing. */
export const UNSHOWN_ADDRESS = 'an address that the capture does not show'

/** `10.0.0.1:80`, `[2001:db8::1]:80`, `10.0.0.1`, `?`, and `?:80` where somebody made the address unreadable. */
export function describeEnd(address: string | number | undefined, port: string | number | undefined): string {
  if (address === undefined) return port === undefined || port === '*' ? '?' : `?:${port}`
  if (port === undefined) return String(address)
  return String(address).includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

export function finding(
  code: string,
  severity: Finding['severity'],
  message: string,
  more: Partial<Detected> = {},
): Detected {
  // a simulated packet may meet no rule at all
  const steps = (more.steps ?? []).filter((step) => step > 0)
  return { code, severity, message, rules: [], fix: [], ...more, steps }
}
