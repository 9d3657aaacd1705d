/** `mangle`: fields that a rule writes. Chains of & | ^ with constants become one mask and one value. */
import type { Assignment, Statement } from '../../../model/statement.ts'
import { FIELDS } from '../../fields.ts'
import { protocolName } from '../../iptables/protocols.ts'
import type { Expression } from '../ast.ts'
import { bitsOf } from '../bits.ts'
import { type Asked, asked } from '../selectors.ts'
import { symbolOf } from '../symbols.ts'
import type { Lowering } from './context.ts'
import { lowerMap, mapIn } from './maps.ts'

const ALL = 0xffffffff

export function lowerWrite(key: Expression, value: Expression, text: string, lowering: Lowering): void {
  const of = asked(key)
  if (!of) {
    lowering.do({ kind: 'unknown', text, reason: 'what it writes is not understood' })
    return
  }
  lowering.need(of.layers, text)
  lowering.do(...writes(of, value, text, lowering))
}

function writes(of: Asked, value: Expression, text: string, lowering: Lowering): Statement[] {
  const { field } = of
  if (field === 'meta nftrace') return value === 0 ? [{ kind: 'note', text }] : [{ kind: 'trace' }]
  const map = mapIn(value)
  if (map) {
    const lookup = lowerMap(map.key, map.data, text, lowering)
    if (lookup) return [assignment(field, `@${lookup.set}`, { map: lookup })]
  }
  const folded = fold(value, of) ?? copied(value, of)
  if (folded) return 'kind' in folded ? [folded] : written(field, folded)
  const name = nameOf(value, of)
  if (name !== undefined) return [assignment(field, name)]
  const isMtu = asked(value)?.field === 'rt mtu'
  const reason = isMtu ? "the path's MTU is not known" : 'what it writes cannot be told'
  return [{ kind: 'unknown', text, reason, fields: [field] }]
}

/** A segment size is only ever lowered (net/netfilter/nft_exthdr.c, nft_exthdr_tcp_set_eval). */
const assignment = (field: string, value: Assignment['value'], more: Partial<Assignment> = {}): Assignment => ({
  kind: 'set',
  field,
  value,
  ...(field === 'tcp option maxseg size' ? { op: 'min' as const } : {}),
  ...more,
})

/** Addresses, helpers, packet types. */
function nameOf(value: Expression, { field, type }: Asked): string | undefined {
  if (typeof value === 'number') return symbolOf(type, value)
  if (typeof value !== 'string') return undefined
  return FIELDS[field] === 'protocol' ? protocolName(Number(value)) : value
}

/** `(source & and) ^ xor`, the source shifted before; without a source a constant. */
interface Folded {
  source?: string
  and: number
  xor: number
  shift: number
}

function fold(expression: Expression, of: Asked): Folded | undefined {
  const constant = bitsOf(expression, of.type)
  if (constant !== undefined) return { and: 0, xor: constant, shift: 0 }
  const source = asked(expression)
  if (source)
    return FIELDS[source.field] === 'number' ? { source: source.field, and: ALL, xor: 0, shift: 0 } : undefined
  if (typeof expression !== 'object' || Array.isArray(expression)) return undefined
  const [op, operands] = Object.entries(expression)[0] as [string, Expression[]]
  if (!['&', '|', '^', '<<', '>>'].includes(op)) return undefined
  const [first, ...others] = operands
  let folded = first === undefined ? undefined : fold(first, of)
  for (const other of others) {
    const number = bitsOf(other, of.type)
    folded = folded && number !== undefined ? applied(folded, op, number) : undefined
  }
  return folded
}

/** `ct mark set ct mark & A | meta mark & B`: some bits stay, others are another field's. */
function copied(value: Expression, of: Asked): Assignment | undefined {
  if (typeof value !== 'object' || Array.isArray(value) || !('|' in value || '^' in value)) return undefined
  const operands = '|' in value ? value['|'] : value['^']
  const parts = operands.map((operand) => fold(operand, of))
  const own = parts.find((part) => part?.source === of.field && part.shift === 0)
  const other = parts.find((part) => part?.source !== undefined && part !== own)
  if (parts.length !== 2 || !own || !other || own.xor !== 0 || other.xor !== 0 || own.and & other.and) return undefined
  const written = { field: other.source!, mask: before(other), ...(other.shift === 0 ? {} : { shift: other.shift }) }
  return assignment(of.field, written, { mask: ~own.and >>> 0 })
}

/** The mask as it is in front of the shift. */
const before = ({ and, shift }: Folded): number => (shift < 0 ? (and << -shift) >>> 0 : and >>> shift)

function applied({ and, xor, shift, ...rest }: Folded, op: string, by: number): Folded | undefined {
  switch (op) {
    case '&':
      return { ...rest, shift, and: (and & by) >>> 0, xor: (xor & by) >>> 0 }
    case '|':
      return { ...rest, shift, and: (and & ~by) >>> 0, xor: ((xor & ~by) | by) >>> 0 }
    case '^':
      return { ...rest, shift, and, xor: (xor ^ by) >>> 0 }
    default: {
      const bits = op === '<<' ? by : -by
      const shifted = (number: number) => (bits < 0 ? number >>> -bits : number << bits) >>> 0
      return { ...rest, xor: shifted(xor), shift: shift + bits, and: shifted(and) }
    }
  }
}

function written(field: string, folded: Folded): Statement[] {
  const { source, and, xor, shift } = folded
  if (source === undefined || and === 0) return [assignment(field, xor)]
  // the field's own bits under the mask stay
  if (source === field && shift === 0) return [assignment(field, xor, { mask: ~and >>> 0 })]
  const mask = and === ALL ? {} : { mask: before(folded) }
  const copy = assignment(field, { field: source, ...mask, ...(shift === 0 ? {} : { shift }) })
  return xor === 0 ? [copy] : [copy, assignment(field, xor, { mask: 0 })]
}
