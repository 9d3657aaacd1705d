/** Which journeys are shown: --filter, --outcome, --rule. */

import { parseFilter } from '../filter/parse.ts'
import type { Condition } from '../model/condition.ts'
import type { Journey, Outcome, Step } from '../model/journey.ts'
import type { Packet } from '../model/packet.ts'
import { printable } from '../model/printable.ts'
import { UserError } from '../model/user-error.ts'
import { closest } from '../rules/closest.ts'
import { evaluate } from '../rules/evaluate.ts'
import type { ClosedJourney } from './capture.ts'
import { pointAt } from './point-at.ts'

export interface SelectOptions {
  filter?: string
  outcome?: string[]
  rule?: string[]
}

export interface Selection {
  /** By the packet, before the journey is explained. */
  packet(closed: ClosedJourney): boolean
  /** By what the journey met. */
  journey(journey: Journey): boolean
}

const OUTCOMES: readonly Outcome[] = [
  'delivered',
  'forwarded',
  'sent',
  'dropped',
  'rejected',
  'queued',
  'stolen',
  'vanished',
  'undetermined',
]

/** Throws UserError for a filter, outcome or rule that cannot be meant; that is known before anything is read. */
export function makeSelection({ filter, outcome = [], rule = [] }: SelectOptions): Selection {
  const condition = filter === undefined ? undefined : readFilter(filter)
  const outcomes = outcome.flatMap((list) => list.split(',')).map(readOutcome)
  const rules = rule.map(readRule)
  return {
    packet: (closed) => condition === undefined || filterMatches(condition, closed),
    journey: (journey) =>
      (outcomes.length === 0 || outcomes.includes(journey.outcome)) &&
      rules.every((wanted) =>
        journey.steps.some(
          (step) => step.table === wanted.table && step.chain === wanted.chain && isWanted(step, wanted),
        ),
      ),
  }
}

function readOutcome(word: string): Outcome {
  const outcome = OUTCOMES.find((one) => one === word)
  if (outcome !== undefined) return outcome
  const meant = closest(word, OUTCOMES)
  throw new UserError(
    `--outcome ${printable(word) || '""'}: there is no such outcome.${meant === undefined ? '' : ` Did you mean ${meant}?`}`,
    `Outcomes: ${OUTCOMES.join(', ')}.`,
  )
}

/** Throws UserError. */
export function readFilter(filter: string): Condition {
  const result = parseFilter(filter)
  if ('condition' in result) return result.condition
  throw pointAt(
    'the filter',
    filter,
    result.error,
    'See `man pcap-filter`; nfwhy adds: syn, in IFACE, out IFACE, mark N, ipid N, seq N, icmpid N, opt HEX.',
  )
}

/** The packet as it first appeared. Only while the journey is handed over. */
export function firstPacket({ open, states }: Pick<ClosedJourney, 'open' | 'states'>): Packet {
  let first = states.packet(open.states.at(0))
  // a trace that begins in the middle shows the packet only further on
  for (let i = 1; first.src === undefined && open.traceId >= 0 && i < open.states.length; i++)
    first = states.packet(open.states.at(i))
  return first
}

const ELSEWHERE = ['in', 'out', 'mark'] as const

/**
 * The packet as it first appeared, as a live trace filters it; but an output interface or a mark is not there yet then,
 * so those count wherever the journey shows them.
 */
export function filterMatches(condition: Condition, closed: ClosedJourney): boolean {
  const { open, states, world } = closed
  const first = firstPacket(closed)
  const framed = open.family === 'bridge' || open.family === 'netdev'
  // a filter is about what a frame carries
  const family = framed && first.src !== undefined ? (first.src.includes(':') ? 'ip6' : 'ip') : open.family
  const matches = (packet: Packet) => evaluate(condition, { packet, family, world }) === true
  if (matches(first)) return true
  for (let i = 1; i < open.marks.length; i += 2) if (matches({ ...first, mark: open.marks.at(i) >>> 0 })) return true
  const tried = new Set([open.states.at(0)])
  for (const state of open.states) {
    if (tried.has(state)) continue
    tried.add(state)
    const later = states.packet(state)
    const packet: Packet = { ...first }
    for (const key of ELSEWHERE) if (later[key] !== undefined) Object.assign(packet, { [key]: later[key] })
    if (matches(packet)) return true
  }
  return false
}

type WantedRule = { table: string; chain: string } & (
  | { ip6: boolean; ruleNumber: number }
  | { family: string; handle: number }
)

const isWanted = ({ family, handle, ruleNumber }: Step, wanted: WantedRule): boolean =>
  'handle' in wanted
    ? handle === wanted.handle && family === wanted.family
    : ruleNumber === wanted.ruleNumber && (family === 'ip6') === wanted.ip6

function readRule(text: string): WantedRule {
  const nft = /^(ip6?|inet|arp|bridge|netdev) (\S+) (\S+) handle (\d+)$/.exec(text)
  if (nft) return { family: nft[1]!, table: nft[2]!, chain: nft[3]!, handle: Number(nft[4]) }
  const match = /^(ip6\/|ip\/)?([^:\s]+):([^:\s]+):(\d+)$/.exec(text)
  if (!match)
    throw new UserError(
      `--rule ${printable(text)}: a rule is named as TRACE prints it, table:chain:number (nat:KUBE-NODEPORTS:16).`,
    )
  return { ip6: match[1] === 'ip6/', table: match[2]!, chain: match[3]!, ruleNumber: Number(match[4]) }
}
