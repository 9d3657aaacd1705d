/** What statements change of a packet on its way through a rule. What cannot be told is not known from then on. */

import { formatAddress, parseAddress } from '../model/address.ts'
import type { Scalar } from '../model/condition.ts'
import type { Packet } from '../model/packet.ts'
import type { Rule } from '../model/ruleset.ts'
import type { Assignment, Statement } from '../model/statement.ts'
import { wordTable } from '../model/word-table.ts'
import { ABSENT, type EvalContext } from './eval-context.ts'
import { exchangePrefix } from './exchange-prefix.ts'
import { fieldsAt, placeOf, valuesAt } from './facts/raw.ts'
import { reader } from './facts.ts'
import { fieldType } from './fields.ts'
import { mappedNumber, mappedText } from './nft/map.ts'
import { updated, withoutSet } from './nft/update.ts'
import { isUnknown, type Unknown, unknown } from './truth.ts'

/** Where a packet keeps a field that statements write; the others are never known anyway. */
const KEYS: Readonly<Record<string, keyof Packet>> = wordTable({
  'meta mark': 'mark',
  'ct mark': 'ctMark',
  'ct zone': 'ctZone',
  'ip ttl': 'ttl',
  'ip6 hoplimit': 'ttl',
  'ip tos': 'tos',
  'ip6 tos': 'tos',
  'ip dscp': 'tos',
  'ip6 dscp': 'tos',
  'ip ecn': 'tos',
  'ip6 ecn': 'tos',
  'ip saddr': 'src',
  'ip daddr': 'dst',
  'ip6 saddr': 'src',
  'ip6 daddr': 'dst',
  'ip id': 'ipId',
  'ip6 flowlabel': 'flowLabel',
  'tcp flags': 'tcpFlags',
  'tcp sequence': 'tcpSeq',
  'tcp ackseq': 'tcpAck',
  'tcp window': 'tcpWindow',
  ...Object.fromEntries(
    ['th', 'tcp', 'udp', 'udplite', 'sctp', 'dccp'].flatMap((name) => [
      [`${name} sport`, 'sport'],
      [`${name} dport`, 'dport'],
    ]),
  ),
  ...Object.fromEntries(
    ['icmp', 'icmpv6'].flatMap((name) => [
      [`${name} type`, 'icmpType'],
      [`${name} code`, 'icmpCode'],
      [`${name} id`, 'icmpId'],
      [`${name} sequence`, 'icmpSeq'],
    ]),
  ),
  'ether saddr': 'srcMac',
  'ether daddr': 'dstMac',
  'tcp option maxseg size': 'tcpOptions',
  'tcp options': 'tcpOptions',
})

/** What hangs on the packet, and is no part of it; and what follows from its length until a rule writes it. */
const BESIDE: ReadonlySet<string> = new Set(['meta pkttype', 'meta priority', 'udp length'])

export const isBeside = (field: string): boolean => BESIDE.has(field)

/** All that rules have written of it, with this. */
export const beside = (
  { written = new Map() }: EvalContext,
  field: string,
  value: Scalar | Unknown,
): NonNullable<EvalContext['written']> => new Map(written).set(field, value)

/** Undefined for what no packet here keeps. */
export const keptAs = (field: string): keyof Packet | undefined => KEYS[field]

/** The moment behind all statements of a rule. */
export const afterAll = (statements: readonly Statement[], moment: EvalContext): EvalContext =>
  statements.reduce((now, one) => after(one, now), moment)

/** Does it write the packet's mark? */
export const writesMark = ({ statements }: Rule): boolean =>
  statements.some((one) => one.kind === 'set' && one.field === 'meta mark')

/** The moment behind a statement that gives no verdict. */
export function after(statement: Statement, moment: EvalContext): EvalContext {
  switch (statement.kind) {
    case 'set':
      return assign(statement, moment)
    case 'notrack':
      return withoutTracking(moment)
    case 'update-set': {
      const { set, nft } = statement
      const world = nft && updated({ ...statement, set, nft }, moment)
      return world ? { ...moment, world } : maybeAfter(statement, moment)
    }
    case 'unknown':
      return maybeAfter(statement, moment)
    default:
      return moment
  }
}

const MAY_BE = unknown('a rule may have written it')

/** The moment behind a statement of which it is not known whether it was carried out, or what it did. */
export function maybeAfter(statement: Statement, moment: EvalContext): EvalContext {
  switch (statement.kind) {
    case 'set':
      if (isBeside(statement.field)) return { ...moment, written: beside(moment, statement.field, MAY_BE) }
      return forgetKeys(keysAt(statement.field, moment), moment)
    case 'unknown':
      return forget(statement.fields ?? [], moment)
    case 'notrack':
      return forgetKeys(['ctState'], moment)
    case 'update-set':
      return { ...moment, world: withoutSet(moment.world, statement) }
    default:
      return moment
  }
}

/** A packet that has its entry already, as one that comes back over the loopback, keeps it (net/netfilter/xt_CT.c). */
function withoutTracking(moment: EvalContext): EvalContext {
  const { packet } = moment
  if (packet.ctState !== undefined && packet.ctState !== 'invalid') return moment
  if (packet.ctState === undefined && packet.in === 'lo') return moment
  return { ...moment, packet: { ...packet, ctState: 'untracked' } }
}

const forget = (fields: readonly string[], moment: EvalContext): EvalContext =>
  forgetKeys(
    fields.flatMap((field) => keysAt(field, moment)),
    moment,
  )

/** Where the packet keeps what is written there; bytes may be parts of several fields. */
export function keysAt(field: string, moment: EvalContext): (keyof Packet)[] {
  const names = fieldsAt(field, moment)?.names ?? [field]
  return names.flatMap((name) => KEYS[name] ?? [])
}

/** Bytes that are just one of the packet's fields are that field. */
export function namedField(field: string, moment: EvalContext): string {
  const at = field.startsWith('@') ? fieldsAt(field, moment) : undefined
  return at?.whole ? at.names[0]! : field
}

function forgetKeys(keys: readonly (keyof Packet)[], moment: EvalContext): EvalContext {
  const packet = { ...moment.packet }
  for (const key of keys) delete packet[key]
  return { ...moment, packet }
}

function assign(assignment: Assignment, moment: EvalContext): EvalContext {
  if (assignment.op === 'strip') return forget([assignment.field], moment)
  const value = assigned(assignment, moment)
  // a packet without that field stays as it is
  if (value === ABSENT) return moment
  const field = placeOf(assignment.field, moment)
  if (field === 'ct label') return { ...moment, written: beside(moment, field, MAY_BE) }
  if (isBeside(field)) return { ...moment, written: beside(moment, field, value) }
  const change = isUnknown(value) ? undefined : written(field, value, moment)
  return change ? { ...moment, packet: { ...moment.packet, ...change } } : forget([field], moment)
}

type Number3 = number | typeof ABSENT | Unknown
type Value3 = Number3 | string

/** The field's new value; ABSENT where the packet has no such field. */
export function assigned(given: Assignment, moment: EvalContext): Value3 {
  const assignment = { ...given, field: placeOf(given.field, moment) }
  const { field, value, map } = assignment
  const type = fieldType(field)
  if (type === undefined || type === 'number' || type === 'flags') return assignedNumber(assignment, moment)
  const old = reader(field)(moment)
  if (old === ABSENT) return ABSENT
  if (map) return mappedText(map, moment)
  if (typeof value !== 'object') return String(value)
  const held = reader(value.field)(moment)
  if (held === ABSENT || isUnknown(held)) return held
  return value.prefix
    ? (exchangePrefix(String(held), value.prefix) ?? unknown('no part of the address makes up for its other prefix'))
    : String(held)
}

function assignedNumber({ field, value, map, mask = 0xffffffff, op }: Assignment, moment: EvalContext): Number3 {
  const operand = map ? mappedNumber(map, moment) : operandOf(value, moment)
  const old = numberAt(field, moment)
  if (typeof operand !== 'number' || old === ABSENT) return old === ABSENT ? old : operand
  if (op === undefined && mask === 0xffffffff && !field.startsWith('ct ')) return operand >>> 0
  if (typeof old !== 'number') return old
  if (op === 'add') return Math.min(255, old + operand)
  if (op === 'sub') return Math.max(0, old - operand)
  if (op === 'min') return Math.min(old, operand)
  return ((old & ~mask) ^ operand) >>> 0
}

function operandOf(value: Assignment['value'], moment: EvalContext): Number3 {
  if (typeof value === 'number') return value
  if (typeof value === 'string') return unknown('a rule sets it to a name, and the number of that name is unknown')
  const held = numberAt(value.field, moment)
  if (typeof held !== 'number') return held
  const bits = (held & (value.mask ?? 0xffffffff)) >>> 0
  const shift = value.shift ?? 0
  return (shift < 0 ? bits >>> -shift : bits << shift) >>> 0
}

function numberAt(field: string, moment: EvalContext): Number3 {
  const held = reader(field)(moment)
  if (held === ABSENT || isUnknown(held)) return held
  return typeof held === 'number' ? held : unknown(`${field} is no number`)
}

/** What is new of the packet, also where bytes are written by their place. Undefined: as for `stored`. */
export function written(field: string, value: number | string, moment: EvalContext): Partial<Packet> | undefined {
  const name = namedField(field, moment)
  if (!name.startsWith('@')) return stored(name, value, moment.packet)
  const values = typeof value === 'number' ? valuesAt(name, value, moment) : undefined
  if (!values) return undefined
  const change: Partial<Packet> = {}
  for (const [each, part] of values) {
    const one = stored(each, part, { ...moment.packet, ...change })
    if (!one) return undefined
    Object.assign(change, one)
  }
  return change
}

/** What is new of the packet. Undefined where it keeps more than this part, and the rest is not known. */
function stored(field: string, value: number | string, packet: Packet): Partial<Packet> | undefined {
  const key = KEYS[field]
  if (key === 'src' || key === 'dst') return storedAddress(key, value)
  if (key === 'srcMac' || key === 'dstMac') return typeof value === 'string' ? { [key]: value } : undefined
  if (typeof value === 'string') return undefined
  if (key === 'tos') return storedTos(field, value, packet.tos)
  if (key === 'tcpFlags') return { tcpFlags: flagNames(value, packet.tcpFlags) }
  return key !== undefined && NUMBERS.has(key) ? { [key]: value } : undefined
}

const NUMBERS: ReadonlySet<keyof Packet> = new Set<keyof Packet>([
  ...(['mark', 'ctMark', 'ctZone', 'ttl', 'ipId', 'flowLabel', 'sport', 'dport', 'tcpSeq', 'tcpAck'] as const),
  ...(['tcpWindow', 'icmpType', 'icmpCode', 'icmpId', 'icmpSeq'] as const),
])

/** By its place, an address is a number. */
function storedAddress(key: 'src' | 'dst', value: number | string): Partial<Packet> | undefined {
  if (typeof value === 'number')
    return { [key]: formatAddress(Uint8Array.from([24, 16, 8, 0], (bits) => (value >>> bits) & 0xff)) }
  const bytes = parseAddress(value)
  return bytes && { [key]: formatAddress(bytes) }
}

function storedTos(field: string, value: number, tos: number | undefined): Partial<Packet> | undefined {
  if (field.endsWith(' tos')) return { tos: value & 0xff }
  if (tos === undefined) return undefined
  return { tos: field.endsWith(' dscp') ? (tos & 3) | ((value & 0x3f) << 2) : (tos & 0xfc) | (value & 3) }
}

const FLAGS = ['fin', 'syn', 'rst', 'psh', 'ack', 'urg', 'ece', 'cwr']

const flagNames = (bits: number, old: readonly string[] = []): string[] => [
  ...FLAGS.filter((_, bit) => bits & (1 << bit)),
  ...old.filter((flag) => !FLAGS.includes(flag)),
]
