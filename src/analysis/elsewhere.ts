/** Packets of a group as another machine saw them. */

import type { Journey } from '../model/journey.ts'
import type { ExchangeCounts } from './exchange-counts.ts'

export interface Elsewhere {
  host: string
  /** The first of their class there. */
  journey: Journey
  /** How many of the group. */
  count: number
  /** What came of the exchanges that their class began there, and whether it began none, as far as is known by now. */
  readonly exchanges: ExchangeCounts | undefined
  readonly followsOnly: true | undefined
}

/** A group of packets that the other machine saw. */
interface GroupThere {
  journey: Journey
  exchanges?: ExchangeCounts
  followsOnly?: true
}

/** Notes a packet of the group that `host` saw as one of the group `there`. */
export function seenAt(group: { elsewhere?: Elsewhere[] }, host: string, there: GroupThere): void {
  group.elsewhere ??= []
  const known = group.elsewhere.find(({ journey }) => journey === there.journey)
  if (known) known.count++
  else
    group.elsewhere.push({
      ...{ host, journey: there.journey, count: 1 },
      get exchanges() {
        return there.exchanges
      },
      get followsOnly() {
        return there.followsOnly
      },
    })
}
