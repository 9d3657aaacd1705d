/** How many exchanges of packets of one class came to what. */

import { type Exchange, type ExchangeStatus, isFailed, STATUSES } from '../model/exchange.ts'
import type { Fix } from '../model/journey.ts'
import type { Role } from './exchanges/join/joined.ts'

/** What came of the exchanges that packets of one class began. */
export interface ExchangeCounts<F = Fix> {
  /** How many came to what. */
  counts: Partial<Record<ExchangeStatus, number>>
  /** Of how many of the undetermined ones a reply was captured. */
  heard?: number
  /** The first of those that fared worst. */
  worst: Exchange<F>
}

/** Did one of its exchanges come to nothing? */
export const isFailing = ({ exchanges }: { exchanges?: ExchangeCounts<unknown> }): boolean =>
  exchanges !== undefined && isFailed(exchanges.worst.status)

/** A reply of it was captured, and its fate is not known all the same. */
export const isHeard = ({ parts }: { parts: readonly { role: Role }[] }, status: ExchangeStatus): boolean =>
  status === 'undetermined' && parts.some(({ role }) => role === 'replies')

export function addExchange(
  group: { exchanges?: ExchangeCounts },
  status: ExchangeStatus,
  tell: () => Exchange,
  heard = false,
): void {
  group.exchanges ??= { counts: {}, worst: tell() }
  const { counts, worst } = group.exchanges
  counts[status] = (counts[status] ?? 0) + 1
  if (heard) group.exchanges.heard = (group.exchanges.heard ?? 0) + 1
  if (STATUSES.indexOf(status) < STATUSES.indexOf(worst.status)) group.exchanges.worst = tell()
}
