/** Shapes that parts of nft's JSON have to have: a value of the right shape, or undefined. */
import type { Unknown } from '../../../rules/nft/ast.ts'

/** `depth`: how far inside the command it stands. Undefined: not of that shape. */
export type Shape<T = unknown> = (value: unknown, depth: number) => T | undefined

/** No rule is nested so deep; deeper, the stack would not do. */
export const MAX_DEPTH = 64

export const text: Shape<string> = (value) => (typeof value === 'string' ? value : undefined)
export const number: Shape<number> = (value) =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined
/** A handle, or a place: further on, numbers are not told from their neighbours. */
export const count: Shape<number> = (value) => (Number.isSafeInteger(value) ? (value as number) : undefined)
export const truth: Shape<boolean> = (value) => (typeof value === 'boolean' ? value : undefined)
/** One name, or a list of them. */
export const names: Shape<string | string[]> = (value) =>
  typeof value === 'string' || (Array.isArray(value) && value.every((one) => typeof one === 'string'))
    ? value
    : undefined
export const nothing: Shape<null> = (value) => (value === null ? null : undefined)

type Shapes = Readonly<Record<string, Shape>>

/** An object with all of `required`, some of `optional`, and nothing else. */
export function body(required: Shapes, optional: Shapes = {}): Shape<Record<string, unknown>> {
  const all = new Map([...Object.entries(required), ...Object.entries(optional)])
  const needed = Object.keys(required)
  return (value, depth) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    const result: Record<string, unknown> = {}
    for (const [key, held] of Object.entries(value)) {
      const read = all.get(key)?.(held, depth + 1)
      if (read === undefined) return undefined
      result[key] = read
    }
    return needed.every((key) => key in result) ? result : undefined
  }
}

/** The first of these shapes that it has. */
export const either =
  (...shapes: Shape[]): Shape =>
  (value, depth) => {
    for (const shape of shapes) {
      const read = shape(value, depth)
      if (read !== undefined) return read
    }
    return undefined
  }

export const listOf =
  (shape: Shape): Shape<unknown[]> =>
  (value, depth) => {
    if (!Array.isArray(value)) return undefined
    const read: unknown[] = []
    for (const one of value) {
      const item = shape(one, depth + 1)
      if (item === undefined) return undefined
      read.push(item)
    }
    return read
  }

/** As much of it as a person needs to find it again. */
export function notUnderstood(value: unknown): Unknown {
  let written = ''
  try {
    written = JSON.stringify(value) ?? ''
  } catch {
    // nested too deep for that, too
    written = '…'
  }
  return { unknown: { text: written.length > 400 ? `${written.slice(0, 400)}…` : written } }
}
