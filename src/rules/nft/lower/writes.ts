/** `mangle`: fields that a rule writes. Chains of operators with constants are one mask and one value (fold.ts). */
import type { Assignment, Statement } from '../../../model/statement.ts'
import { fieldType } from '../../fields.ts'
import { protocolName } from '../../iptables/protocols.ts'
import type { Expression } from '../ast.ts'
import { bitsOf } from '../bits.ts'
import { type Asked, asked } from '../selectors.ts'
import { symbolOf } from '../symbols.ts'
import type { Lowering } from './context.ts'
import { beforeShift, type Folded, fold } from './fold.ts'
import { lowerMap, mapIn } from './maps.ts'
import { hasField } from './match.ts'

const ALL = 0xffffffff

export function lowerWrite(key: Expression, value: Expression, text: string, lowering: Lowering): void {
  const of = asked(key)
  if (!of) {
    lowering.do({ kind: 'unknown', text, reason: 'nfwhy does not understand which field the rule writes' })
    return
  }
  lowering.need(of.layers, text)
  const statements = writes(of, value, text, lowering)
  // of a packet without the field that is read for it, the rule ends there
  for (const one of statements)
    if (one.kind === 'set') lowering.ask(...readFor(one).map((source) => hasField(source, text)))
  lowering.do(...statements)
}

const readFor = ({ field, value, mask = ALL }: Assignment): string[] => {
  if (typeof value === 'object') return ALWAYS_THERE.has(value.field) ? [] : [value.field]
  return (mask === ALL || mask === 0) && !field.startsWith('ether ') ? [] : [field]
}

/** Every packet has them, whether or not anything shows what they hold: reading them ends no rule (nft_meta_get_eval). */
const ALWAYS_THERE: ReadonlySet<string> = new Set(['meta secmark', 'meta priority', 'meta cpu', 'meta nftrace'])

function writes(of: Asked, value: Expression, text: string, lowering: Lowering): Statement[] {
  const { field } = of
  if (field === 'meta nftrace') return value === 0 ? [{ kind: 'note', text }] : [{ kind: 'trace' }]
  const map = mapIn(value)
  if (map) {
    const lookup = lowerMap(map.key, map.data, text, lowering)
    if (lookup) return [assignment(field, `@${lookup.set}`, { map: lookup })]
  }
  const word = fieldType(field) === 'name' ? symbolOf(of.type, bitsOf(value, of.type) ?? -1) : undefined
  if (word !== undefined) return [assignment(field, word)]
  const folded = fold(value, of) ?? copied(value, of)
  if (folded) return 'kind' in folded ? [folded] : written(field, folded)
  const source = asked(value)
  if (source && IN_TEXT.has(fieldType(field)) && fieldType(source.field) === fieldType(field))
    return [assignment(field, { field: source.field })]
  const name = nameOf(value, of)
  if (name !== undefined) return [assignment(field, name)]
  const isMtu = asked(value)?.field === 'rt mtu'
  const reason = isMtu ? "the path's MTU is not known" : 'nfwhy does not understand which value the rule writes'
  return [{ kind: 'unknown', text, reason, fields: [field] }]
}

const IN_TEXT: ReadonlySet<ReturnType<typeof fieldType>> = new Set(['address', 'mac'] as const)

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
  return fieldType(field) === 'protocol' ? protocolName(Number(value)) : value
}

/** `ct mark set ct mark & A | meta mark & B`: some bits stay, others are another field's. */
function copied(value: Expression, of: Asked): Assignment | undefined {
  if (typeof value !== 'object' || Array.isArray(value) || !('|' in value || '^' in value)) return undefined
  const operands = '|' in value ? value['|'] : value['^']
  const parts = operands.map((operand) => fold(operand, of))
  const own = parts.find((part) => part?.source === of.field && part.shift === 0)
  const other = parts.find((part) => part?.source !== undefined && part !== own)
  if (parts.length !== 2 || !own || !other || own.xor !== 0 || other.xor !== 0 || own.and & other.and) return undefined
  const written = {
    field: other.source!,
    mask: beforeShift(other),
    ...(other.shift === 0 ? {} : { shift: other.shift }),
  }
  return assignment(of.field, written, { mask: ~own.and >>> 0 })
}

function written(field: string, folded: Folded): Statement[] {
  const { source, and, xor, shift } = folded
  if (source === undefined || and === 0) return [assignment(field, xor)]
  // the field's own bits under the mask stay
  if (source === field && shift === 0) return [assignment(field, xor, { mask: ~and >>> 0 })]
  const mask = and === ALL ? {} : { mask: beforeShift(folded) }
  const copy = assignment(field, { field: source, ...mask, ...(shift === 0 ? {} : { shift }) })
  return xor === 0 ? [copy] : [copy, assignment(field, xor, { mask: 0 })]
}
