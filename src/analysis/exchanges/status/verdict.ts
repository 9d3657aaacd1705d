/** What came of an exchange, and what is shown for it. */

import type { Exchange, ExchangeStatus } from '../../../model/exchange.ts'
import type { ConntrackEntry } from '../../../model/host.ts'
import type { Finding } from '../../../model/journey.ts'
import { isPassed } from '../../../model/outcome-kinds.ts'
import type { Part, Told } from '../join/joined.ts'
import type { UnquotedError } from '../join/unquoted.ts'

/** What the capture as a whole shows. */
export interface Seen {
  /** What the captures show of replies, by capture: there replies are seen where they come by. */
  replies: ReadonlyMap<number, ReadonlySet<Told>>
  /** Of each capture when its last event was: microseconds by its clock; NaN where it has none. */
  lastClocks: readonly number[]
  /** Of each capture the most journeys that began within a second. */
  crowds: readonly number[]
  /** Packets that were stopped and that exchanges may have needed. */
  strays: readonly Told[]
  /** What a helper of conntrack's would have known as a part of another connection. */
  unexpected: readonly Told[]
  /** Packets that came in with an address of this host's own, and were dropped for that. */
  returned: readonly Told[]
  errors: readonly UnquotedError[]
  /** The packets are played: a reply is what the model sends back. */
  played: boolean
  /** Packets come right now: the kernel may have said later than a journey was explained that it dropped the packet. */
  live?: true
}

export interface Verdict {
  status: ExchangeStatus
  basis: Exchange['basis']
  /** The journey that shows it. */
  decided: Part
  /** What is wrong with the exchange, and with none of its journeys alone. */
  finding?: Finding
  /** Then its first journey did not go the wrong way. */
  isLoop?: true
}

/** Whoever asked has acknowledged the reply. */
export const goesOn = ({ state }: ConntrackEntry): boolean => state === 'ESTABLISHED' || state === 'TIME_WAIT'

/** The kernel, or the way on, has lost it behind the last chain; an error of the way says that it was seen to come back. */
export const LOST = [
  ...['kernel-drop', 'dropped-beside', 'ipsec-no-state', 'other-zone'],
  ...['vanished-mtu', 'vanished-no-route', 'wrong-way-out', 'snat-port-taken'],
]

export const observed = (status: ExchangeStatus, decided: Part): Verdict => ({
  status,
  basis: decided.told.journey.basis,
  decided,
  ...(decided.told.several ? { finding: decided.told.several } : {}),
})

export const inferred = (status: ExchangeStatus, decided: Part, finding?: Finding): Verdict => ({
  status,
  basis: 'inferred',
  decided,
  ...(finding ? { finding } : {}),
})

export const passed = ({ told }: Part): boolean => isPassed(told.journey.outcome)
