/** Expressions of nft's JSON, each checked; libnftables-json(5), "EXPRESSIONS", and src/json.c of nft. */
import type { Expression } from '../../../rules/nft/ast.ts'
import {
  body,
  either,
  listOf,
  MAX_DEPTH,
  names,
  nothing,
  notUnderstood,
  number,
  type Shape,
  text,
  truth,
} from './shape.ts'

/** Never undefined: what is not understood is a node of its own. */
export const expression = (value: unknown, depth: number): Expression => {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? value : notUnderstood(value)
    case 'string':
    case 'boolean':
      return value
    default:
      return (depth < MAX_DEPTH && compound(value, depth)) || notUnderstood(value)
  }
}

const anonymousSet: Shape = (value, depth) =>
  Array.isArray(value) ? value.map((one) => element(one, depth + 1)) : [expression(value, depth + 1)]

/** A pair of a map, or an element of a set. */
function element(value: unknown, depth: number): unknown {
  return Array.isArray(value) && value.length === 2
    ? [expression(value[0], depth + 1), data(value[1], depth + 1)]
    : expression(value, depth)
}

/** What a map gives: a verdict or a value. */
export const data = (value: unknown, depth: number): unknown => verdict(value, depth) ?? expression(value, depth)

const target = body({ target: text })

export const VERDICTS: Readonly<Record<string, Shape>> = {
  accept: nothing,
  drop: nothing,
  continue: nothing,
  return: nothing,
  jump: target,
  goto: target,
}

export const verdict: Shape<object> = (value, depth) => oneKey(VERDICTS, value, depth)

export const setOrName: Shape = either(text, body({ set: anonymousSet }))
export const map = body({ key: expression, data: setOrName })

export const counter = either(nothing, body({}, { packets: number, bytes: number }))
export const quota = body({ val: number }, { val_unit: text, used: number, used_unit: text, inv: truth })
export const limit = body({ rate: number }, { rate_unit: text, per: text, burst: number, burst_unit: text, inv: truth })
export const ctCount = body({ val: number }, { inv: truth })
export const last = either(nothing, body({}, { used: number }))

const operands = listOf(expression)
const range: Shape = (value, depth) => (Array.isArray(value) && value.length === 2 ? operands(value, depth) : undefined)

const EXPRESSIONS: Readonly<Record<string, Shape>> = {
  payload: either(
    body({ protocol: text, field: text }, { tunnel: text }),
    body({ base: text, offset: number, len: number }, { tunnel: text }),
  ),
  exthdr: body({ name: text }, { field: text, offset: number }),
  'tcp option': either(body({ name: text }, { field: text }), body({ base: number, offset: number, len: number })),
  'ip option': body({ name: text }, { field: text }),
  'sctp chunk': body({ name: text }, { field: text }),
  'dccp option': body({ type: number }),
  meta: body({ key: text }),
  ct: body({ key: text }, { family: text, dir: text }),
  rt: body({ key: text }, { family: text }),
  fib: body({ result: text, flags: names }),
  socket: body({ key: text }, { level: number }),
  osf: body({ key: text }, { ttl: text }),
  ipsec: body({ key: text, dir: text }, { family: text, spnum: number }),
  tunnel: body({ key: text }),
  numgen: body({ mode: text, mod: number }, { offset: number }),
  jhash: body({ expr: expression, mod: number }, { offset: number, seed: number }),
  symhash: body({ mod: number }, { offset: number }),
  '|': operands,
  '&': operands,
  '^': operands,
  '<<': operands,
  '>>': operands,
  concat: operands,
  prefix: body({ addr: expression, len: number }),
  range,
  set: anonymousSet,
  map,
  elem: body(
    { val: expression },
    {
      timeout: number,
      expires: number,
      comment: text,
      counter,
      limit,
      quota,
      'ct count': ctCount,
      last,
    },
  ),
}

function compound(value: unknown, depth: number): Expression | undefined {
  if (Array.isArray(value)) return operands(value, depth) as Expression[]
  return oneKey(EXPRESSIONS, value, depth) as Expression | undefined
}

/** An object with one key, which says what it is. */
export function oneKey(shapes: Readonly<Record<string, Shape>>, value: unknown, depth: number): object | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const keys = Object.keys(value)
  const key = keys[0]
  if (key === undefined || keys.length > 1 || !Object.hasOwn(shapes, key)) return undefined
  const read = shapes[key]!((value as Record<string, unknown>)[key], depth + 1)
  return read === undefined ? undefined : { [key]: read }
}
