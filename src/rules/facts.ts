/**
 * What one packet's fields hold at one moment of its way, as far as the packet and the host's state tell. What is not
 * told is unknown, with the reason; one file for each layer is in facts/.
 */
import type { Packet } from '../model/packet.ts'
import { isStandIn } from '../model/stand-in.ts'
import { wordTable } from '../model/word-table.ts'
import type { ABSENT, EvalContext, Readers } from './eval-context.ts'
import { CONNECTION } from './facts/connection.ts'
import { HEADERS, headerUnder } from './facts/headers.ts'
import { madeNumber } from './facts/numbers.ts'
import { rawReader } from './facts/raw.ts'
import { ROUTING } from './facts/routing.ts'
import { TRANSPORT } from './facts/transport.ts'
import { UNKNOWNS } from './facts/unknowable.ts'
import { WAY } from './facts/way.ts'
import { FIELDS } from './fields.ts'
import { type Unknown, unknown } from './truth.ts'
import type { Held } from './values.ts'

export type { EvalContext } from './eval-context.ts'

const READERS: Readers = wordTable({ ...WAY, ...HEADERS, ...TRANSPORT, ...CONNECTION, ...ROUTING, ...UNKNOWNS })

type Reader = (moment: EvalContext) => Held | typeof ABSENT | Unknown

const readers = new Map<string, Reader>()

/** Reads one field; ABSENT where the packet does not have it. */
export function reader(field: string): Reader {
  let known = readers.get(field)
  if (!known) {
    const read = READERS[field] ?? rawReader(field) ?? madeNumber(field, reader)
    const missing = unknown(`${field} is not known`)
    known = read ? orDrawn(field, (moment) => read(moment) ?? missing) : () => missing
    if (FIELDS[field] === 'address') known = orStandIn(field, known)
    readers.set(field, known)
  }
  return known
}

/** What NAT may draw for a flow. */
const DRAWN: readonly [RegExp, keyof Packet][] = [
  [/^(th|tcp|udp|udplite|sctp|dccp) sport$/, 'sport'],
  [/^(th|tcp|udp|udplite|sctp|dccp) dport$/, 'dport'],
  [/^icmp(v6)? id$/, 'icmpId'],
  [/^ip6? saddr$/, 'src'],
  [/^ip6? daddr$/, 'dst'],
]

function orDrawn(field: string, read: Reader): Reader {
  const key = DRAWN.find(([name]) => name.test(field))?.[1]
  if (!key) return read
  const reason = unknown(`the ${field} of the flow is unknown: the kernel picked it`)
  return (moment) => (moment.drawn?.has(key) ? reason : read(moment))
}

function orStandIn(field: string, read: Reader): Reader {
  const reason = unknown(`${field} is an address of this host, which no listing shows`)
  return (moment) => {
    const value = read(moment)
    return isStandIn(value) ? reason : value
  }
}

/** The same where only some of its bits are asked for: of a field that is not known whole, these may be. */
export function readerUnder(field: string, mask: number | undefined): Reader {
  const read = mask === undefined ? undefined : (rawReader(field, mask) ?? headerUnder(field, mask))
  if (!read) return reader(field)
  const missing = unknown(`${field} is not known`)
  return (moment) => read(moment) ?? missing
}

export const held = (field: string, moment: EvalContext): ReturnType<Reader> => reader(field)(moment)
