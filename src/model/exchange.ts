/** What people ask about: a request, and what came of it. */
import { FOR_REPORTS } from './for-reports.ts'
import type { Cause, Finding, Fix, Journey, RuleRef } from './journey.ts'
import type { Packet } from './packet.ts'

/**
 * `answered`: a reply came by. `refused`: whoever was asked said no (RST, ICMP error). `unanswered`: the request went its
 * way, and no reply came by where it would have been seen. `reply-lost`: the reply was stopped, or would be.
 * `dropped`, `rejected`: the request was. `lost`: the kernel dropped the request, or it could not be sent on.
 * `queued`: a program has it. `undetermined`: nothing shows what came of it.
 */
export type ExchangeStatus =
  | 'answered'
  | 'refused'
  | 'unanswered'
  | 'reply-lost'
  | 'dropped'
  | 'rejected'
  | 'lost'
  | 'queued'
  | 'undetermined'

/** Ids of an exchange's journeys, in the order in which they began. */
export interface ExchangeJourneys {
  /** From who asked to who was asked. */
  request: string[]
  /** Requests that were sent again. */
  retransmissions: string[]
  /** The other way. */
  replies: string[]
  /** ICMP errors about any of these. */
  errors: string[]
}

/** A request, and what came of it. */
export interface Exchange<F = Fix> {
  /** The id of its first journey. */
  id: string
  /** The machine, as its journeys name it. */
  host?: string
  journeys: ExchangeJourneys
  status: ExchangeStatus
  /** `observed`: journeys show the status; `inferred`: host state implies it, or the model that played the reply. */
  basis: Journey['basis']
  /** As the sender sent it, as far as that is known. */
  asked: Packet
  /** Its addresses and ports behind NAT, where they are others. */
  became?: Packet
  /** The rule to look at. */
  culprit?: RuleRef
  /** From what stopped it back to the rule that decided it; steps are those of the journey that was stopped. */
  cause: Cause[]
  /** Of the exchange as a whole, each fact once. */
  findings: Finding<F>[]
  /** In place of cause and findings, beyond the first few hundred that are alike: a journey that has the same ones. */
  like?: string
  /** Live: how often what was said of this id before is replaced. */
  amends?: number
}

/** The worst first. */
export const STATUSES: readonly ExchangeStatus[] = [
  ...(['dropped', 'rejected', 'lost', 'reply-lost', 'unanswered', 'refused'] as const),
  ...(['undetermined', 'queued', 'answered'] as const),
]

/** Did it come to nothing? The commands' exit code is 1 then. */
export const isFailed = (status: ExchangeStatus): boolean => STATUSES.indexOf(status) <= STATUSES.indexOf('refused')

/** By the sockets that were listed once, nobody listens; whoever was answered was heard. */
export const saysUnheard = (code: string, status: ExchangeStatus | undefined): boolean =>
  code === 'closed-port' && status === 'answered'

/** Found where a reply may not come back; as a note, where it may. */
const DOUBTS: ReadonlySet<string> = new Set(['conntrack-unreplied', 'not-masqueraded'])

/** Something speaks against the reply's coming back. */
export const isDoubt = ({ severity, code }: Pick<Finding<unknown>, 'severity' | 'code'>): boolean =>
  severity !== 'note' || DOUBTS.has(code)

/** Findings that say that no reply comes: where one came, they are not true. */
export const saysNoReply = (code: string): boolean =>
  code === 'not-masqueraded' || code === 'neighbour-discovery-dropped' || code === 'ttl-too-small'

/** A rule that nearly gave another source, for a reply to come back to: one came all the same, if only one that refuses. */
export const isOfNeedlessSource = (one: Finding, status: ExchangeStatus | undefined): boolean =>
  (status === 'answered' || status === 'refused') &&
  one.code === 'near-miss' &&
  one[FOR_REPORTS]?.wouldGiveSource === true

/** Of what was kept from connection tracking, a reply came all the same: what nat would have done was not needed. */
export const withoutNeedless = (one: Finding): Finding =>
  one.code === 'untracked' ? { ...one, severity: 'note', fix: [] } : one

/** A request that was not sent again, and that was answered: it got to where it was to go, whatever its way looks like. */
export const hasArrived = ({ status, journeys }: Pick<Exchange<unknown>, 'status' | 'journeys'>): boolean =>
  status === 'answered' && journeys.retransmissions.length === 0

/** Findings that say that a request goes elsewhere. */
export const saysAstray = (code: string): boolean => code === 'wrong-way-out'
