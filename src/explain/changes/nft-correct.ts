/** The statements of a rule of nft's, changed in the one place where it missed a packet, so that it takes it. */
import { HOST_PART, isHostPartOf, networkAddress, parseAddress } from '../../model/address.ts'
import { isNameless, type Packet } from '../../model/packet.ts'
import type { RuleFamily } from '../../model/ruleset.ts'
import type { Expression, MapPair, MatchOp, Statement } from '../../rules/nft/ast.ts'
import { asked } from '../../rules/nft/selectors.ts'
import { nftText } from '../../rules/nft/text/later.ts'
import {
  asks,
  asksDestinationType,
  asksQuality,
  asksUnspecified,
  type FailedCondition,
  fieldOf,
} from '../counterfactual/failed-condition.ts'
import { asksTwinProtocol } from '../counterfactual/icmp-twin.ts'
import { isOtherEnd, isPassingPort, turnedEnd } from '../counterfactual/other-end.ts'
import { givenVerdict } from './given-verdict.ts'
import type { Correction } from './rule-changes.ts'

/** Undefined where it is not clear what that would be. */
export function corrected(
  expr: readonly Statement[],
  family: string,
  miss: FailedCondition,
  packet: Packet,
  { gives, keeps = false, turned = false, choices, rename, handshake }: Correction,
): Statement[] | undefined {
  const at = placeOfMiss(expr, family, miss)
  const one = expr[at]
  if (!one) return undefined
  if (rename) return expr.with(at, renamed(one, rename))
  if (choices !== undefined) return expr.with(at, choosingAmong(one, choices))
  // for nat the port says what it is for
  if (asksUnspecified(miss.condition) && rewritesDestination(expr)) return expr.toSpliced(at, 1)
  if (
    fieldOf(miss.condition) === 'meta l4proto' &&
    (!asksItself(one, 'meta l4proto') || asksTwinProtocol(miss.condition, { packet }))
  )
    return otherProtocol(expr, packet)
  if ('match' in one && (turned || isOtherEnd(miss, packet))) {
    return withEndsTurned(expr, at, one.match.left)
  }
  // the next packet comes from another one; what reads another port asks for the protocol as well
  if (isPassingPort(miss, packet)) return asksPort(expr.toSpliced(at, 1)) ? expr.toSpliced(at, 1) : undefined
  if (asksQuality(miss.condition) && asksPort(expr))
    return asksDestinationType(miss.condition) && rewritesDestination(expr) ? undefined : expr.toSpliced(at, 1)
  const now = 'match' in one ? otherMatch(one.match, packet, keeps) : withKey(one, packet, gives)
  if (handshake && now && 'match' in now && fieldOf(miss.condition) === 'ct state')
    return expr.with(at, { match: { ...now.match, right: [now.match.right, 'invalid'].flat() as Expression } })
  return now && expr.with(at, now)
}

/** Without what kept it from matching. */
export function eased(expr: readonly Statement[], family: string, miss: FailedCondition): Statement[] | undefined {
  const at = placeOfMiss(expr, family, miss)
  return at < 0 ? undefined : expr.toSpliced(at, 1)
}

function placeOfMiss(expr: readonly Statement[], family: string, miss: FailedCondition): number {
  const { canonicalStatement, statementText } = nftText.loaded
  const text = asks(miss)
  return expr.findIndex((one) => statementText(canonicalStatement(one, family as RuleFamily)) === text)
}

/** Destinations and their ports as conntrack has them of the connection; a port is one of a protocol. */
export function beforeNat(expr: readonly Statement[]): Statement[] | undefined {
  const now = expr.flatMap((one): Statement[] => {
    if (!('match' in one) || typeof one.match.left !== 'object' || Array.isArray(one.match.left)) return [one]
    const { left } = one.match
    if (!('payload' in left) || !('field' in left.payload)) return [one]
    const { protocol, field } = left.payload
    if (field === 'daddr') return [{ match: { ...one.match, left: ofConnection(`${protocol} daddr`) } }]
    if (field !== 'dport') return [one]
    const l4: Statement = { match: { op: '==', left: { meta: { key: 'l4proto' } }, right: protocol } }
    return [...(protocol === 'th' ? [] : [l4]), { match: { ...one.match, left: ofConnection('proto-dst') } }]
  })
  return JSON.stringify(now) === JSON.stringify(expr) ? undefined : now
}

const ofConnection = (key: string): Expression => ({ ct: { key, dir: 'original' } })

const rewritesDestination = (expr: readonly Statement[]): boolean =>
  expr.some((word) => 'dnat' in word || 'redirect' in word)

const asksPort = (expr: readonly Statement[]): boolean => /"protocol":"(tcp|udp)"/.test(JSON.stringify(expr))

/** The numbers that nft makes in it are one of so many. */
const choosingAmong = (one: Statement, choices: number): Statement =>
  JSON.parse(JSON.stringify(one), (key, value) =>
    /^(jhash|symhash|numgen)$/.test(key) ? { ...value, mod: choices } : value,
  )

const renamed = (one: Statement, { from, to }: NonNullable<Correction['rename']>): Statement =>
  JSON.parse(JSON.stringify(one), (_, value) => (value === from ? to : value))

/** What the rule asks of the other end goes to this one. Of both ends the same, the one that failed is left out. */
function withEndsTurned(expr: readonly Statement[], at: number, left: Expression): Statement[] | undefined {
  const turned = atOtherEnd(left)
  if (turned === undefined) return undefined
  const asking = (i: number, end: Expression) => {
    const one = expr[i]
    return one && 'match' in one ? { match: { ...one.match, left: end } } : undefined
  }
  const isSame = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)
  const other = expr.findIndex((one) => 'match' in one && isSame(one.match.left, turned))
  if (isSame(asking(other, left), expr[at])) return expr.toSpliced(at, 1)
  return expr.map((one, i) => (i === at ? asking(at, turned) : i === other ? asking(other, left) : undefined) ?? one)
}

function atOtherEnd(left: Expression): Expression | undefined {
  if (typeof left !== 'object' || Array.isArray(left) || !('payload' in left) || !('field' in left.payload))
    return undefined
  return { payload: { ...left.payload, field: turnedEnd(left.payload.field) } }
}

const asksItself = (one: Statement, field: string): boolean =>
  'match' in one && fieldsOf(one.match.left).includes(field)

/** The fields of an expression, several where they stand in a row. */
function fieldsOf(left: Expression): (string | undefined)[] {
  if (typeof left === 'object' && !Array.isArray(left) && 'concat' in left) return left.concat.flatMap(fieldsOf)
  return [asked(left)?.field]
}

/** `tcp dport 80` of a packet of UDP's, also where a map asks for it; messages of ICMP and ICMPv6 have the same names. */
export function otherProtocol(expr: readonly Statement[], { protocol }: Packet): Statement[] | undefined {
  if (protocol === 'icmp' || protocol === 'icmpv6') return otherIcmp(expr, protocol)
  if (protocol !== 'tcp' && protocol !== 'udp') return undefined
  return JSON.parse(JSON.stringify(expr), (key, value) =>
    key === 'payload' && /^(tcp|udp)$/.test(value.protocol) && /^[sd]port$/.test(value.field)
      ? { ...value, protocol }
      : value,
  )
}

function otherIcmp(expr: readonly Statement[], protocol: 'icmp' | 'icmpv6'): Statement[] | undefined {
  const now = expr.flatMap((one) => {
    const field = 'match' in one && asked(one.match.left)?.field
    if (/^(meta (nfproto|protocol|l4proto)|ip protocol|ip6 nexthdr)$/.test(field || '')) return []
    if (!('match' in one) || field !== `${protocol === 'icmp' ? 'icmpv6' : 'icmp'} type`) return one
    return { match: { ...one.match, left: { payload: { protocol, field: 'type' } } } }
  })
  // a message without a name is one of that version alone
  return JSON.stringify(now) === JSON.stringify(expr) || /"right":\[?\d/.test(JSON.stringify(now)) ? undefined : now
}

function otherMatch(
  { op, left, right }: { op: MatchOp; left: Expression; right: Expression },
  packet: Packet,
  keeps: boolean,
): Statement | undefined {
  // whose element is missing, or too many, is the set's
  if (typeof right === 'string' && right.startsWith('@')) return undefined
  // what it must not be: the packet is just that
  if (op === '!=') return keeps ? undefined : { match: { op: '==', left, right } }
  if (op !== '==' && op !== 'in') return undefined
  const keys = keyFor(left, packet, right)
  if (keys === undefined || isOfTwoFamilies(right)) return undefined
  // a number is one interface's alone, and goes with it
  const device = nameOf(left)
  if (device && members(right).some(isNumber))
    return { match: { op, left: device, right: setOf([...members(right).filter((one) => !isNumber(one)), keys]) } }
  if (typeof right === 'string' && typeof keys === 'string' && isHostPartOf(right, keys))
    return { match: { op: '==', left: { '&': [left, HOST_PART] }, right } }
  // it is asked for already
  const said = JSON.stringify(keys)
  if (members(right).some((one) => JSON.stringify(one) === said)) return undefined
  if (isSet(right)) return { match: { op, left, right: { set: [...right.set, keys] } } }
  if (fieldsOf(left)[0] === 'ct state' || fieldsOf(left)[0] === 'ct status')
    return { match: { op: 'in', left, right: [right, keys].flat() } }
  // a list of one element more keeps what it was for
  return { match: { op, left, right: keeps ? { set: [right, keys] } : keys } }
}

/** nft reads no such list, which JSON can hold. */
const isOfTwoFamilies = (right: Expression): boolean =>
  new Set(members(right).map((one) => parseAddress(String(one))?.length)).size > 1 &&
  members(right).every((one) => typeof one === 'string' && parseAddress(one))

const members = (right: Expression): (Expression | MapPair)[] => (isSet(right) ? right.set : [right])
const setOf = (all: (Expression | MapPair)[]): Expression => (all.length === 1 ? (all[0] as Expression) : { set: all })
const isNumber = (one: Expression | MapPair): boolean =>
  (typeof one === 'number' || typeof one === 'string') && /^[1-9]\d*$/.test(String(one))

/** `iif` → `iifname`. */
function nameOf(left: Expression): Expression | undefined {
  if (typeof left !== 'object' || Array.isArray(left) || !('meta' in left)) return undefined
  const { key } = left.meta
  return key === 'iif' || key === 'oif' ? { meta: { key: `${key}name` } } : undefined
}

const isSet = (right: Expression): right is { set: (Expression | MapPair)[] } =>
  typeof right === 'object' && !Array.isArray(right) && 'set' in right

/** The map that the rule itself lists, with such a key; one that has it already gives something else. */
function withKey(one: Statement, packet: Packet, gives: string | undefined): Statement | undefined {
  if (!('vmap' in one) || gives === undefined) return undefined
  const { key, data } = one.vmap
  const now = keyFor(key, packet, undefined)
  const verdict = givenVerdict(gives)
  if (typeof data === 'string' || now === undefined || !verdict) return undefined
  return { vmap: { key, data: { set: [...data.set, [now, verdict] as MapPair] } } }
}

/** What the packet has there; `old`: what was asked for. */
export function keyFor(left: Expression, packet: Packet, old: Expression | undefined): Expression | undefined {
  if (typeof left === 'object' && !Array.isArray(left) && 'concat' in left) {
    const parts = left.concat.map((part) => keyFor(part, packet, undefined))
    return parts.every((part) => part !== undefined) ? { concat: parts } : undefined
  }
  const field = asked(left)?.field
  const value = field === undefined ? undefined : VALUES.find(([pattern]) => pattern.test(field))?.[1]
  const told = value?.(packet, old)
  return typeof told === 'string' && isNameless(told) ? undefined : told
}

type Value = (packet: Packet, old: Expression | undefined) => Expression | undefined

const VALUES: readonly [RegExp, Value][] = [
  [/^ip saddr$/, ({ src }, old) => network(src, old, 4)],
  [/^ip daddr$/, ({ dst }, old) => network(dst, old, 4)],
  [/^ip6 saddr$/, ({ src }, old) => network(src, old, 16)],
  [/^ip6 daddr$/, ({ dst }, old) => network(dst, old, 16)],
  [/^meta iifname$/, ({ in: device }) => device?.replace(/\*$/, '\\*')],
  [/^meta oifname$/, ({ out }) => out?.replace(/\*$/, '\\*')],
  [/ dport$/, ({ dport }) => dport],
  [/ sport$/, ({ sport }) => sport],
  [/^ct state$/, ({ ctState }) => ctState],
  [/^ct status$/, ({ ctStatus }) => ctStatus?.[0]],
  [/^meta l4proto$/, ({ protocol }) => (protocol === 'icmpv6' ? 'ipv6-icmp' : protocol)],
  [/^meta skuid$/, ({ uid }) => uid],
  [/^meta skgid$/, ({ gid }) => gid],
  [/^ether saddr$/, ({ srcMac }) => srcMac],
  [/^icmp(v6)? type$/, ({ icmpType }) => icmpType],
  [/^meta nfproto$/, ({ src }) => (src === undefined ? undefined : src.includes(':') ? 'ipv6' : 'ipv4')],
]

/** As wide as the rule's own; else the address alone. nft takes no address of the other family (`size`: in bytes). */
function network(address: string | undefined, old: Expression | undefined, size: 4 | 16): Expression | undefined {
  const bytes = parseAddress(address ?? '')
  if (bytes?.length !== size) return undefined
  const isPrefix = typeof old === 'object' && !Array.isArray(old) && 'prefix' in old
  const length = isPrefix ? old.prefix.len : bytes.length * 8
  if (length >= bytes.length * 8) return address
  return { prefix: { addr: networkAddress(bytes, length), len: length } }
}
