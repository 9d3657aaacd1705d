/** What happens to files on their way: bytes change, parts are lost or come twice, lines change places. */
import fc from 'fast-check'

/** Places and lengths are fractions of the file's length, so that they fit any file. */
type Change =
  | { kind: 'flip' | 'insert'; at: number; byte: number }
  | { kind: 'cut' | 'double' | 'repeat' | 'reverse'; at: number; length: number }
  | { kind: 'swap' | 'drop-break'; at: number; other: number }
  | { kind: 'end'; at: number }

const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })
/** Mostly short: a field, a line. */
const length = fc.oneof(
  place.map((part) => part * part * 0.01),
  place,
)
/** Among them those that a format gives a meaning. */
const byte = fc.oneof(
  fc.constantFrom(...[...' \n\r\t\0:=,;"\'\\[](){}*-!#/.0129aZ\x1b\x7f\x80\x9b\xff'].map((char) => char.charCodeAt(0))),
  fc.nat(255),
)

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ kind: fc.constantFrom('flip' as const, 'insert' as const), at: place, byte }),
  fc.record({
    kind: fc.constantFrom('cut' as const, 'double' as const, 'repeat' as const, 'reverse' as const),
    at: place,
    length,
  }),
  fc.record({ kind: fc.constantFrom('swap' as const, 'drop-break' as const), at: place, other: place }),
  fc.record({ kind: fc.constant('end' as const), at: place }),
)

export const changes: fc.Arbitrary<Change[]> = fc.array(change, { maxLength: 8 })

export function mutate(bytes: Uint8Array, list: readonly Change[]): Uint8Array {
  let text = Buffer.from(bytes).toString('latin1')
  for (const one of list) text = apply(text, one)
  return Buffer.from(text, 'latin1')
}

function apply(text: string, one: Change): string {
  const at = Math.floor(one.at * text.length)
  const [front, behind] = [text.slice(0, at), text.slice(at)]
  switch (one.kind) {
    case 'flip':
      return front + String.fromCharCode(one.byte) + behind.slice(1)
    case 'insert':
      return front + String.fromCharCode(one.byte) + behind
    case 'end':
      return front
    case 'swap':
    case 'drop-break':
      return changeLines(text, one)
    default: {
      const part = behind.slice(0, Math.ceil(one.length * text.length))
      const rest = behind.slice(part.length)
      if (one.kind === 'cut') return front + rest
      if (one.kind === 'double') return front + part + part + rest
      if (one.kind === 'repeat') return front + part.slice(0, 40).repeat(20) + rest
      return front + [...part].reverse().join('') + rest
    }
  }
}

function changeLines(text: string, { kind, at, other }: Extract<Change, { other: number }>): string {
  const lines = text.split('\n')
  const [i, k] = [at, other].map((part) => Math.floor(part * lines.length)) as [number, number]
  if (kind === 'drop-break') lines.splice(i, 2, lines.slice(i, i + 2).join(''))
  else [lines[i], lines[k]] = [lines[k]!, lines[i]!]
  return lines.join('\n')
}
