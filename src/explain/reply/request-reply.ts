/** The two packets that begin a flow: who asks, and who answers. What one of them shows tells what the other is. */
import type { Played } from '../../journey/engine.ts'
import { type Evidence, isUntracked } from '../../journey/evidence.ts'
import { turned } from '../../model/direction.ts'
import type { ConntrackEntry, Host } from '../../model/host.ts'
import type { Outcome } from '../../model/journey.ts'
import { isPassed } from '../../model/outcome-kinds.ts'
import type { Packet } from '../../model/packet.ts'
import type { World } from '../../model/world.ts'
import { bridgeOfPort, bridgePassingOn } from '../../rules/bridge-calls.ts'
import {
  entryAnswered,
  entryAskedElsewhere,
  entryOpened,
  entryRewritten,
  isUnreplied,
} from '../../rules/conntrack/entries.ts'
import { isForMany, isGroup, isLocal, isOwnCopy, LIMITED_BROADCAST } from '../../rules/fib.ts'
import { lookupRoute, routeDevices } from '../../rules/route.ts'
import { LEAST_RESERVED, PRIVILEGED, portsNamed, udpDirection } from '../../rules/service-ports.ts'
import { isOpen, knowsSockets, listener } from '../../rules/sockets.ts'
import { advertisementTo, isSolicitation } from '../neighbours/discovery.ts'

const has = ({ tcpFlags = [] }: Packet, ...flags: string[]): boolean => flags.every((flag) => tcpFlags.includes(flag))

const isOfEntry = (packet: Packet, nat: Evidence['nat'], world: World): boolean =>
  packet.protocol === 'udp' && nat === 'unknown' && entryOpened(packet, world) !== undefined

/** What is kept from connection tracking passes by nat, whatever it is. */
export const natSeen = (evidence: Evidence): Evidence['nat'] =>
  evidence.nat === 'skipped' && isUntracked(evidence) ? 'unknown' : evidence.nat

/** A SYN, an echo request; of UDP any packet that connection tracking had not seen, or by its ports. */
export function isOpening({ packet }: { packet: Packet }, nat: Evidence['nat'], world: World): boolean {
  if (packet.inner) return false
  switch (packet.protocol) {
    case 'udp':
      if (nat === 'unknown' && world.host.conntrack) {
        const entry = entryOpened(packet, world)
        // it may be the packet's own, from a listing taken later: without a reply each packet of it is new
        return entry ? isUnreplied(entry) : !entryAnswered(packet, world)
      }
      return (
        nat === 'passed' ||
        (nat === 'unknown' &&
          (isForService(packet) || isServed(packet, world) || isAsked(packet, world)) &&
          udpDirection(packet, world) !== 'reply')
      )
    default:
      return asksToBegin(packet)
  }
}

/**
 * Is there a reply to it that can be played? Who replies to this host's own copy replies to what it sent. Whether the replies that
 * conntrack lists came before a datagram or after it, the next one goes the way that they went.
 */
export const asksForReply = (journey: { packet: Packet }, nat: Evidence['nat'], world: World): boolean =>
  (isOpening(journey, nat, world) || isSolicitation(journey.packet) || isOfEntry(journey.packet, nat, world)) &&
  !isOwnCopy(journey.packet, world.host) &&
  !isOfOverlay(journey.packet)

/** By itself, whatever came before. */
const asksToBegin = (packet: Packet): boolean =>
  packet.protocol === 'tcp'
    ? has(packet, 'syn') && !has(packet, 'ack')
    : packet.icmpType === (packet.protocol === 'icmp' ? 8 : 128)

/** Of two that are not privileged, either may be the one who asks. */
const isForService = ({ sport = 0, dport = PRIVILEGED }: Packet): boolean => sport >= PRIVILEGED && dport < PRIVILEGED

/** What came in is for a port that a rule or a socket is there for. */
const isServed = (packet: Packet, world: World): boolean =>
  packet.in !== undefined &&
  packet.dport !== undefined &&
  (portsNamed(world.tables).has(packet.dport) ||
    world.host.sockets?.some((one) => one.protocol === 'udp' && one.port === packet.dport && isOpen(one)) === true)

/** This host sends it to a port that a rule is there for, from one that none is for; whether something listens there is known. */
const isAsked = ({ in: came, src = '', sport = 0, dport = 0 }: Packet, { tables, host }: World): boolean => {
  if (came !== undefined || sport < PRIVILEGED || !knowsSockets(host, 'udp')) return false
  if (listener(host, { protocol: 'udp', dst: src, dport: sport })) return false
  const ports = portsNamed(tables)
  return ports.has(dport) && !ports.has(sport)
}

/**
 * What a VXLAN or Geneve interface sends (RFC 7348, 8926): its source port is a hash of the packet inside, and what comes the
 * other way is for the same destination port.
 */
export const isOfOverlay = ({ protocol, sport, dport = 0 }: Packet): boolean =>
  protocol === 'udp' && OVERLAYS.has(dport) && sport !== dport

/** IANA's of VXLAN and Geneve, and Linux's own default for VXLAN (drivers/net/vxlan/vxlan_core.c). */
const OVERLAYS = new Set([4789, 6081, 8472])

/**
 * Does whoever sent it wait for a reply to its own address? Not of a reset, an ICMP error or what tells of neighbours and
 * groups; and who answers what is for many is not known.
 */
export function awaitsReply(packet: Packet): boolean {
  const { inner, protocol, dst, icmpType, tcpFlags } = packet
  if (isOfOverlay(packet)) return false
  if (inner || dst === undefined || isGroup(dst) || dst === LIMITED_BROADCAST) return false
  if (protocol === 'tcp') return !tcpFlags?.includes('rst')
  if (protocol === 'icmp') return icmpType === 8 || icmpType === 13
  if (protocol === 'icmpv6') return icmpType === 128
  return protocol !== 'igmp'
}

/** UDP services that answer what they are asked (RADIUS and STUN too); others may only take what comes, as syslog does. */
const ANSWERING = new Set([53, 69, 88, 123, 161, 443, 500, 1812, 1813, 3478])

/** Is it answered in any case, so that silence tells of a fault? */
export const isAlwaysAnswered = (packet: Packet): boolean =>
  packet.protocol === 'udp' ? ANSWERING.has(packet.dport ?? 0) : asksToBegin(packet)

/** What comes back, if all is well, where the packet has arrived; undefined where it has not. */
export function answerTo(asked: Packet, told: Played, host: Host): Packet | undefined {
  const { packet, ended } = told
  const { outcome } = ended
  if (!isPassed(outcome)) return undefined
  const { src, dst, sport, dport, protocol, out } = packet
  if (src === undefined || dst === undefined || protocol === undefined) return undefined
  if (isSolicitation(packet)) return advertisementTo(told, host)
  // who has no address yet, as a DHCP client, is answered by way of all, or of its link address
  if (src === '0.0.0.0' || src === '::') return undefined
  // who of them answers is not known, and nobody does so with the address that was asked
  if (outcome !== 'delivered' && isForMany(packet, host)) return undefined
  const back: Packet = { src: dst, dst: src, protocol }
  if (outcome !== 'delivered') {
    if (out === undefined) return undefined
    // what this host sent by a bridge's port is answered by that one
    back.in = asked.in === undefined && bridgeOfPort(host, asked.physOut)?.name === out ? asked.physOut! : out
    const { physIn, physOut } = packet
    if (physIn !== undefined && physOut !== undefined) Object.assign(back, { physIn: physOut, physOut: physIn })
    Object.assign(back, backOverBridge(asked, packet, host))
  } else {
    // what this host sends to whom a bridge knows behind a port leaves by that port
    const port = asked.physIn ?? asked.in
    if (bridgeOfPort(host, port)) back.physOut = port!
  }
  switch (protocol) {
    case 'tcp':
      if (sport === undefined || dport === undefined) return undefined
      Object.assign(back, { sport: dport, dport: sport, tcpFlags: ['syn', 'ack'] })
      if (asked.tcpSeq !== undefined) Object.assign(back, { tcpSeq: 0, tcpAck: (asked.tcpSeq + 1) >>> 0 })
      if (asked.tcpWindow !== undefined) back.tcpWindow = asked.tcpWindow
      return back
    case 'udp':
      return sport === undefined || dport === undefined ? undefined : { ...back, sport: dport, dport: sport }
    default: {
      const { icmpId, icmpSeq, icmpType } = packet
      if (icmpId === undefined || (icmpType !== 8 && icmpType !== 128)) return undefined
      const type = icmpType === 8 ? 0 : 129
      return { ...back, icmpType: type, icmpCode: 0, icmpId, ...(icmpSeq === undefined ? {} : { icmpSeq }) }
    }
  }
}

/** From the port where a bridge has passed the request on, to the port where that came in. */
function backOverBridge(asked: Packet, { out }: Packet, host: Host): Packet {
  const { srcMac, dstMac } = asked
  const bridge = bridgeOfPort(host, asked.in)
  const isBetweenPorts = bridge !== undefined && bridgeOfPort(host, out) === bridge
  // IP's chains name the bridge and no port
  if (!isBetweenPorts && (out !== asked.in || !bridgePassingOn(asked, host))) return {}
  return {
    ...(isBetweenPorts ? { out: asked.in! } : {}),
    ...(dstMac === undefined ? {} : { srcMac: dstMac }),
    ...(srcMac === undefined ? {} : { dstMac: srcMac }),
  }
}

/** What comes back where nothing listens: a reset, or an ICMP error that quotes the packet. */
export function refusalTo(asked: Packet, played: Played, host: Host): Packet | undefined {
  const back = answerTo(asked, played, host)
  if (back?.protocol === 'tcp') return { ...back, tcpFlags: ['rst', 'ack'], tcpSeq: 0, tcpWindow: 0 }
  if (back?.protocol !== 'udp') return undefined
  const { sport, dport, protocol, ...ends } = back
  const [icmp, icmpType, icmpCode] = back.src?.includes(':') ? (['icmpv6', 1, 4] as const) : (['icmp', 3, 3] as const)
  return { ...ends, protocol: icmp, icmpType, icmpCode, inner: turned(back) }
}

/** It is for who has asked from outside, and ends on this host: a mark may lead it to a local route. */
export const isKeptHere = (asked: Packet, outcome: Outcome): boolean =>
  outcome === 'delivered' && asked.in !== undefined && asked.in !== 'lo'

/** Does the answer, as it arrived, come from whom was asked? Undefined: that is not known. */
export function reaches(asked: Packet, { packet, ended }: Played): boolean | undefined {
  if (ended.outcome === 'undetermined') return undefined
  if (!isPassed(ended.outcome) || isKeptHere(asked, ended.outcome)) return false
  if (isSolicitation(asked)) return packet.dst === asked.src
  const { inner } = packet
  if (inner) return packet.dst === asked.src && inner.dst === asked.dst && inner.dport === asked.dport
  return packet.src === asked.dst && packet.dst === asked.src && packet.sport === asked.dport
}

/** The packet as it was before conntrack's entry sent it to another destination, where the journey begins behind that. */
export function asItCame({ journey, arrivals, nat }: Evidence, world: World): Packet {
  const packet = beforeNotrack(journey.packet, arrivals)
  const { hook } = arrivals[0] ?? {}
  if (nat === 'passed' || (hook !== 'forward' && hook !== 'input' && hook !== 'postrouting')) return packet
  const { original } = entryOpened(packet, world) ? {} : (entryRewritten(packet, world) ?? {})
  if (!original) return packet
  return { ...packet, dst: original.dst, ...(original.dport === undefined ? {} : { dport: original.dport }) }
}

/** The trace has the state that a rule of this host gave it. */
function beforeNotrack(packet: Packet, arrivals: Evidence['arrivals']): Packet {
  if (packet.ctState !== 'untracked') return packet
  const isExempted = arrivals.some(({ rule }) => rule?.statements.some(({ kind }) => kind === 'notrack'))
  if (!isExempted) return packet
  const { ctState: _, ...came } = packet
  return came
}

/** The entry that the packet has begun. */
export const entryBegun = (evidence: Evidence, world: World): ConntrackEntry | undefined =>
  entryOpened(asItCame(evidence, world), world)

/** conntrack lists it, and something has come back. */
export function isReplied({ evidence, world }: { evidence: Evidence; world: World }): boolean {
  const entry = entryBegun(evidence, world)
  return entry !== undefined && !isUnreplied(entry)
}

/**
 * What was asked, of a packet that answers it; undefined where it answers nothing, or where that or its way in is not known,
 * and where another address was asked than the one that answers.
 */
export function openingOf(answer: Packet, world: World): Packet | undefined {
  const asked = entryAskedElsewhere(answer, world) ? undefined : askedFor(answer, world)
  return asked && comingIn(asked, world.host)
}

/** Does it answer something, by whichever interface that came? */
export const isAnswer = (packet: Packet, world: World): boolean => askedFor(packet, world) !== undefined

/** As openingOf; by which interface it came is not told. */
export function askedFor(answer: Packet, world: World): Packet | undefined {
  if (answer.inner || answer.protocol === undefined) return undefined
  if (answer.protocol === 'tcp' && !has(answer, 'syn', 'ack') && !refusesOpening(answer)) return undefined
  const entry = entryAnswered(answer, world)
  if (!entry && answer.protocol === 'udp' && udpDirection(answer, world) !== 'reply') return undefined
  // no group, and no broadcast address, has asked anything
  const asked = entry ? askedBy(entry) : isForMany(answer, world.host) ? undefined : askedAlone(answer)
  if (asked?.protocol === 'tcp' && answer.tcpAck !== undefined) asked.tcpSeq = (answer.tcpAck - 1) >>> 0
  return asked
}

/** The packet that began the connection; undefined where nothing tells by which interface it came. */
export const openingBy = (entry: ConntrackEntry, host: Host): Packet | undefined => comingIn(askedBy(entry), host)

function comingIn(asked: Packet, host: Host): Packet | undefined {
  if (!asked.src || !asked.dst) return undefined
  if (asked.protocol === 'tcp') asked.tcpFlags = ['syn']
  if (isLocal(asked.src, host)) return asked
  // before any rule has marked it
  const device = lookupRoute({ dst: asked.src, mark: 0 }, host)
  const [name] = device ? routeDevices(device) : []
  return name === undefined ? undefined : { ...asked, in: name }
}

function askedBy({ protocol, original }: ConntrackEntry): Packet {
  const { src, dst, sport, dport, icmpId, icmpType } = original
  return {
    ...{ protocol, src, dst },
    ...(sport === undefined ? {} : { sport }),
    ...(dport === undefined ? {} : { dport }),
    ...(icmpId === undefined ? {} : { icmpId, icmpType: icmpType ?? 8, icmpCode: 0 }),
  }
}

/** Without an entry what is an answer by itself, or by its ports. */
function askedAlone({ protocol, src, dst, sport, dport, icmpType, icmpId }: Packet): Packet | undefined {
  if (src === undefined || dst === undefined || protocol === undefined) return undefined
  if ((protocol === 'tcp' || protocol === 'udp') && sport !== undefined && dport !== undefined)
    return { protocol, src: dst, dst: src, sport: dport, dport: sport }
  if (icmpId !== undefined && (icmpType === 0 || icmpType === 129))
    return { protocol, src: dst, dst: src, icmpType: icmpType === 0 ? 8 : 128, icmpCode: 0, icmpId }
  return undefined
}

/**
 * A reset of what had asked to begin acknowledges that and has no number of its own (RFC 9293, 3.5.2); one without
 * ACK ends a connection that there was, as a client's does that has had enough.
 */
export const refusesOpening = (packet: Packet): boolean => {
  const { tcpFlags = [], tcpSeq, tcpWindow, length = 0, dst = '', ctDir, sport = 0, dport = PRIVILEGED } = packet
  if (!tcpFlags.includes('rst') || !tcpFlags.includes('ack') || ctDir === 'original') return false
  // a client that has had enough, where its number is not shown
  if (tcpSeq === undefined && ctDir === undefined && sport >= PRIVILEGED && dport < LEAST_RESERVED) return false
  if (showsReset(packet)) return (tcpSeq ?? 0) === 0 && (tcpWindow ?? 0) === 0
  // a connection's own reset has its timestamps
  return length <= (dst.includes(':') ? 60 : 40)
}

/** Does the capture show what a reset of an opening has that no other one has? xtables-monitor does not. */
export const showsReset = ({ tcpSeq, tcpWindow }: Packet): boolean => tcpSeq !== undefined || tcpWindow !== undefined

/** SYN and ACK: whoever was asked says yes, also where nothing is tracked. */
export const acceptsOpening = ({ protocol, tcpFlags = [] }: Packet): boolean =>
  protocol === 'tcp' && tcpFlags.includes('syn') && tcpFlags.includes('ack')
