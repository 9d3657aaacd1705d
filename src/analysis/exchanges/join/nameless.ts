/**
 * Errors of this host of which the capture does not even tell the protocol, as xtables-monitor prints them: who was rejected
 * last is told so.
 */
import type { Packet } from '../../../model/packet.ts'
import { isOfIpv6 } from '../ends.ts'
import type { JoinedJourneys, Part, Told } from './joined.ts'

/** A packet that a rule rejected with an ICMP error. */
export interface Rejected {
  number: number
  id: number
  told: Told
  capture: number
}

interface Nameless {
  list: JoinedJourneys
  /** Numbers of exchanges with such a packet. */
  nameless: Set<number>
  rejected: Rejected[]
}

/** More are not remembered, nor more exchanges looked at. */
export const MOST_NAMELESS = 1000

export const isNamelessOwn = ({ journey: { packet } }: Told): boolean =>
  packet.in === undefined && packet.protocol === undefined && packet.sport === undefined

/** Once all is complete: the error's journey ends before the one of the packet that it is about. */
export function joinNameless({ list, nameless, rejected }: Nameless): void {
  for (const number of nameless) {
    const { tuple, parts } = list.at(number)
    const taken = new Map<number, Rejected>()
    for (const part of parts) {
      const to = part.role === 'replies' ? tuple.slice(0, 4) : tuple.slice(4, 8)
      const found = rejected.findLast(
        (one) => ![...taken.values()].includes(one) && list.isBegunBy(one.number, to) && isAbout(part, one, parts),
      )
      if (found) taken.set(part.id, found)
    }
    if (taken.size === 0) continue
    list.leave(number, new Set(taken.keys()))
    for (const { id, told, clock, capture } of parts) {
      const about = taken.get(id)
      if (!about) continue
      list.add(about.number, id, 'errors', told, clock, capture, false)
      rejected.splice(rejected.indexOf(about), 1)
    }
    if (taken.size === parts.length) nameless.delete(number)
  }
}

/** What is sent to that host besides, as neighbour discovery is, has another length. */
function isAbout({ id, told, capture }: Part, one: Rejected, parts: readonly Part[]): boolean {
  if (!isNamelessOwn(told) || one.capture !== capture || one.told.host !== told.host || one.id > id) return false
  const [error, packet] = [ownPacket(told, id), ownPacket(one.told, one.id)]
  if (error?.length === undefined || packet?.length === undefined) return parts.length === 1
  return error.length === lengthOfError(packet.length, isOfIpv6(told.journey))
}

const ownPacket = ({ journey }: Told, id: number): Packet | undefined =>
  journey.id === String(id) ? journey.packet : undefined

/** It quotes as much as is sure to arrive (icmp_send in net/ipv4/icmp.c, icmp6_send in net/ipv6/icmp.c). */
const lengthOfError = (length: number, isIp6: boolean): number =>
  isIp6 ? Math.min(40 + 8 + length, 1280) : Math.min(20 + 8 + length, 576)
