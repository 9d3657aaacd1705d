/**
 * A SYN ACK to a port that nat has chosen for a request: no line shows which one, where PREROUTING alone was traced. It is a reply
 * to the request that nat has sent there and whose number it acknowledges.
 */
import { isLocal } from '../../../rules/fib.ts'
import { asItLeft, hidesSource } from '../../as-it-left.ts'
import { TUPLE_WORDS } from '../../closed-journey.ts'
import type { JoinedJourneys, Part, Told } from './joined.ts'
import { latest } from './latest.ts'
import { packetOf, tupleOf } from './tuple-of.ts'
import { turn } from './tuple-table.ts'

/** More are not looked at: each is compared with the latest requests. */
export const MOST_TO_CHOSEN = 100
/** As many as may wait at one time. */
const LATEST = 200

/** May nat have chosen where it goes to? A later hook would show where conntrack leads it. */
export const isToChosen = ({ says, journey: { packet, outcome, steps }, world }: Told): boolean =>
  says === 'answers' &&
  packet.protocol === 'tcp' &&
  packet.tcpAck !== undefined &&
  outcome !== 'delivered' &&
  steps.every(({ hook, dst }) => hook === 'prerouting' && (dst === undefined || dst === packet.dst)) &&
  isLocal(packet.dst, world.host) === true

interface ToChosen {
  list: JoinedJourneys
  /** Exchanges with such a reply that nobody was seen to open. */
  toChosen: Set<number>
}

/** Again and again: whichever of both is complete first. */
export function joinToChosenPort({ list, toChosen }: ToChosen): void {
  const came = new Int32Array(TUPLE_WORDS)
  for (const number of toChosen) {
    if (list.isHidden(number) || list.isOpened(number)) {
      toChosen.delete(number)
      continue
    }
    const reply = list.at(number).parts.find((one) => one.own && isToChosen(one.told))
    if (!reply || !tupleOf(reply.told.journey.packet, came)) continue
    const about = onlySentTo(list, reply, came)
    if (about === undefined) continue
    toChosen.delete(number)
    list.moveAll(number, about, ({ role }) =>
      role === 'errors' ? { role, other: true } : { role: 'replies', other: false },
    )
    turn(came)
    list.follow(came, reply.told.host, about)
  }
}

const asked = new Int32Array(TUPLE_WORDS)
const left = new Int32Array(TUPLE_WORDS)

/** `came`: the reply's tuple. */
function onlySentTo(list: JoinedJourneys, { id, capture, told }: Part, came: Int32Array): number | undefined {
  const { packet } = told.journey
  let only: number | undefined
  for (const number of latest(list, LATEST, { capture })) {
    if (list.isHidden(number) || list.isReplied(number) || list.hostOf(number) !== told.host) continue
    const request = list.firstTold(number)
    if (list.beganWith(number) > id || request.says !== 'opens' || !request.journey.steps.some(hidesSource)) continue
    if (!isSentTo(list, number, request, came)) continue
    // a handshake's reply acknowledges the number that began it
    const { tcpSeq } = request.journey.packet
    if (!list.isFirstOwn(number) || tcpSeq === undefined || packet.tcpAck !== (tcpSeq + 1) >>> 0) continue
    if (only !== undefined) return undefined
    only = number
  }
  return only
}

/** Has nat sent it to where the reply in `came` is from? */
function isSentTo(list: JoinedJourneys, number: number, { journey }: Told, came: Int32Array): boolean {
  list.readTuple(number, asked)
  const { packet } = journey
  const { src, protocol = '', sport = 0 } = packet
  const { dst = packet.dst, dport = packet.dport ?? 0 } = asItLeft(journey)
  if (src === undefined || dst === undefined) return false
  if (!tupleOf(packetOf(protocol, { src, dst, sport, dport }), left)) return false
  // of all that are of its class only what nat writes is the same
  if (dst !== packet.dst) asked.set(left.subarray(4, 8), 4)
  if (dport !== (packet.dport ?? 0)) asked[9] = left[9]!
  return (
    [0, 1, 2, 3].every((i) => came[i] === asked[4 + i]) && came[8] === asked[9] && came[PROTOCOL] === asked[PROTOCOL]
  )
}

const PROTOCOL = 10
