/** What statements change of a packet on its way through a rule. What cannot be told is not known from then on. */

import type { Packet } from '../model/packet.ts'
import type { Assignment, Statement } from '../model/statement.ts'
import { wordTable } from '../model/word-table.ts'
import { ABSENT, type EvalContext } from './eval-context.ts'
import { reader } from './facts.ts'
import { mappedNumber } from './nft/map.ts'
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
  'tcp flags': 'tcpFlags',
  'tcp option maxseg size': 'tcpOptions',
  'tcp options': 'tcpOptions',
})

/** Undefined for what no packet here keeps. */
export const keptAs = (field: string): keyof Packet | undefined => KEYS[field]

/** The moment behind a statement that gives no verdict. */
export function after(statement: Statement, moment: EvalContext): EvalContext {
  switch (statement.kind) {
    case 'set':
      return assign(statement, moment)
    case 'notrack':
      return withoutTracking(moment)
    case 'update-set':
    case 'unknown':
      return maybeAfter(statement, moment)
    default:
      return moment
  }
}

/** The moment behind a statement of which it is not known whether it was carried out, or what it did. */
export function maybeAfter(statement: Statement, moment: EvalContext): EvalContext {
  switch (statement.kind) {
    case 'set':
      return forget([statement.field], moment)
    case 'unknown':
      return forget(statement.fields ?? [], moment)
    case 'notrack':
      return forgetKeys(['ctState'], moment)
    case 'update-set': {
      const { world } = moment
      const table = statement.nft?.table
      const others = world.sets.filter((set) => set.name !== statement.set || set.table !== table?.name)
      return { ...moment, world: { ...world, sets: others } }
    }
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
    fields.flatMap((field) => KEYS[field] ?? []),
    moment,
  )

function forgetKeys(keys: readonly (keyof Packet)[], moment: EvalContext): EvalContext {
  const packet = { ...moment.packet }
  for (const key of keys) delete packet[key]
  return { ...moment, packet }
}

function assign(assignment: Assignment, moment: EvalContext): EvalContext {
  const value = assigned(assignment, moment)
  // a packet without that field stays as it is
  if (value === ABSENT) return moment
  const change = isUnknown(value) ? undefined : stored(assignment.field, value, moment.packet)
  return change ? { ...moment, packet: { ...moment.packet, ...change } } : forget([assignment.field], moment)
}

type Number3 = number | typeof ABSENT | Unknown

/** The field's new value; ABSENT where the packet has no such field. */
export function assigned({ field, value, map, mask = 0xffffffff, op }: Assignment, moment: EvalContext): Number3 {
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
  if (typeof value === 'string') return unknown('it is set to a name')
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

/** What is new of the packet. Undefined where it keeps more than this part, and the rest is not known. */
export function stored(field: string, value: number, packet: Packet): Partial<Packet> | undefined {
  const key = KEYS[field]
  if (key === 'tos') return storedTos(field, value, packet.tos)
  if (key === 'tcpFlags') return { tcpFlags: flagNames(value, packet.tcpFlags) }
  return key === 'mark' || key === 'ctMark' || key === 'ctZone' || key === 'ttl' ? { [key]: value } : undefined
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
