/** Objects of a listing and commands about them, from nft's JSON; libnftables-json(5), "COMMAND OBJECTS". */
import { wordTable } from '../../../model/word-table.ts'
import type { Command, Verb } from '../../../rules/nft/objects.ts'
import { data, expression } from './expressions.ts'
import { body, count, names, notUnderstood, number, type Shape, text, truth } from './shape.ts'
import { statements } from './statements.ts'

const FAMILIES = ['ip', 'ip6', 'inet', 'arp', 'bridge', 'netdev']
const family: Shape = (value) => (FAMILIES.includes(value as string) ? value : undefined)

const VERBS: readonly string[] = [
  'add',
  'create',
  'insert',
  'replace',
  'delete',
  'destroy',
  'flush',
  'rename',
  'reset',
] satisfies Verb[]

const inTable = { family, table: text }
const named = { ...inTable, name: text }
const more = { handle: count, comment: text }

const typeOf = body({ typeof: expression })
const setType: Shape = (value, depth) => names(value, depth) ?? typeOf(value, depth)

const setProperties = {
  ...more,
  type: setType,
  policy: text,
  flags: names,
  timeout: number,
  'gc-interval': number,
  size: number,
  'auto-merge': truth,
  stmt: statements,
}

/** One element or many; a pair in an `element` command is a key with its data. */
const elements: Shape = (value, depth) =>
  Array.isArray(value)
    ? value.map((one) => (Array.isArray(one) && one.length === 2 ? pair(one, depth + 1) : expression(one, depth + 1)))
    : [expression(value, depth)]

const pair = (value: readonly unknown[], depth: number): unknown[] => [
  expression(value[0], depth),
  data(value[1], depth),
]
const setElements: Shape = (value, depth) =>
  Array.isArray(value) ? value.map((one) => expression(one, depth + 1)) : [expression(value, depth)]

/** A tunnel's options are many; none of them decides a packet's way. */
const tunnel: Shape = (value, depth) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const { family, table, name, handle, tunnel, ...options } = value as Record<string, unknown>
  const inner = tunnel === undefined ? {} : [tunnel].flat().every(isObject) ? { tunnel } : undefined
  const owner = ownedBody(handle === undefined ? { family, table, name } : { family, table, name, handle }, depth)
  return owner && inner ? { ...owner, ...options, ...inner } : undefined
}
const ownedBody = body(named, { handle: count })
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value)
const timeouts: Shape = (value) =>
  typeof value === 'object' && value !== null && Object.values(value).every((one) => typeof one === 'number')
    ? value
    : undefined

const set = body(named, { ...setProperties, elem: setElements })

const OBJECTS: Readonly<Record<string, Shape>> = {
  table: body({ family }, { name: text, handle: count, flags: names, comment: text }),
  chain: body(inTable, {
    ...more,
    name: text,
    newname: text,
    type: text,
    hook: text,
    prio: number,
    dev: names,
    policy: text,
  }),
  rule: body({ ...inTable, chain: text }, { ...more, index: count, expr: statements }),
  set,
  meter: set,
  map: body(named, { ...setProperties, map: setType, elem: elements }),
  element: body({ ...named, elem: elements }),
  flowtable: body(named, { ...more, hook: text, prio: number, dev: names, flags: names }),
  counter: body(named, { ...more, packets: number, bytes: number }),
  quota: body(named, { ...more, bytes: number, used: number, inv: truth }),
  limit: body(named, {
    ...more,
    rate: number,
    per: text,
    burst: number,
    unit: text,
    rate_unit: text,
    burst_unit: text,
    inv: truth,
  }),
  'ct helper': body(named, { ...more, type: text, protocol: text, l3proto: text }),
  'ct timeout': body(named, { ...more, protocol: text, l3proto: text, policy: timeouts, state: text, value: number }),
  'ct expectation': body(named, {
    ...more,
    protocol: text,
    dport: number,
    timeout: number,
    size: number,
    l3proto: text,
  }),
  secmark: body(named, { ...more, context: text }),
  synproxy: body(named, { ...more, mss: number, wscale: number, flags: names }),
  tunnel,
}

const ruleset: Shape = (value) => (value === null ? null : body({}, { family })(value, 0))

/** One entry of the list `nftables`; undefined for what says nothing of the rules (`metainfo`). */
export function command(entry: unknown, line: number): Command | undefined {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return unread('add', entry, line)
  const [key, ...others] = Object.keys(entry)
  if (key === 'metainfo') return undefined
  const value = (entry as Record<string, unknown>)[key ?? '']
  if (key === undefined || others.length > 0) return unread('add', entry, line)
  if (Object.hasOwn(OBJECTS, key)) return object('add', entry, line)
  if (key === 'list') return undefined
  if (VERBS.includes(key)) return besideRule(object(key as Verb, value, line))
  return unread('add', entry, line)
}

/** A new rule's handle in a command is that of the rule beside it; in a listing it is its own. */
function besideRule(given: Command): Command {
  if ((given.op !== 'add' && given.op !== 'insert') || !('rule' in given.object)) return given
  const { handle, ...rule } = given.object.rule
  return handle === undefined ? given : { ...given, object: { rule: { ...rule, position: handle } } }
}

function object(op: Verb, entry: unknown, line: number): Command {
  if (typeof entry !== 'object' || entry === null) return unread(op, entry, line)
  const [key = '', ...others] = Object.keys(entry)
  const shape = key === 'ruleset' ? ruleset : Object.hasOwn(OBJECTS, key) ? OBJECTS[key] : undefined
  const value = others.length === 0 ? shape?.((entry as Record<string, unknown>)[key], 0) : undefined
  const whole = value === null ? null : complete(op, key, value as Body | undefined)
  if (whole === undefined) return unread(op, entry, line)
  return { op, object: { [key]: whole } as unknown as Command['object'], line }
}

type Body = Record<string, unknown>

const MAKES: readonly Verb[] = ['add', 'create', 'insert', 'replace']

/** What makes an object tells all that it is made of; what is about one that is there may leave the rest out. */
function complete(op: Verb, key: string, body: Body | undefined): Body | undefined {
  if (!body) return undefined
  const left = LEFT_OUT[key] ?? {}
  const missing = Object.keys(left).filter((property) => !(property in body))
  if (missing.length === 0) return body
  const isNamed = !missing.includes('name') || 'handle' in body
  return MAKES.includes(op) || !isNamed ? undefined : { ...left, ...body }
}

const LEFT_OUT: Readonly<Record<string, Body>> = wordTable({
  table: { name: '' },
  chain: { name: '' },
  rule: { expr: [] },
  set: { type: '' },
  meter: { type: '' },
  map: { type: '', map: 'verdict' },
})

const unread = (op: Verb, entry: unknown, line: number): Command => ({ op, object: notUnderstood(entry), line })
