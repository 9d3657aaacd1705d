/** Entries of host state, by the packets that they are about. */
import type { ConntrackEntry, Tuple } from '../../model/host.ts'
import { memo } from '../../model/memo.ts'
import type { Packet } from '../../model/packet.ts'
import type { World } from '../../model/world.ts'
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

/** Nothing had come back when the connections were listed. */
export const isUnreplied = ({ status }: Pick<ConntrackEntry, 'status'>): boolean => status.includes('unreplied')

/** Is it one that such a packet has begun, and that leaves its destination as it is? */
export function keepsDestination(packet: Packet, world: World): boolean {
  const { original, reply } = entryOpened(packet, world) ?? {}
  return original !== undefined && original.dst === reply?.src && original.dport === reply?.sport
}

interface Index {
  original: Map<string, ConntrackEntry>
  rewritten: Map<string, ConntrackEntry>
  reply: Map<string, ConntrackEntry>
}

// there may be millions of them
const indexOf = memo((conntrack: readonly ConntrackEntry[]): Index => {
  const index: Index = { original: new Map(), rewritten: new Map(), reply: new Map() }
  for (const entry of conntrack) {
    index.original.set(tupleKey(entry.original, entry.protocol), entry)
    index.reply.set(tupleKey(entry.reply, entry.protocol), entry)
    const { original, reply } = entry
    if (original.dst !== reply.src || original.dport !== reply.sport)
      index.rewritten.set(tupleKey({ ...original, dst: reply.src, ...portOf(reply.sport) }, entry.protocol), entry)
  }
  return index
})

function entryOf(by: keyof Index, packet: Packet, conntrack: readonly ConntrackEntry[]): ConntrackEntry | undefined {
  const { all, gone } = originOf(conntrack)
  const entry = indexOf(all)[by].get(tupleKey(packet, packet.protocol))
  return entry && !gone.includes(entry) ? entry : undefined
}

const portOf = (dport: number | undefined) => (dport === undefined ? {} : { dport })

const tupleKey = ({ src, dst, sport, dport, icmpId }: Tuple | Packet, protocol: string | undefined): string =>
  `${protocol} ${src} ${sport} ${dst} ${dport} ${icmpId}`
