/** Entries of host state, by the packets that they are about. */
import { turned } from '../../model/direction.ts'
import type { ConntrackEntry, Tuple } from '../../model/host.ts'
import { memo } from '../../model/memo.ts'
import type { Packet } from '../../model/packet.ts'
import type { World } from '../../model/world.ts'
import { zoneOf } from './connection.ts'
import { originOf } from './without-entry.ts'

/** The entry whose answers such a packet belongs to, of those in host state. */
export const entryAnswered = (packet: Packet, { host: { conntrack } }: World): ConntrackEntry | undefined =>
  conntrack && entryOf('reply', packet, conntrack)

/** The entry that such a packet has begun, or could have. */
export const entryOpened = (packet: Packet, { host: { conntrack } }: Pick<World, 'host'>): ConntrackEntry | undefined =>
  conntrack && entryOf('original', packet, conntrack)

/** The entry that has sent the packet, as it is behind the place where destinations are rewritten, to another one. */
export const entryRewritten = (packet: Packet, { host: { conntrack } }: World): ConntrackEntry | undefined =>
  conntrack && entryOf('rewritten', packet, conntrack)

/** The entry whose replies are such a packet where they leave: who was asked stands for who replied once more. */
export const entryReturned = (packet: Packet, { host: { conntrack } }: World): ConntrackEntry | undefined =>
  conntrack && entryOf('returned', packet, conntrack)

/**
 * The entry that waits for such a packet from another address: its sender was not asked, so connection tracking does not
 * know it for the reply. Undefined where several wait, or where the packet has an entry of its own.
 */
export function entryAskedElsewhere(packet: Packet, world: Pick<World, 'host'>): ConntrackEntry | undefined {
  const { conntrack } = world.host
  if (!conntrack || !packet.src || !isReplyByItself(packet)) return undefined
  if (entryOf('reply', packet, conntrack) || entryOf('original', packet, conntrack)) return undefined
  const { all, gone } = originOf(conntrack)
  const like = indexOf(all).waiting.get(tupleKey({ ...packet, src: '' }, packet.protocol)) ?? []
  const waiting = like.filter((one) => !gone.includes(one))
  const [entry] = waiting
  return entry && waiting.every(({ reply }) => reply.src === entry.reply.src && reply.src !== packet.src)
    ? entry
    : undefined
}

/** What nobody sends unasked. */
function isReplyByItself({ protocol, tcpFlags = [], icmpType, inner, sport, dport }: Packet): boolean {
  if (inner) return false
  if (protocol === 'icmp' || protocol === 'icmpv6') return icmpType === 0 || icmpType === 129
  if (sport === undefined || dport === undefined) return false
  // where both ends have the service's port, any peer may begin
  return protocol === 'tcp'
    ? tcpFlags.includes('syn') && tcpFlags.includes('ack')
    : protocol === 'udp' && sport !== dport
}

/** Nothing had come back when the connections were listed. */
export const isUnreplied = ({ status }: Pick<ConntrackEntry, 'status'>): boolean => status.includes('unreplied')

/** Is it one that such a packet has begun, and that leaves its destination as it is? */
export function keepsDestination(packet: Packet, world: World): boolean {
  const { original, reply } = entryOpened(packet, world) ?? {}
  return original !== undefined && original.dst === reply?.src && original.dport === reply?.sport
}

type Tuples = 'original' | 'rewritten' | 'reply' | 'returned'

interface Index {
  /** Tuples that entries of several zones have: which one a packet belongs to is its zone's business, and not known here. */
  shared: Set<string>
  original: Map<string, ConntrackEntry>
  rewritten: Map<string, ConntrackEntry>
  reply: Map<string, ConntrackEntry>
  returned: Map<string, ConntrackEntry>
  /** Nothing has come back, by the reply that would: from whichever address. */
  waiting: Map<string, ConntrackEntry[]>
}

// there may be millions of them
const indexOf = memo((conntrack: readonly ConntrackEntry[]): Index => {
  const index: Index = {
    ...{ shared: new Set(), original: new Map(), rewritten: new Map(), reply: new Map() },
    ...{ returned: new Map(), waiting: new Map() },
  }
  for (const entry of conntrack) {
    const key = tupleKey(entry.original, entry.protocol)
    const twin = index.original.get(key)
    // the same connection may be listed twice
    if (twin && zoneOf(twin).original !== zoneOf(entry).original) index.shared.add(key)
    index.original.set(key, entry)
    index.reply.set(tupleKey(entry.reply, entry.protocol), entry)
    const { original, reply } = entry
    if (isUnreplied(entry)) {
      const from = tupleKey({ ...reply, src: '' }, entry.protocol)
      const others = index.waiting.get(from)
      if (others) others.push(entry)
      else index.waiting.set(from, [entry])
    }
    if (original.dst === reply.src && original.dport === reply.sport) continue
    index.returned.set(tupleKey(turned(original), entry.protocol), entry)
    index.rewritten.set(tupleKey({ ...original, dst: reply.src, ...portOf(reply.sport) }, entry.protocol), entry)
  }
  return index
})

function entryOf(by: Tuples, packet: Packet, conntrack: readonly ConntrackEntry[]): ConntrackEntry | undefined {
  const { all, gone } = originOf(conntrack)
  const index = indexOf(all)
  const key = tupleKey(packet, packet.protocol)
  const entry = by === 'original' && index.shared.has(key) ? undefined : index[by].get(key)
  return entry && !gone.includes(entry) ? entry : undefined
}

const portOf = (dport: number | undefined) => (dport === undefined ? {} : { dport })

const tupleKey = ({ src, dst, sport, dport, icmpId }: Tuple | Packet, protocol: string | undefined): string =>
  `${protocol} ${src} ${sport} ${dst} ${dport} ${icmpId}`
