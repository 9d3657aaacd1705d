/** A packet that looks like the reply to what was masqueraded, and is of another connection. */
import { addressOfWords } from '../../../model/address.ts'
import type { Journey } from '../../../model/journey.ts'
import type { World } from '../../../model/world.ts'
import { entryAnswered, entryOpened } from '../../../rules/conntrack/entries.ts'
import { hidesSource } from '../../as-it-left.ts'
import { type ClosedJourney, TUPLE_WORDS } from '../../closed-journey.ts'
import type { JoinedJourneys } from './joined.ts'
import type { Found } from './tuple-table.ts'

type Closed = Pick<ClosedJourney, 'packet' | 'world' | 'family'>

/** NAT's source port is guessed where no line shows it: connection tracking may list another one, and the packet as another one's. */
export const notOfAnother = (found: Found | undefined, list: JoinedJourneys, closed: Closed): Found | undefined =>
  found?.turned && isOfAnother(found.value, list, closed) ? undefined : found

function isOfAnother(number: number, list: JoinedJourneys, closed: Closed): boolean {
  const { world } = closed
  if (!world.host.conntrack) return false
  const packet = closed.packet()
  if (packet.inner || packet.sport === undefined || !(entryOpened(packet, world) ?? entryAnswered(packet, world)))
    return false
  const asked = new Int32Array(TUPLE_WORDS)
  list.readTuple(number, asked)
  const isIp6 = closed.family === 'ip6'
  const [src, dst] = [addressOfWords(asked, 0, isIp6), addressOfWords(asked, 4, isIp6)]
  const { reply } = entryOpened({ ...packet, src, dst, sport: asked[8]!, dport: asked[9]! }, world) ?? {}
  if (!reply || (['src', 'dst', 'sport', 'dport'] as const).every((key) => reply[key] === packet[key])) return false
  return !choosesPort(list.at(number).parts[0]!.told.journey, world)
}

/** A rule of nat gives the request another port: else it has one since that of the packet was in use before. */
const choosesPort = ({ steps }: Journey, { tables }: World): boolean =>
  steps.some((step) => {
    if (!hidesSource(step) || step.ruleNumber === undefined) return false
    const table = tables.find(({ name, family }) => name === step.table && family === step.family)
    const rule = table?.chains.get(step.chain ?? '')?.rules[step.ruleNumber - 1]
    return rule?.statements.some((one) => 'flags' in one || ('ports' in one && one.ports !== undefined)) ?? false
  })
