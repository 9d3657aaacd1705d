/**
 * `conntrack -L` (libnetfilter_conntrack, conntrack/snprintf_default.c) and /proc/net/nf_conntrack (Linux,
 * net/netfilter/nf_conntrack_standalone.c ct_seq_show). The latter begins with the family (`ipv4     2`), which
 * `conntrack -L` prints only with `-o extended`, and writes IPv6 addresses in full. Then: protocol, its number,
 * seconds left (not for offloaded flows), state (not for all protocols), the original tuple, `[UNREPLIED]`, the
 * reply tuple, `[ASSURED]` or `[OFFLOAD]`, and what belongs to the whole connection.
 */
import type { ConntrackEntry, Tuple } from '../../model/host.ts'
import type { Counters } from '../../model/ruleset.ts'
import { canonicalAddress, familyOf } from '../../rules/prefixes.ts'
import type { HostFormat } from './format.ts'
import { forEachLine, quoted, wholeLines } from './lines.ts'

const ENTRY =
  /^(?:ipv[46]\s+\d+\s+)?([a-z][\w-]*)\s+(\d+)\s+(?:(\d+)\s+)?(?:([A-Z][A-Z0-9_]*)\s+)?((?:\w+=\S+\s+)*?src=.*)$/
/** What conntrack adds on standard error. */
const SUMMARY = /^conntrack v\S+ \(conntrack-tools\):/

export const conntrack: HostFormat = {
  id: 'conntrack',
  describe: 'conntrack -L, /proc/net/nf_conntrack',
  sniff(head) {
    const first = wholeLines(head)[0]
    return first !== undefined && (ENTRY.test(first) || SUMMARY.test(first))
  },
  read(text, report) {
    const entries: ConntrackEntry[] = []
    forEachLine(text, (line, number) => {
      if (line.trim() === '' || SUMMARY.test(line)) return
      const unknown: string[] = []
      const entry = readConntrackEntry(line, unknown)
      if (!entry) {
        report('line-not-understood', `not a connection as conntrack prints it: ${quoted(line)}`, number)
        return
      }
      entries.push(entry)
      for (const word of unknown) report('word-not-understood', `a connection's "${word}" is not known`, number)
    })
    return { host: { conntrack: entries } }
  },
}

/** One line; undefined where it is none. Words that are not known are added to `unknown`, and the rest is kept. */
function readConntrackEntry(line: string, unknown: string[]): ConntrackEntry | undefined {
  const [, name, number, timeout, state, rest] = ENTRY.exec(line) ?? []
  if (name === undefined || number === undefined || rest === undefined) return undefined
  const parts: Parts = { original: {}, reply: undefined, status: [], entry: {}, unknown }
  // [start=Fri Nov 20 07:40:30 2026] is the only value with blanks (-o ktimestamp)
  for (const word of rest.replace(/\[(start|stop)=[^\]]*\]/g, '').split(' ')) if (word !== '') readWord(word, parts)
  const original = finishTuple(parts.original)
  const reply = parts.reply && finishTuple(parts.reply)
  if (!original || !reply) return undefined
  const entry: ConntrackEntry = {
    family: familyOf(original.src),
    protocol: name === 'unknown' ? number : name,
    original,
    reply,
    status: parts.status,
    ...parts.entry,
  }
  if (timeout !== undefined) entry.timeout = Number(timeout)
  if (state !== undefined) entry.state = state
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
  if (!/^(0x[0-9a-f]+|\d+)$/.test(value)) return false
  return setNumber(key, Number(value), direction, parts.entry)
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
