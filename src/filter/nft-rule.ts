/** Comparisons in nft's words, for a rule in a chain of family inet (nft(8), "payload expressions"). */
import type { Scalar, Value } from '../model/condition.ts'
import { protocolNumber } from '../rules/iptables/protocols.ts'
import type { Atom } from './alternatives.ts'

/** `ip saddr 192.0.2.0/24 tcp dport 80`; empty where every packet is meant. */
export const nftMatches = (atoms: readonly Atom[]): string => atoms.filter(canBeWritten).map(nftMatch).join(' ')

/** nft has no way to write a quote within quotes; without the comparison the rule takes more packets. */
const canBeWritten = ({ field, value }: Atom): boolean =>
  field !== 'meta iifname' ||
  /^[\w.:@+-]+$/.test(typeof value === 'object' && 'wildcard' in value ? value.wildcard : String(value))

function nftMatch({ field, value, mask, negated }: Atom): string {
  const left = mask === undefined ? field : `${field} & ${scalar(field, mask)}`
  // nft takes a list without an operator, and a masked field with one
  const operator = negated ? '!= ' : mask === undefined ? '' : '== '
  return `${left} ${operator}${printed(field, value)}`
}

function printed(field: string, value: Value): string {
  if (typeof value !== 'object') return scalar(field, value)
  if ('prefix' in value) return `${value.prefix}/${value.length}`
  if ('range' in value) return value.range.map((end) => scalar(field, end)).join('-')
  if ('wildcard' in value) return `"${value.wildcard}*"`
  return `{ ${value.set.map((one) => printed(field, one)).join(', ')} }`
}

/** Protocols by number: nft does not know the names of all. Interfaces in quotes, so that none is a word of nft's. */
function scalar(field: string, value: Scalar): string {
  if (typeof value === 'number') return String(value)
  if (field === 'meta l4proto') return String(protocolNumber(value) ?? value)
  if (field === 'meta iifname') return `"${value}"`
  return value
}
