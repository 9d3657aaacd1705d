/** What a journey by itself tells of the exchange that it belongs to. */
import { refusesOpening } from '../../../explain/reply/request-reply.ts'
import type { Journey } from '../../../model/journey.ts'
import { entryAnswered, entryOpened } from '../../../rules/conntrack/entries.ts'
import { isLocal } from '../../../rules/fib.ts'
import { portDirection, udpDirection } from '../../../rules/service-ports.ts'
import type { ClosedJourney } from '../../closed-journey.ts'
import type { Told } from './joined.ts'

/** It came in with an address of this host's own. */
export const cameBack = ({ says, journey: { packet, findings } }: Told): boolean =>
  says === 'opens' && packet.in !== undefined && findings.some(({ code }) => code === 'vanished-martian')

/** Not by a reset, as far as the rule is known. */
export const rejectsByError = ({ outcome, steps }: Journey): boolean =>
  outcome === 'rejected' && !/tcp[- ]reset/.test(steps.findLast(({ kind }) => kind !== 'log')?.rule ?? '')

/** Where it goes behind the last chain is not known, only that it was for an address of this host's own. */
export const isForThisHost = ({ journey: { outcome, packet }, world }: Told): boolean =>
  outcome === 'undetermined' && isLocal(packet.dst, world.host) === true

/** Of a packet whose request was not captured. */
export function goesBack(
  { says, isUntracked, nat, journey: { packet } }: Told,
  closed: Pick<ClosedJourney, 'packet' | 'world'>,
): boolean {
  if (says === 'opens') return false
  if (says === 'answers' || packet.ctDir === 'reply' || (says === 'resets' && refusesOpening(packet))) return true
  // the entry is of a connection that its reply has begun
  if (isUntracked) return portDirection(closed.packet(), closed.world) === 'reply'
  // nat's chains are asked of what begins a connection
  if (nat !== 'passed' && udpDirection(closed.packet(), closed.world) === 'reply') return true
  if (closed.world.host.conntrack === undefined) return false
  const own = closed.packet()
  return entryAnswered(own, closed.world) !== undefined && entryOpened(own, closed.world) === undefined
}
