/** What `ipset save` and `ipset list` have in common: a set's options and its elements (ipset 7.17, lib/print.c, lib/parse.c). */
import type { NamedSet, SetElement } from '../../model/ruleset.ts'
import { ICMP_TYPES, ICMPV6_TYPES, readIcmpType } from '../../rules/iptables/values/icmp.ts'
import { SERVICES } from '../../rules/iptables/values/services.ts'
import { canonicalAddress } from './prefixes.ts'

/** How a set's type begins, which tells it from a word of its name. */
export const SET_TYPE = '(?:hash|bitmap|list):[a-z,]+'

/** Options by name, and whether a value follows. */
type Options = Readonly<Record<string, boolean>>

const SET_OPTIONS: Options = {
  family: true,
  range: true,
  netmask: true,
  bitmask: true,
  markmask: true,
  timeout: true,
  size: true,
  hashsize: true,
  maxelem: true,
  bucketsize: true,
  initval: true,
  counters: false,
  comment: false,
  skbinfo: false,
  forceadd: false,
  '-exist': false,
  '-!': false,
}

const ELEMENT_OPTIONS: Options = {
  timeout: true,
  packets: true,
  bytes: true,
  comment: true,
  skbmark: true,
  skbprio: true,
  skbqueue: true,
  before: true,
  after: true,
  nomatch: false,
  wildcard: false,
  '-exist': false,
  '-!': false,
}

type Unknown = (word: string) => void

/** The set without elements; `options` is what follows its type. */
export function readSet(name: string, type: string, options: string, unknown: Unknown): NamedSet {
  const set: NamedSet = { name, type, elements: [] }
  const given = readOptions(options, SET_OPTIONS, unknown)
  const mask = given.get('netmask') ?? given.get('bitmask')
  const markMask = given.get('markmask')
  if (mask !== undefined) set.addressMask = /^\d+$/.test(mask) ? Number(mask) : (canonicalAddress(mask) ?? mask)
  if (markMask !== undefined) set.markMask = Number(markMask)
  return set
}

/** `10.0.0.1,tcp:80 timeout 10 comment "a b"`, for a set of this type. */
export function readElement(text: string, type: string, unknown: Unknown): SetElement {
  const [value = '', ...rest] = text.split(' ')
  const kinds = type.slice(type.indexOf(':') + 1).split(',')
  const element: SetElement = { parts: value.split(',').map((part, i) => readPart(part, kinds[i])) }
  const options = readOptions(rest.join(' '), ELEMENT_OPTIONS, unknown)
  const timeout = Number(options.get('timeout') ?? 0)
  if (timeout > 0) element.timeout = timeout
  if (options.has('nomatch')) element.nomatch = true
  if (options.has('wildcard')) element.wildcard = true
  return element
}

function readOptions(text: string, known: Options, unknown: Unknown): Map<string, string> {
  const given = new Map<string, string>()
  const words = text.match(/"[^"]*"|\S+/g) ?? []
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!
    const hasValue = Object.hasOwn(known, word) ? known[word] : undefined
    if (hasValue === undefined) unknown(word)
    else given.set(word, hasValue ? (words[++i] ?? '') : '')
  }
  return given
}

/** As it would be compared: hardware addresses in lower case, ports and ICMP types as numbers. */
function readPart(part: string, kind: string | undefined): string {
  if (kind === 'mac') return part.toLowerCase()
  if (kind !== 'port') return part
  const [protocol, value] = part.includes(':') ? part.split(':') : [undefined, part]
  const number = protocol === undefined ? portNumbers(part) : portOrIcmp(protocol, value ?? '')
  return protocol === undefined ? number : `${protocol}:${number}`
}

function portOrIcmp(protocol: string, value: string): string {
  if (!/^(ipv6-)?icmp(v6)?$/.test(protocol)) return portNumbers(value)
  try {
    const { type, codes } = readIcmpType(value, protocol === 'icmp' ? ICMP_TYPES : ICMPV6_TYPES)
    // ipset's names without a code mean code 0
    return `${type}/${codes.from}`
  } catch {
    return value
  }
}

const portNumbers = (text: string): string => (Object.hasOwn(SERVICES, text) ? String(SERVICES[text]) : text)
