/** Exchanges of one packet each, of which nothing is told but what is told of its class: they differ in few values alone. */
import type { Member, Value } from '../../model/member.ts'
import { isStopped } from '../../model/outcome-kinds.ts'
import { TUPLE_WORDS } from '../closed-journey.ts'
import { endsOf } from './ends.ts'
import type { JoinedJourneys, Told } from './join/joined.ts'
import { goesAsItsClass } from './status/status.ts'
import type { Seen } from './status/verdict.ts'

/** What of such an exchange is its own: what `askedOf` takes from its tuple, and its number. */
const NAMES = ['id', 'src', 'dst', 'sport', 'dport', 'icmpId', 'icmpSeq'] as const

/** Its status and all else: no stopped error may be about this one alone, and no way back hangs on who has asked. */
const isToldAsItsClass = (told: Told, seen: Seen): boolean =>
  isStopped(told.journey.outcome) || (goesAsItsClass(told, seen) && seen.strays.length === 0 && goesBackAsItCame(told))

/** Else it may be told to whom the other interface leads (status/other-uplink.ts, status/in-other-network.ts). */
const goesBackAsItCame = ({ journey, reply }: Told): boolean =>
  reply?.out === undefined || reply.out === journey.packet.in

export class ExchangeMembers {
  private readonly list: JoinedJourneys
  private readonly seen: Seen
  private readonly tuple = new Int32Array(TUPLE_WORDS)

  constructor(list: JoinedJourneys, seen: Seen) {
    this.list = list
    this.seen = seen
  }

  /** Undefined where something of its own is told. */
  of(number: number): Member | undefined {
    const { list, tuple } = this
    const told = list.onlyPart(number)
    if (!told || list.firstRole(number) !== 'request' || list.isFirstOwn(number)) return undefined
    if (!isToldAsItsClass(told, this.seen)) return undefined
    list.readTuple(number, tuple)
    const { src, dst } = endsOf(tuple, told.journey)
    const values: Value[] = [String(list.beganWith(number)), src, dst, tuple[8], tuple[9], tuple[11], tuple[12]]
    return { kind: told, names: NAMES, values }
  }
}
