/**
 * One connection from its words (`src=…`, `[UNREPLIED]`): all that `conntrack -L`, its other forms and /proc have in
 * common. A second `src=` begins the reply's tuple.
 */

import type { Counters } from '../../model/counters.ts'
import type { ConntrackEntry, Tuple } from '../../model/host.ts'
import { kernelNumber } from '../../model/kernel-number.ts'
import { canonicalAddress, familyOf } from '../../rules/prefixes.ts'

export interface EntryHead {
  /** As the listing names it; `unknown` where it has no name for the number. */
  protocol: string
  number: string
  timeout?: string | undefined
  state?: string | undefined
}

/** Undefined where a tuple is missing. Words that are not known are added to `unknown`, and the rest is kept. */
export function makeEntry(head: EntryHead, words: Iterable<string>, unknown: string[]): ConntrackEntry | undefined {
  const parts: Parts = { original: {}, reply: undefined, status: [], entry: {}, unknown }
  for (const word of words) if (word !== '') readWord(word, parts)
  const original = finishTuple(parts.original)
  const reply = parts.reply && finishTuple(parts.reply)
  if (!original || !reply) return undefined
  const entry: ConntrackEntry = {
    family: familyOf(original.src),
    protocol: head.protocol === 'unknown' ? head.number : head.protocol,
    original,
    reply,
    status: parts.status,
    ...parts.entry,
  }
  const timeout = kernelNumber(head.timeout)
  if (timeout !== undefined) entry.timeout = timeout
  if (head.state !== undefined) entry.state = head.state
  const counters = { original: finishCounters(parts.original), reply: finishCounters(parts.reply!) }
  if (counters.original && counters.reply) entry.counters = { original: counters.original, reply: counters.reply }
  return entry
}

type Direction = Partial<Tuple & Counters>

interface Parts {
  original: Direction
  /** Present once its `src=` was seen. */
  reply: Direction | undefined
  status: string[]
  entry: Pick<ConntrackEntry, 'mark' | 'zone' | 'originalZone' | 'replyZone' | 'id' | 'helper' | 'labels' | 'secctx'>
  unknown: string[]
}

/** Nothing that decides a packet's way. */
const BESIDES = new Set(['use', 'delta-time', 'secmark', 'timeout', 'stream_timeout'])

function readWord(word: string, parts: Parts): void {
  if (word.startsWith('[') && word.endsWith(']')) {
    parts.status.push(word.slice(1, -1).toLowerCase())
    return
  }
  const equals = word.indexOf('=')
  const key = word.slice(0, equals)
  const value = word.slice(equals + 1)
  if (equals < 0 || !readValue(key, value, parts)) if (!BESIDES.has(key)) parts.unknown.push(word)
}

/** Whether the word was understood. */
function readValue(key: string, value: string, parts: Parts): boolean {
  if (key === 'src') {
    if (parts.original.src !== undefined) parts.reply = {}
    return setAddress(parts.reply ?? parts.original, 'src', value)
  }
  const direction = parts.reply ?? parts.original
  switch (key) {
    case 'dst':
      return setAddress(direction, 'dst', value)
    case 'helper':
    case 'secctx':
      parts.entry[key] = value
      return true
    case 'labels':
      parts.entry.labels = value.split(',')
      return true
  }
  const number = kernelNumber(value)
  return number !== undefined && setNumber(key, number, direction, parts.entry)
}

function setNumber(key: string, value: number, direction: Direction, entry: Parts['entry']): boolean {
  switch (key) {
    case 'sport':
    case 'dport':
    case 'packets':
    case 'bytes':
      direction[key] = value
      return true
    case 'type':
      direction.icmpType = value
      return true
    case 'code':
      direction.icmpCode = value
      return true
    case 'srckey':
      direction.sourceKey = value
      return true
    case 'dstkey':
      direction.destinationKey = value
      return true
    case 'id':
      // ICMP's id follows its type; the connection's own (-o id) comes last
      if (direction.icmpType !== undefined && direction.icmpId === undefined) direction.icmpId = value
      else entry.id = value
      return true
    case 'mark':
    case 'zone':
      entry[key] = value
      return true
    case 'zone-orig':
      entry.originalZone = value
      return true
    case 'zone-reply':
      entry.replyZone = value
      return true
  }
  return false
}

function setAddress(direction: Direction, key: 'src' | 'dst', value: string): boolean {
  const address = canonicalAddress(value)
  if (address !== undefined) direction[key] = address
  return address !== undefined
}

function finishTuple({ packets, bytes, src, dst, ...rest }: Direction): Tuple | undefined {
  return src === undefined || dst === undefined ? undefined : { src, dst, ...rest }
}

const finishCounters = ({ packets, bytes }: Direction): Counters | undefined =>
  packets === undefined || bytes === undefined ? undefined : { packets, bytes }
