/**
 * Statements in one form, as `nft -j list` prints them: what is there by itself is left out, flags are sorted, amounts
 * have the largest unit that fits. Text and JSON of one rule are the same then.
 */

import { maskToLength, parseAddress } from '../../../model/address.ts'
import type { RuleFamily } from '../../../model/ruleset.ts'
import { wordTable } from '../../../model/word-table.ts'
import type { Expression, LimitBody, MatchOp, NatBody, QuotaBody, Statement } from '../ast.ts'
import { DEFAULT_BURST } from '../lower/stateful.ts'
import { BITMASKS } from '../symbols.ts'
import { anonymousSet, isConstant, mapExpression, selector, typesOf, value } from './expressions.ts'

export function statement(given: Statement, family: RuleFamily): Statement {
  const [key] = Object.keys(given)
  const normal = FORMS[key ?? '']
  // biome-ignore lint/suspicious/noExplicitAny: each takes the statement under its own key
  return normal ? normal(given as any, family) : given
}

/** One name, or a list of them → a sorted list; undefined for none. */
const list = (flags: string | readonly string[] | undefined): string[] | undefined =>
  flags === undefined || flags.length === 0 ? undefined : (typeof flags === 'string' ? [flags] : [...flags]).sort()

/** Without what is undefined; null where nothing is left. */
function orNothing<T extends object>(body: T): T | null {
  const kept = Object.entries(body).filter(([, held]) => held !== undefined)
  return kept.length === 0 ? null : (Object.fromEntries(kept) as T)
}

// biome-ignore lint/suspicious/noExplicitAny: each takes the statement under its own key
const FORMS: Readonly<Record<string, (given: any, family: RuleFamily) => Statement>> = wordTable({
  match: ({ match }) => matchForm(match),
  vmap: ({ vmap: { key, data } }) => ({
    vmap: { key: selector(key), data: typeof data === 'string' ? data : anonymousSet(data, typesOf(key), 'verdict') },
  }),
  mangle: ({ mangle: { key, value: written } }) => {
    const normal = value(written, typesOf(key))
    const isBits = BITMASKS.includes(String(typesOf(key))) && typeof normal === 'object' && '|' in normal
    return { mangle: { key: selector(key), value: isBits && isConstant(normal) ? normal['|'] : normal } }
  },
  limit: ({ limit }) => ({ limit: limitForm(limit) }),
  quota: ({ quota }) => ({ quota: quotaForm(quota) }),
  counter: ({ counter }) => ({ counter: reference(counter) }),
  'ct count': ({ 'ct count': { val, inv } }) => ({ 'ct count': inv ? { val, inv } : { val } }),
  snat: ({ snat }, family) => ({ snat: natForm(snat, family) }),
  dnat: ({ dnat }, family) => ({ dnat: natForm(dnat, family) }),
  masquerade: ({ masquerade }, family) => ({ masquerade: natForm(masquerade, family) }),
  redirect: ({ redirect }, family) => ({ redirect: natForm(redirect, family) }),
  reject: ({ reject }, family) => ({ reject: rejectForm(reject, family) }),
  log: ({ log }) => ({ log: logForm(log) }),
  queue: ({ queue }) => ({
    queue: orNothing<object>({
      num: queue?.num === undefined ? 0 : value(queue.num, 'integer'),
      flags: list(queue?.flags),
    }),
  }),
  synproxy: ({ synproxy }) => ({
    synproxy:
      typeof synproxy === 'object' && synproxy !== null && !('map' in synproxy)
        ? orNothing({ ...synproxy, flags: list(synproxy.flags) })
        : reference(synproxy),
  }),
  fwd: ({ fwd }) => ({ fwd: addressed(fwd) }),
  dup: ({ dup }) => ({ dup: addressed(dup) }),
  tproxy: ({ tproxy }, family) => ({ tproxy: withoutFamily(addressed(tproxy), family) }),
  set: ({ set }, family) => ({ set: { ...set, elem: selector(set.elem), ...ofElements(set, family) } }),
  map: ({ map }, family) => ({
    map: { ...map, elem: selector(map.elem), data: value(map.data, 'integer'), ...ofElements(map, family) },
  }),
  meter: ({ meter }, family) => ({
    meter: { ...meter, key: selector(meter.key), stmt: statement(meter.stmt, family) },
  }),
  reset: ({ reset }) => ({ reset: selector(reset) }),
})

/** What counts for each element. */
const ofElements = ({ stmt }: { stmt?: Statement[] }, family: RuleFamily) =>
  stmt ? { stmt: stmt.map((one) => statement(one, family)) } : {}

function matchForm({ op, left, right }: { op: MatchOp; left: Expression; right: Expression }): Statement {
  const types = typesOf(left)
  const compared = oneMember(value(right, types))
  const isSet = typeof compared === 'object' && !Array.isArray(compared) && 'set' in compared
  const isBits = typeof types === 'string' && BITMASKS.includes(types)
  const implied = op === 'in' && (!isBits || isSet || (typeof compared === 'string' && compared.startsWith('@')))
  return { match: { op: implied ? '==' : op, ...withoutMask(selector(left), compared) } }
}

interface Sides {
  left: Expression
  right: Expression
}

/** A mask whose ones come first is a prefix; a prefix of a mark is a mask; what is turned over is turned back. */
function withoutMask(left: Expression, right: Expression): Sides {
  if (typeof right === 'object' && !Array.isArray(right) && 'prefix' in right) return numberPrefix(left, right.prefix)
  if (typeof left !== 'object' || Array.isArray(left) || !('&' in left || '^' in left)) return { left, right }
  const operands = '&' in left ? left['&'] : left['^']
  const [field, by] = operands
  if (operands.length !== 2 || field === undefined) return { left, right }
  if ('^' in left) {
    const isTurned = typeof by === 'number' && typeof right === 'number'
    return isTurned ? { left: field, right: (by ^ right) >>> 0 } : { left, right }
  }
  const [mask, network] = [by, right].map((side) => (typeof side === 'string' ? parseAddress(side) : undefined))
  const length = mask && maskToLength(mask)
  const isInside =
    mask && network?.length === mask.length && network.every((byte, i) => (byte & ~mask[i]! & 0xff) === 0)
  if (length === undefined || length === 0 || !isInside) return { left, right }
  return { left: field, right: value({ prefix: { addr: right, len: length } }, typesOf(field)) }
}

/** Bits of what people give prefixes of. */
const WIDTHS: Readonly<Record<string, number>> = wordTable({ mark: 32, dscp: 6 })

function numberPrefix(left: Expression, { addr, len }: { addr: Expression; len: number }): Sides {
  const type = String(typesOf(left))
  const width = WIDTHS[type]
  if (width === undefined || len > width) return { left, right: { prefix: { addr, len } } }
  const mask = 2 ** width - 2 ** (width - len)
  return { left: { '&': [left, mask] }, right: addr }
}

/** A set of one is that one. */
function oneMember(expression: Expression): Expression {
  if (typeof expression !== 'object' || Array.isArray(expression) || !('set' in expression)) return expression
  const [only, ...others] = expression.set
  const isPlain = only !== undefined && others.length === 0 && !(typeof only === 'object' && 'elem' in only)
  return isPlain && !Array.isArray(only) ? only : expression
}

const UNITS = ['bytes', 'kbytes', 'mbytes', 'gbytes', 'tbytes']

const inBytes = (amount: number, unit: string): number => amount * 1024 ** Math.max(0, UNITS.indexOf(unit))

/** The largest unit in which it is a whole number; nft knows no larger one than mbytes. */
function largest(bytes: number): [amount: number, unit: string] {
  for (const power of [2, 1])
    if (bytes > 0 && bytes % 1024 ** power === 0) return [bytes / 1024 ** power, UNITS[power]!]
  return [bytes, 'bytes']
}

const isReference = (body: unknown): boolean =>
  typeof body === 'string' || (typeof body === 'object' && body !== null && 'map' in body)

const reference = <T>(body: T): T =>
  typeof body === 'object' && body !== null && 'map' in body
    ? (mapExpression(body as unknown as Parameters<typeof mapExpression>[0], 'string') as T)
    : body

export function limitForm<T>(body: T): T {
  if (isReference(body)) return reference(body)
  const {
    rate,
    per = 'second',
    burst = 0,
    inv,
    rate_unit = 'packets',
    burst_unit = 'bytes',
    ...others
  } = body as unknown as LimitBody
  const common = { ...others, per, ...(inv ? { inv } : {}) }
  if (rate_unit === 'packets') return { ...common, rate, burst: burst || DEFAULT_BURST } as T
  const [amount, unit] = largest(inBytes(rate, rate_unit))
  const [more, moreUnit] = largest(inBytes(burst, burst_unit))
  const behind = burst === 0 ? {} : { burst: more, burst_unit: moreUnit }
  return { ...common, rate: amount, rate_unit: unit, ...behind } as T
}

export function quotaForm<T>(body: T): T {
  if (isReference(body)) return reference(body)
  const { val, val_unit = 'bytes', used = 0, used_unit = 'bytes', inv } = body as unknown as QuotaBody
  const [amount, unit] = largest(inBytes(val, val_unit))
  const [gone, goneUnit] = largest(inBytes(used, used_unit))
  const before = used === 0 ? {} : { used: gone, used_unit: goneUnit }
  return { val: amount, val_unit: unit, ...before, ...(inv ? { inv } : {}) } as T
}

function natForm(body: NatBody | null, family: RuleFamily): NatBody | null {
  if (body === null) return null
  const { addr, port, flags, type_flags, ...rest } = body
  // how the map's data are made is said by the map; `netmap` is how the kernel has `prefix`
  const isPrefix = list(type_flags)?.includes('prefix') || list(flags)?.includes('netmap')
  return orNothing({
    ...withoutFamily(rest, family),
    addr: addr === undefined ? undefined : value(addr, 'address'),
    port: port === undefined ? undefined : value(port, 'inet_service'),
    flags: list(list(flags)?.filter((flag) => flag !== 'netmap')),
    type_flags: isPrefix ? ['prefix'] : undefined,
  }) as NatBody | null
}

/** In a table of IPv4 or IPv6 there is no other. */
function withoutFamily<T extends { family?: string }>(body: T, family: RuleFamily): T {
  if (body.family !== family) return body
  const { family: _, ...rest } = body
  return rest as T
}

function addressed<T extends { addr?: Expression; port?: Expression; dev?: Expression }>(body: T): T {
  return {
    ...body,
    ...(body.addr === undefined ? {} : { addr: value(body.addr, 'address') }),
    ...(body.port === undefined ? {} : { port: value(body.port, 'inet_service') }),
    ...(body.dev === undefined ? {} : { dev: value(body.dev, 'ifname') }),
  }
}

const CODES: Readonly<Record<string, string>> = wordTable({
  icmp: 'icmp_code',
  icmpv6: 'icmpv6_code',
  icmpx: 'icmpx_code',
})

/** What `reject` alone means. */
const DEFAULT_REJECT: Partial<Record<RuleFamily, string>> = { ip: 'icmp', ip6: 'icmpv6' }

function rejectForm(body: { type?: string; expr?: Expression } | null, family: RuleFamily): typeof body {
  if (!body?.type) return null
  if (body.expr === undefined) return { type: body.type }
  const expr = value(body.expr, CODES[body.type] ?? 'integer')
  const isDefault = expr === 'port-unreachable' && body.type === (DEFAULT_REJECT[family] ?? 'icmpx')
  return isDefault ? null : { type: body.type, expr }
}

interface Log {
  level?: string
  flags?: string | string[]
}

const LOG_FLAGS = ['tcp sequence', 'tcp options', 'ip options', 'skuid', 'ether']

function logForm(body: Log | null): Log | null {
  if (body === null) return null
  const { level, flags, ...rest } = body
  const given = list(flags)
  const all = given !== undefined && LOG_FLAGS.every((flag) => given.includes(flag))
  return orNothing({ ...rest, level: level === 'warn' ? undefined : level, flags: all ? ['all'] : given }) as Log | null
}
