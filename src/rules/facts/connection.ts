/**
 * What connection tracking says of the packet. Its addresses come from the packet where it is certain that nothing
 * was rewritten, else from the entry. An entry of host state was listed at another time than the packet passed: it is
 * asked only for packets of a connection that was there before them, and only for what stays as long as the entry.
 */
import type { Direction } from '../../model/direction.ts'
import type { ConntrackEntry, Tuple } from '../../model/host.ts'
import type { CtState, Packet } from '../../model/packet.ts'
import { zoneOf } from '../conntrack/connection.ts'
import { ABSENT, type EvalContext, ipVersion, packetField, type Read, type Readers } from '../eval-context.ts'
import { protocolNumber } from '../iptables/protocols.ts'
import { isUnknown, type Unknown, unknown } from '../truth.ts'

/** Such a packet has no entry that anything could be asked of. */
const NO_ENTRY: readonly (CtState | undefined)[] = ['invalid', 'untracked']

const ofEntry =
  (read: Read): Read =>
  (moment) =>
    NO_ENTRY.includes(moment.packet.ctState) ? ABSENT : read(moment)

const direction: Read = (moment) => {
  const { ctDir, ctState } = moment.packet
  if (ctDir !== undefined) return ctDir
  // only the one who begins is new
  if (ctState === 'new') return 'original'
  const found = findEntry(moment)
  return isUnknown(found) ? found : found.direction
}

/** An ICMP error belongs to the connection of the packet that it quotes. */
const protocol: Read = ({ packet, connection }) => {
  if (connection) return connection.protocol
  const quotes = packet.ctState === 'related' && ICMP.includes(protocolNumber(packet.protocol ?? ''))
  return quotes ? packet.inner?.protocol : packet.protocol
}

type Part = (tuple: Tuple) => string | number

/** Whatever the protocol has in place of ports, as xt_conntrack.c compares it: 16 bits of the tuple, 0 where it has none. */
const sourcePort: Part = ({ sport, icmpId, sourceKey }) => sport ?? icmpId ?? sourceKey ?? 0
const destinationPort: Part = ({ dport, icmpType, icmpCode, destinationKey }) =>
  dport ?? (icmpType === undefined ? (destinationKey ?? 0) : icmpType * 256 + (icmpCode ?? 0))

const tuplePart =
  (side: Direction, part: Part): Read =>
  (moment) => {
    const tuples = tuplesOf(moment)
    if (!isUnknown(tuples)) return part(tuples[side])
    return side === 'original' && moment.opening ? part(moment.opening) : tuples
  }

function tuplesOf(moment: EvalContext): Record<Direction, Tuple> | Unknown {
  const untouched = untouchedTuples(moment)
  if (untouched) return untouched
  const found = findEntry(moment)
  return isUnknown(found) ? found : found.entry
}

/** The original side of the connection that this packet opens, before anything rewrites it. */
export function openingTuple(packet: Packet): Tuple | undefined {
  const { src, dst } = packet
  const ends = endsOf(packet)
  return ends && src !== undefined && dst !== undefined ? { src, dst, ...ends.there } : undefined
}

/** Without NAT the packet says all itself; undefined where it is not certain that there is none. */
function untouchedTuples({ packet, connection }: EvalContext): Record<Direction, Tuple> | undefined {
  const { src, dst, ctState, ctStatus } = packet
  const way = packet.ctDir ?? (ctState === 'new' ? 'original' : undefined)
  // an error has no tuple but that of the packet it quotes
  if (connection || way === undefined || src === undefined || dst === undefined || ctState === 'related')
    return undefined
  if (!ctStatus || ctStatus.includes('snat') || ctStatus.includes('dnat')) return undefined
  const ends = endsOf(packet)
  if (!ends) return undefined
  const there: Tuple = { src, dst, ...ends.there }
  const back: Tuple = { src: dst, dst: src, ...ends.back }
  return way === 'original' ? { original: there, reply: back } : { original: back, reply: there }
}

const ICMP: readonly (number | undefined)[] = ['icmp', 'icmpv6'].map(protocolNumber)
const WITH_PORTS: readonly (number | undefined)[] = ['tcp', 'udp', 'udplite', 'sctp', 'dccp'].map(protocolNumber)
const GRE = protocolNumber('gre')
/** What ICMP asks → what it answers (nf_conntrack_proto_icmp.c, nf_conntrack_proto_icmpv6.c). */
const ANSWERS = new Map<number, number>(
  (
    [
      [8, 0],
      [13, 14],
      [15, 16],
      [17, 18],
      [128, 129],
      [139, 140],
    ] as const
  ).flatMap(([ask, answer]) => [[ask, answer] as const, [answer, ask] as const]),
)

function endsOf({
  protocol,
  sport,
  dport,
  icmpType,
  icmpCode,
  icmpId,
}: Packet): { there: object; back: object } | undefined {
  if (protocol === undefined) return undefined
  const number = protocolNumber(protocol)
  if (WITH_PORTS.includes(number)) {
    if (sport === undefined || dport === undefined) return undefined
    return { there: { sport, dport }, back: { sport: dport, dport: sport } }
  }
  if (ICMP.includes(number)) {
    const answer = icmpType === undefined ? undefined : ANSWERS.get(icmpType)
    if (answer === undefined || icmpCode === undefined || icmpId === undefined) return undefined
    return { there: { icmpType, icmpCode, icmpId }, back: { icmpType: answer, icmpCode, icmpId } }
  }
  return number === GRE ? undefined : { there: {}, back: {} }
}

interface Found {
  entry: ConntrackEntry
  direction: Direction
}

/** The one entry that the packet belongs to, whatever of its addresses is rewritten already. */
function findEntry({ packet, family, world, connection }: EvalContext): Found | Unknown {
  if (connection && packet.ctDir !== undefined) return { entry: connection, direction: packet.ctDir }
  if (!connection && packet.ctState !== 'established') return unknown("the connection's entry is not known")
  const entries = connection ? [connection] : world.host.conntrack
  if (!entries) return unknown("the connection's entry is not known (no `conntrack -L` given)")
  const found: Found[] = []
  for (const entry of entries) {
    if (entry.family !== family || !concerns(entry, packet)) continue
    for (const way of ['original', 'reply'] as const)
      if ((packet.ctDir ?? way) === way && fits(entry, way, packet)) found.push({ entry, direction: way })
  }
  const [first] = found
  if (!first) return unknown("the connection's entry is not listed")
  // two listings may show it, with other timeouts
  if (found.some((one) => !sameTuples(one, first))) return unknown('several listed entries match the packet')
  return first
}

const sameTuples = (a: Found, b: Found): boolean =>
  a.direction === b.direction &&
  JSON.stringify([a.entry.original, a.entry.reply]) === JSON.stringify([b.entry.original, b.entry.reply])

function concerns(entry: ConntrackEntry, { protocol, ctZone }: Packet): boolean {
  if (protocol === undefined || (ctZone !== undefined && (entry.zone ?? 0) !== ctZone)) return false
  return protocolNumber(entry.protocol) === protocolNumber(protocol)
}

/** On its way a packet has each end as it was sent, or as it is rewritten, which the answers' tuple shows. */
function fits(entry: ConntrackEntry, way: Direction, packet: Packet): boolean {
  const [sent, answered] = way === 'original' ? [entry.original, entry.reply] : [entry.reply, entry.original]
  const from = end(packet.src, packet.sport ?? packet.icmpId)
  const to = end(packet.dst, packet.dport)
  return (
    (from === end(sent.src, sent.sport ?? sent.icmpId) ||
      from === end(answered.dst, answered.dport ?? answered.icmpId)) &&
    (to === end(sent.dst, sent.dport) || to === end(answered.src, answered.sport))
  )
}

const end = (address: string | undefined, port: number | undefined): string => `${address} ${port ?? ''}`

/** Changes with time or with every packet, so only the entry of this very moment tells it. */
const changing =
  (what: string, read: (entry: ConntrackEntry) => ReturnType<Read>): Read =>
  ({ connection }) =>
    (connection && read(connection)) ?? unknown(`it is unknown ${what} at that moment`)

const labels = changing('which labels the connection had', ({ labels: held }) => held)

/** The packet's own; an entry of the other version is none of its. */
const network: Read = (moment) => {
  const version = ipVersion(moment)
  return version && (version === 'ip' ? 'ipv4' : 'ipv6')
}

const zoneIn =
  (side: Direction): Read =>
  ({ connection }) =>
    connection && zoneOf(connection)[side]

/** Of one direction or both (nf_conntrack_zones.h, nf_ct_zone). */
const zone: Read = ({ packet, connection }) => {
  if (packet.ctZone !== undefined || !connection) return packet.ctZone
  const { original, reply } = zoneOf(connection)
  return original || reply
}

type Counted = 'packets' | 'bytes'

/** Both directions together where `side` is `both`. An average of no packets is 0 (net/netfilter/xt_connbytes.c). */
function counter(side: Direction | 'both', what: Counted | 'avgpkt'): Read {
  return changing('how much the connection had carried', ({ counters }) => {
    if (!counters) return undefined
    const sum = (key: Counted) => (side === 'both' ? counters.original[key] + counters.reply[key] : counters[side][key])
    if (what !== 'avgpkt') return sum(what)
    return sum('packets') === 0 ? 0 : Math.floor(sum('bytes') / sum('packets'))
  })
}

/** The helper of the connection that announced this one; an entry does not say which that is. */
const helper: Read = ({ packet: { ctStatus } }) =>
  ctStatus && !ctStatus.includes('expected')
    ? ABSENT
    : unknown('the helper that created the expectation for the connection is not known')

const ENTRY: Readers = {
  'ct status': packetField('ctStatus'),
  'ct mark': packetField('ctMark'),
  'ct zone': zone,
  'ct original zone': zoneIn('original'),
  'ct reply zone': zoneIn('reply'),
  'ct l3proto': network,
  'ct original l3proto': network,
  'ct reply l3proto': network,
  'ct original protocol': protocol,
  'ct reply protocol': protocol,
  'ct direction': direction,
  'ct protocol': protocol,
  'ct helper': helper,
  'ct label': (moment) => moment.written?.get('ct label') ?? labels(moment),
  'ct expiration': changing('how much of the timeout of the connection entry was left', ({ timeout }) => timeout),
  'ct count': () => unknown('the number of connections open at that moment is not known'),
}

const ADDRESSES: Readers = Object.fromEntries(
  (['original', 'reply'] as const).flatMap((side) => [
    [`ct ${side} saddr`, tuplePart(side, ({ src }) => src)],
    [`ct ${side} daddr`, tuplePart(side, ({ dst }) => dst)],
    [`ct ${side} proto-src`, tuplePart(side, sourcePort)],
    [`ct ${side} proto-dst`, tuplePart(side, destinationPort)],
  ]),
)

const COUNTERS: Readers = Object.fromEntries(
  (['original', 'reply', 'both'] as const).flatMap((side) =>
    (['packets', 'bytes', 'avgpkt'] as const).map((what) => [`ct ${side} ${what}`, counter(side, what)]),
  ),
)

export const CONNECTION: Readers = {
  'ct state': packetField('ctState'),
  ...Object.fromEntries(
    Object.entries({ ...ENTRY, ...ADDRESSES, ...COUNTERS }).map(([field, read]) => [field, ofEntry(read)]),
  ),
}
