/** `match` → conditions (nft's src/netlink_linearize.c, netlink_gen_relational, says what is compared with what). */
import type { Condition, Op, Scalar, Value } from '../../../model/condition.ts'
import { UNTOLD } from '../../facts/unknowable.ts'
import { fieldType } from '../../fields.ts'
import type { Expression, MatchOp } from '../ast.ts'
import { bitsOf } from '../bits.ts'
import { isPeculiar } from '../fields.ts'
import type { Layers } from '../headers.ts'
import { type Asked, asked } from '../selectors.ts'
import { numberOf, SYMBOLS } from '../symbols.ts'
import type { Lowering } from './context.ts'
import { beforeShift, computedOf } from './fold.ts'
import { computedKey, keyOf, maskedField, place, setName } from './key.ts'
import { bitNames, constantValue } from './values.ts'

interface Match {
  op: MatchOp
  left: Expression
  right: Expression
}

export function lowerMatch(match: Match, text: string, lowering: Lowering): void {
  const conditions = setMatch(match, text, lowering) ?? fieldMatch(match, text, lowering)
  if (conditions) lowering.ask(...conditions)
  else lowering.ask({ kind: 'unknown', text, reason: whyNot(match.left, text) })
}

/** Users' and groups' names are the host's own. */
function whyNot(left: Expression, text: string): string {
  const type = asked(left)?.type
  return type === 'uid' || type === 'gid'
    ? 'the number of that user or group is not known'
    : `nfwhy does not understand what "${text}" compares`
}

const isSet = (right: Expression): right is { set: Expression[] } =>
  typeof right === 'object' && !Array.isArray(right) && 'set' in right

/** `1-10`, `0x10/28` */
const isSpan = (right: Expression): boolean =>
  typeof right === 'object' && !Array.isArray(right) && ('range' in right || 'prefix' in right)

/** Against a named set, or fields in a row, or what operators make of a field, against a set. */
function setMatch({ op, left, right }: Match, text: string, lowering: Lowering): Condition[] | undefined {
  const isName = typeof right === 'string' && right.startsWith('@')
  const isConcat = typeof left === 'object' && !Array.isArray(left) && 'concat' in left
  const isComputed = !isConcat && computedKey(left) !== undefined && (isSet(right) || isSpan(right))
  if (!isName && !isConcat && !isComputed) return undefined
  const key = keyOf(left)
  if (!key || (op !== '==' && op !== '!=' && op !== 'in')) return undefined
  const data = isName || isSet(right) ? right : { set: [right] }
  for (const { layers } of key.parts) lowering.need(layers, text)
  return [
    {
      kind: 'lookup',
      fields: key.parts.map(({ field }) => field),
      set: setName(data as string),
      nft: place(data as string, key, lowering, false),
      ...(op === '!=' ? { differs: true as const } : {}),
      text,
    },
  ]
}

function fieldMatch({ op, left, right }: Match, text: string, lowering: Lowering): Condition[] | undefined {
  const masked = maskedField(left)
  const of = masked?.asked ?? asked(left)
  if (!of) return computedMatch(op, left, right, text, lowering)
  lowering.need(of.layers, text)
  const untold = UNTOLD[of.field]
  if (untold !== undefined) return [{ kind: 'unknown', text, reason: untold }]
  const conditions = masked
    ? maskedMatch(of, masked.mask, op, right, text)
    : (existence(of, op, right, text) ?? rewritten(of, op, right, text, lowering) ?? plainMatch(of, op, right, text))
  if (conditions && !masked && op === '==') lowering.said(saidBy(of, right))
  return conditions
}

/** `FIELD & A | B == VALUE`: the bits that come from the field are compared under a mask, the others are known. */
function computedMatch(
  op: MatchOp,
  left: Expression,
  right: Expression,
  text: string,
  lowering: Lowering,
): Condition[] | undefined {
  const computed = computedOf(left)
  const value = computed && bitsOf(right, computed.of.type)
  if (!computed || value === undefined || (op !== '==' && op !== '!=')) return undefined
  const { of, folded } = computed
  lowering.need(of.layers, text)
  const mask = beforeShift(folded)
  const wanted = (value ^ folded.xor) >>> 0
  // bits that it always has, or never
  if ((wanted & ~folded.and) >>> 0 !== 0) return [op === '==' ? { kind: 'any', of: [], text } : isThere(of.field, text)]
  const shifted = folded.shift < 0 ? wanted << -folded.shift : wanted >>> folded.shift
  return [compared(of.field, op, shifted >>> 0, text, mask)]
}

/** What a comparison with one value makes sure of. */
function saidBy({ field }: Asked, right: Expression): Layers {
  if (typeof right !== 'string' && typeof right !== 'number') return {}
  switch (field) {
    case 'meta nfproto':
      return right === 'ipv4' || right === 'ipv6' ? { network: right } : {}
    case 'meta protocol':
    case 'ether type':
      return protocolLayers(typeof right === 'number' ? right : numberOf('ether_type', right))
    case 'icmp type':
    case 'icmpv6 type':
      return { icmp: [] }
    case 'meta l4proto':
    case 'ip protocol':
    case 'ip6 nexthdr':
      return { transport: String(right) }
    default:
      return {}
  }
}

function protocolLayers(ether: number | undefined): Layers {
  if (ether === 0x0800) return { ether, network: 'ipv4' }
  if (ether === 0x86dd) return { ether, network: 'ipv6' }
  return ether === undefined ? {} : { ether }
}

/** Whether something is there: a header, an option, a route. */
function existence(of: Asked, op: MatchOp, right: Expression, text: string): Condition[] | undefined {
  if (of.exists) {
    const { field, flag } = of.exists
    const there = isTrue(right, of)
    if (there === undefined || (op !== '==' && op !== '!=' && op !== 'in')) return undefined
    const found = compared(field, '==', flag, text)
    // also for packets that could not have it
    return [there === (op !== '!=') ? found : { kind: 'not', of: found, text }]
  }
  // a route's device: `` where there is none
  if (!of.field.startsWith('fib ') || typeof right !== 'boolean') return undefined
  return [compared(of.field, right === (op !== '!=') ? '!=' : '==', '', text)]
}

function isTrue(right: Expression, { field }: Asked): boolean | undefined {
  if (typeof right === 'boolean') return right
  if (right === 1 || right === 0) return right === 1
  // the first byte of a TCP option is its kind
  return field === 'tcp options' && typeof right === 'number' ? true : undefined
}

/** Fields that the conditions' language has under another name. */
function rewritten(
  of: Asked,
  op: MatchOp,
  right: Expression,
  text: string,
  lowering: Lowering,
): Condition[] | undefined {
  if (of.field === 'ip protocol') return plainMatch({ ...of, field: 'meta l4proto' }, op, right, text)
  // behind extension headers another protocol may follow, so what agrees is not certain
  if (of.field === 'ip6 nexthdr') {
    const protocol = plainMatch({ ...of, field: 'meta l4proto' }, op, right, text)
    return op === '==' && protocol && isTransport(right) ? [...protocol, nextHeader(of, right, text)] : undefined
  }
  // the frame's own type, where the table sees the frame
  if (of.field === 'ether type' && (lowering.family === 'bridge' || lowering.family === 'netdev'))
    return plainMatch({ ...of, field: 'meta protocol' }, op, right, text)
  return undefined
}

const nextHeader = (of: Asked, right: Expression, text: string): Condition => ({
  kind: 'compare',
  field: of.field,
  op: '==',
  value: constantValue(right, of) ?? '',
  text,
})

/** Hop-by-hop, routing, fragment, ESP, AH, none, destination options. */
const HEADERS_BETWEEN = [0, 43, 44, 50, 51, 59, 60]

/** No extension header among them. */
function isTransport(right: Expression): boolean {
  if (isSet(right)) return right.set.every(isTransport)
  const number = typeof right === 'string' ? numberOf('inet_proto', right) : undefined
  return number !== undefined && !HEADERS_BETWEEN.includes(number)
}

function plainMatch(of: Asked, op: MatchOp, right: Expression, text: string): Condition[] | undefined {
  if (fieldType(of.field) === 'flags') return flagsMatch(of, op, right, text)
  const names = of.type === 'ct_state' ? stateMatch(of, op, right, text) : undefined
  if (names) return names
  if (op === 'in') {
    const bits = bitsOf(right, of.type)
    if (bits === undefined) return undefined
    return [compared(of.field, '!=', 0, text, bits)]
  }
  const value = constantValue(right, of)
  return longMatch(of, op, right, text) ?? (value === undefined ? undefined : [compared(of.field, op, value, text)])
}

/** As many bits of a header are compared as one, and no more. */
const MOST_BITS = 2048
/** Most fields are as long, or half. */
const PART = 16

/**
 * Many bits by their place: one part after the other, of which the packet may tell some and not others. nft lists
 * neighbours as one.
 */
function longMatch({ field }: Asked, op: MatchOp, right: Expression, text: string): Condition[] | undefined {
  const [, base, first, count] = /^@(ll|nh|th),(\d+),(\d+)$/.exec(field) ?? []
  if (base === undefined || (op !== '==' && op !== '!=')) return undefined
  const digits = typeof right === 'number' || typeof right === 'string' ? String(right) : ''
  if (!/^(0x[0-9a-f]+|\d+)$/i.test(digits) || Number(count) <= PART) return undefined
  if (Number(count) > MOST_BITS || digits.length > MOST_BITS) return undefined
  const parts: [field: string, value: number][] = []
  let rest = BigInt(digits)
  for (let left = Number(count); left > 0; ) {
    const bits = Math.min(PART, left)
    left -= bits
    parts.push([`@${base},${Number(first) + left},${bits}`, Number(rest & ((1n << BigInt(bits)) - 1n))])
    rest >>= BigInt(bits)
  }
  parts.reverse()
  const same = parts.map(([part, value]) => compared(part, '==', value, text))
  if (op === '==') return same
  return [{ kind: 'not', of: { kind: 'all', of: same, text }, text }, ...parts.map(([part]) => isThere(part, text))]
}

const compared = (field: string, op: Op, value: Value, text: string, mask?: Scalar): Condition => ({
  kind: 'compare',
  field,
  op,
  value,
  ...(mask === undefined ? {} : { mask }),
  ...(isPeculiar(field) ? { nft: true as const } : {}),
  text,
})

/** A packet has one state: `in` asks for any of them, `==` and `!=` compare with just these bits. */
function stateMatch(of: Asked, op: MatchOp, right: Expression, text: string): Condition[] | undefined {
  if (isSet(right)) {
    const value = constantValue(right, of)
    return value && (op === '==' || op === '!=') ? [compared(of.field, op, value, text)] : undefined
  }
  const names = bitNames(right, of.type)
  if (!names) return undefined
  if (op === 'in') return [compared(of.field, '==', names.length === 1 ? names[0]! : { set: names }, text)]
  if (op !== '==' && op !== '!=') return undefined
  // no packet has two states at once
  if (names.length !== 1) return op === '==' ? [{ kind: 'any', of: [], text }] : [compared(of.field, '!=', '', text)]
  return [compared(of.field, op, names[0]!, text)]
}

/** NAT that is done, sequence numbers that are shifted, and more (include/uapi/linux/netfilter/nf_conntrack_common.h). */
const OTHER_BITS = "some of the connection's status bits have no name in nft, and these bits are unknown"

/** Several bits at once: `in` asks for any of them, `==` and `!=` for just these and no others. */
function flagsMatch(of: Asked, op: MatchOp, right: Expression, text: string): Condition[] | undefined {
  if (isSet(right)) return flagSetMatch(of, op, right.set, text)
  const names = of.type === 'ct_label' ? labels(right) : bitNames(right, of.type)
  if (!names) return undefined
  const { field } = of
  if (op === 'in') return [compared(field, '==', names.length === 1 ? names[0]! : { set: names }, text)]
  if (op !== '==' && op !== '!=') return undefined
  const all = Object.keys(SYMBOLS[of.type] ?? {})
  if (of.type === 'ct_label') return exactLabels(of, op, names, text)
  const flags = all.map((name) => compared(field, names.includes(name) ? '==' : '!=', name, text))
  const exact: Condition = { kind: 'all', of: [...flags, { kind: 'unknown', text, reason: OTHER_BITS }], text }
  if (op === '==') return [exact]
  return [{ kind: 'not', of: exact, text }, isThere(field, text)]
}

/** Just these labels: what else there is of them is one of the numbers below 128 (include/uapi/linux/netfilter/xt_connlabel.h). */
function exactLabels({ field }: Asked, op: MatchOp, names: readonly string[], text: string): Condition[] {
  const others = Array.from({ length: 128 }, (_, bit) => String(bit)).filter((one) => !names.includes(one))
  const exact: Condition = {
    kind: 'all',
    of: [...names.map((name) => compared(field, '==', name, text)), compared(field, '!=', { set: others }, text)],
    text,
  }
  return op === '==' ? [exact] : [{ kind: 'not', of: exact, text }, isThere(field, text)]
}

/** Each member is all of the bits. */
function flagSetMatch(of: Asked, op: MatchOp, set: Expression[], text: string): Condition[] | undefined {
  const each = set.map((one) => flagsMatch(of, '==', one, text))
  if (op === 'in' || !each.every((one) => one !== undefined)) return undefined
  const any: Condition = { kind: 'any', of: each.flat(), text }
  return op === '!=' ? [{ kind: 'not', of: any, text }, isThere(of.field, text)] : [any]
}

function labels(right: Expression): string[] | undefined {
  const list = Array.isArray(right) ? right : [right]
  return list.every((one) => typeof one === 'string' || typeof one === 'number') ? list.map(String) : undefined
}

/** `FIELD & MASK == VALUE`. */
function maskedMatch(of: Asked, mask: Scalar, op: MatchOp, right: Expression, text: string): Condition[] | undefined {
  if (of.type === 'ct_state' || fieldType(of.field) === 'flags') return maskedFlags(of, mask, op, right, text)
  if (op === 'in') return undefined
  const value = constantValue(right, of)
  return value === undefined ? undefined : [compared(of.field, op, value, text, mask)]
}

/** A packet without such bits fails whatever is asked of them. */
export const isThere = (field: string, text: string): Condition => compared(field, '!=', { set: [] }, text)

/** As isThere; whether there is a connection may be known where its mark is not. */
export const hasField = (field: string, text: string): Condition =>
  isThere(field.startsWith('ct ') ? 'ct direction' : field, text)

/** `ct status & (snat | dnat) != 0`: any, or none, of these. */
function maskedFlags(of: Asked, mask: Scalar, op: MatchOp, right: Expression, text: string): Condition[] | undefined {
  if (of.type === 'ct_label') {
    // the number is that of the label, not its bit
    const isThere = labels(right)?.join() === String(mask)
    return isThere && (op === '==' || op === '!=') ? [compared(of.field, op, String(mask), text)] : undefined
  }
  const names = typeof mask === 'number' ? bitNames(mask, of.type) : undefined
  const value = bitsOf(right, of.type)
  if (!names || value === undefined || (op !== '==' && op !== '!=')) return undefined
  const any = compared(of.field, value === 0 && op === '==' ? '!=' : '==', { set: names }, text)
  if (value === 0) return [any]
  const wanted = bitNames(value, of.type)
  if (!wanted) return undefined
  // bits that the mask takes away are never there
  if (wanted.some((name) => !names.includes(name)))
    return [op === '==' ? { kind: 'any', of: [], text } : isThere(of.field, text)]
  const exact: Condition = {
    kind: 'all',
    of: names.map((name) => compared(of.field, wanted.includes(name) ? '==' : '!=', name, text)),
    text,
  }
  return op === '==' ? [exact] : [{ kind: 'not', of: exact, text }, isThere(of.field, text)]
}
