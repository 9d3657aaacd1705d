/** Which journeys are shown: --filter, --outcome, --rule. */

import { parseFilter } from '../filter/parse.ts'
import type { Condition } from '../model/condition.ts'
import type { Journey, Outcome, Step } from '../model/journey.ts'
import { printable } from '../model/printable.ts'
import { UserError } from '../model/user-error.ts'
import { closest } from '../rules/closest.ts'
import type { ClosedJourney } from './closed-journey.ts'
import { pointAt } from './point-at.ts'

/** Which journeys are wanted, in the command line's words: `--filter`, `--outcome`, `--rule`. */
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

/** What --outcome takes. */
export const OUTCOMES: readonly Outcome[] = [
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
  const rules = rule.map((one) => readRule(one))
  return {
    packet: (closed) => condition === undefined || closed.matches(condition),
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

export type WantedRule = { table: string; chain: string } & (
  | { ip6: boolean; ruleNumber: number }
  | { family: string; handle: number }
  | { family: string; policy: true }
)

function isWanted({ family, handle, ruleNumber, kind }: Step, wanted: WantedRule): boolean {
  if ('policy' in wanted) return kind === 'policy' && family === wanted.family
  if ('handle' in wanted) return handle === wanted.handle && family === wanted.family
  return ruleNumber === wanted.ruleNumber && (family === 'ip6') === wanted.ip6
}

/** As TRACE prints a rule, and as nfwhy names one. Throws UserError. */
export function readRule(text: string, asked = '--rule '): WantedRule {
  const nft = /^(ip6?|inet|arp|bridge|netdev) (\S+) (\S+) (?:handle (\d+)|policy)$/.exec(text)
  if (nft) {
    const [, family = '', table = '', chain = '', handle] = nft
    return { family, table, chain, ...(handle === undefined ? { policy: true } : { handle: Number(handle) }) }
  }
  const match =
    /^(ip6\/|ip\/)?([^:\s]+):([^:\s]+):(?:(?:rule:)?(\d+)|policy(?::\d+)?)$/.exec(text) ??
    /^(ip6?tables )?(\S+) (\S+) (?:rule (\d+)|policy)$/.exec(text)
  if (!match)
    throw new UserError(
      `${asked}${printable(text)}: write the rule as TRACE prints it: table:chain:number (nat:KUBE-NODEPORTS:16), or as nfwhy names it: 'nat KUBE-NODEPORTS rule 16', 'filter INPUT policy'.`,
    )
  const [, before = '', table = '', chain = '', number] = match
  const ip6 = before.startsWith('ip6')
  if (number === undefined) return { family: ip6 ? 'ip6' : 'ip', table, chain, policy: true }
  return { ip6, table, chain, ruleNumber: Number(number) }
}
