/** Statements of nft's JSON, each checked; libnftables-json(5), "STATEMENTS", and src/json.c of nft. */
import type { Expression, Statement } from '../../../rules/nft/ast.ts'
import { counter, ctCount, expression, last, limit, map, oneKey, quota, setOrName, VERDICTS } from './expressions.ts'
import { body, either, MAX_DEPTH, names, nothing, notUnderstood, number, type Shape, text } from './shape.ts'

/** Never undefined: what is not understood is a node of its own. */
export const statement = (value: unknown, depth: number): Statement =>
  (depth < MAX_DEPTH && (oneKey(STATEMENTS, value, depth) as Statement | undefined)) || notUnderstood(value)

export const statements: Shape<Statement[]> = (value, depth) =>
  Array.isArray(value) ? value.map((one) => statement(one, depth + 1)) : undefined

const OPERATORS = ['==', '!=', '<', '>', '<=', '>=', 'in']
/** None of these bits: `!` is what `== 0` says under a mask of them. */
const match: Shape = (value, depth) => {
  const read = plainMatch(value, depth)
  if (read) return read
  const none = body({ op: either((op) => (op === '!' ? op : undefined)), left: expression, right: expression })
  const { left, right } = (none(value, depth) ?? {}) as { left?: Expression; right?: Expression }
  return left === undefined || right === undefined ? undefined : { op: '==', left: { '&': [left, right] }, right: 0 }
}

const operator: Shape = (value) => (OPERATORS.includes(value as string) ? value : undefined)

const plainMatch = body({ op: operator, left: expression, right: expression })

const reference = either(text, body({ map }))
const nat = either(
  nothing,
  body({}, { addr: expression, port: expression, family: text, flags: names, type_flags: names }),
)

const STATEMENTS: Readonly<Record<string, Shape>> = {
  ...VERDICTS,
  match,
  vmap: body({ key: expression, data: setOrName }),
  mangle: body({ key: expression, value: expression }),
  counter: either(counter, reference),
  quota: either(quota, reference),
  limit: either(limit, reference),
  last,
  'ct helper': reference,
  'ct timeout': reference,
  'ct expectation': reference,
  'ct count': ctCount,
  synproxy: either(nothing, reference, body({}, { mss: number, wscale: number, flags: names })),
  secmark: reference,
  tunnel: reference,
  fwd: body({}, { dev: expression, family: text, addr: expression }),
  dup: body({}, { addr: expression, dev: expression }),
  notrack: nothing,
  snat: nat,
  dnat: nat,
  masquerade: nat,
  redirect: nat,
  reject: either(nothing, body({}, { type: text, expr: expression })),
  log: either(
    nothing,
    body({}, { prefix: text, group: number, snaplen: number, 'queue-threshold': number, level: text, flags: names }),
  ),
  queue: either(nothing, body({}, { num: expression, flags: names })),
  tproxy: body({}, { family: text, addr: expression, port: expression }),
  flow: body({ op: text, flowtable: text }),
  set: body({ op: text, elem: expression, set: text }, { stmt: (value, depth) => statements(value, depth) }),
  map: body(
    { op: text, elem: expression, data: expression, map: text },
    { stmt: (value, depth) => statements(value, depth) },
  ),
  meter: body({ name: text, key: expression, stmt: (value, depth) => statement(value, depth) }, { size: number }),
  reset: expression,
  xt: either(nothing, body({ type: text, name: text })),
}
