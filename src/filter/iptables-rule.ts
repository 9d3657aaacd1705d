/** Comparisons as options of iptables or ip6tables (iptables-extensions(8)), for a rule where packets come in. */
import type { Value } from '../model/condition.ts'
import { protocolNumber } from '../rules/iptables/protocols.ts'
import type { Atom } from './alternatives.ts'

type Words = readonly string[]

/**
 * Each list of words is one rule's; none where no packet of this family can match. What iptables cannot ask, or not
 * twice of one rule, is left out, so that rules take more packets rather than fewer.
 */
export function iptablesMatches(atoms: readonly Atom[], family: 'ip' | 'ip6', chain: 'PREROUTING' | 'OUTPUT'): Words[] {
  const words: string[] = []
  let protocols: readonly string[] | undefined
  /** Of several, iptables can be asked for one. */
  let otherThan: string | undefined
  const transport: Atom[] = []
  for (const atom of atoms) {
    const { field, value, negated } = atom
    const not = negated ? ['!'] : []
    if (field === 'meta nfproto') {
      const names = typeof value === 'object' && 'set' in value ? value.set : [value]
      if (names.includes(family === 'ip' ? 'ipv4' : 'ipv6') === negated) return []
    } else if (field === 'meta l4proto') {
      const named = typeof value === 'object' && 'set' in value ? value.set.map(String) : [String(value)]
      if (!negated) protocols = protocols ? protocols.filter((one) => named.includes(one)) : named
      else if (named.length === 1) otherThan ??= named[0]
    } else if (/^ip6? [sd]addr$/.test(field)) {
      const address = addressWord(value, atom.mask)
      const option = field.endsWith('saddr') ? '-s' : '-d'
      if (address !== undefined && !words.includes(option)) words.push(...not, option, address)
    } else if (field === 'meta iifname') {
      if (chain === 'OUTPUT') {
        if (!negated) return []
      } else if (!words.includes('-i')) words.push(...not, '-i', interfaceWord(value))
    } else if (/ [sd]port$/.test(field) || field === 'tcp flags') transport.push(atom)
  }
  if (!protocols) return [otherThan === undefined ? words : ['!', '-p', number(otherThan), ...words]]
  return protocols.map((protocol) => ['-p', number(protocol), ...words, ...transportWords(protocol, transport)])
}

const number = (name: string): string => String(protocolNumber(name) ?? name)

function transportWords(protocol: string, atoms: readonly Atom[]): string[] {
  const words: string[] = []
  for (const { field, value, negated, mask } of atoms) {
    const isFlags = field === 'tcp flags'
    const option = isFlags ? '--tcp-flags' : field.endsWith('sport') ? '--sport' : '--dport'
    if (words.includes(option) || (isFlags && protocol !== 'tcp')) continue
    const ends = typeof value === 'object' && 'range' in value ? value.range.join(':') : String(value)
    words.push(...(negated ? ['!'] : []), option, ...(isFlags ? [flagWords(mask), flagWords(value)] : [ends]))
  }
  return words.length === 0 ? [] : ['-m', protocol, ...words]
}

const FLAGS = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG']
const flagWords = (bits: unknown): string => FLAGS.filter((_, i) => (Number(bits) >> i) & 1).join(',') || 'NONE'

function addressWord(value: Value, mask: Atom['mask']): string | undefined {
  if (typeof value === 'object') return 'prefix' in value ? `${value.prefix}/${value.length}` : undefined
  return mask === undefined ? String(value) : `${value}/${mask}`
}

const interfaceWord = (value: Value): string =>
  typeof value === 'object' && 'wildcard' in value ? `${value.wildcard}+` : String(value)
