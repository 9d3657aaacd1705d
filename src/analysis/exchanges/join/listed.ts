/** What conntrack's list tells of the exchange that a packet belongs to. */
import { ruleOfStep } from '../../../explain/refs.ts'
import { turned } from '../../../model/direction.ts'
import type { Journey } from '../../../model/journey.ts'
import type { World } from '../../../model/world.ts'
import { entryAnswered, entryOpened } from '../../../rules/conntrack/entries.ts'
import { hidesSource } from '../../as-it-left.ts'
import { type ClosedJourney, TUPLE_WORDS } from '../../closed-journey.ts'
import { endsOf } from '../ends.ts'
import type { JoinedJourneys, Told } from './joined.ts'
import { packetOf, tupleOf } from './tuple-of.ts'
import type { Found, TupleTable } from './tuple-table.ts'

type Closed = Pick<ClosedJourney, 'tuple' | 'packet' | 'world' | 'family'>

/** An answer whose request was rewritten where no line shows it: connection tracking knows which one it was. */
export function byEntry(table: TupleTable, tuple: Int32Array, { says, host }: Told, closed: Closed): Found | undefined {
  if (says === 'opens') return undefined
  const packet = closed.packet()
  const entry = entryAnswered(packet.inner ? turned(packet.inner) : packet, closed.world)
  if (!entry || !tupleOf({ ...packetOf(entry.protocol, entry.original), icmpSeq: packet.icmpSeq ?? 0 }, tuple))
    return undefined
  const found = table.find(tuple, host)
  closed.tuple(tuple)
  // what is quoted goes the way of what began the entry
  return found && { value: found.value, turned: packet.inner ? found.turned : !found.turned }
}

/** NAT's source port is guessed where no line shows it: connection tracking may list another one, and the packet as another one's. */
export const notOfAnother = (found: Found | undefined, list: JoinedJourneys, closed: Closed): Found | undefined =>
  found?.turned && isOfAnother(found.value, list, closed) ? undefined : found

function isOfAnother(number: number, list: JoinedJourneys, closed: Closed): boolean {
  const { world } = closed
  const packet = closed.packet()
  if (packet.inner || packet.sport === undefined || !(entryOpened(packet, world) ?? entryAnswered(packet, world)))
    return false
  const asked = new Int32Array(TUPLE_WORDS)
  list.readTuple(number, asked)
  const { src, dst } = endsOf(asked, { family: closed.family, packet })
  const { reply } = entryOpened({ ...packet, src, dst, sport: asked[8]!, dport: asked[9]! }, world) ?? {}
  if (!reply || (['src', 'dst', 'sport', 'dport'] as const).every((key) => reply[key] === packet[key])) return false
  return !choosesPort(list.at(number).parts[0]!.told.journey, world)
}

/** A rule of nat gives the request another port: else it has one since that of the packet was in use before. */
const choosesPort = ({ steps }: Journey, world: World): boolean =>
  steps.some((step) =>
    (hidesSource(step) ? ruleOfStep(step, world) : undefined)?.rule.statements.some(
      (one) => (one.kind === 'masquerade' || one.kind === 'snat') && (one.ports ?? one.flags) !== undefined,
    ),
  )
