/** ICMP types and codes by name and number, of both families (libxt_icmp.h); the tool always prints numbers. */
import type { Condition } from '../../../model/condition.ts'
import type { Negatable } from '../../../model/ruleset.ts'
import { compare, type Option, WordError, word } from '../extension.ts'
import { type Range, rangeValue, readNumber } from './numbers.ts'

export interface IcmpType {
  type: number
  codes: Range
}

/** Name → type, or type and code. */
type Names = Readonly<Record<string, number | readonly [number, number]>>

export const ICMP_TYPES: Names = {
  'echo-reply': 0,
  pong: 0,
  'destination-unreachable': 3,
  'network-unreachable': [3, 0],
  'host-unreachable': [3, 1],
  'protocol-unreachable': [3, 2],
  'port-unreachable': [3, 3],
  'fragmentation-needed': [3, 4],
  'source-route-failed': [3, 5],
  'network-unknown': [3, 6],
  'host-unknown': [3, 7],
  'network-prohibited': [3, 9],
  'host-prohibited': [3, 10],
  'tos-network-unreachable': [3, 11],
  'tos-host-unreachable': [3, 12],
  'communication-prohibited': [3, 13],
  'host-precedence-violation': [3, 14],
  'precedence-cutoff': [3, 15],
  'source-quench': 4,
  redirect: 5,
  'network-redirect': [5, 0],
  'host-redirect': [5, 1],
  'tos-network-redirect': [5, 2],
  'tos-host-redirect': [5, 3],
  'echo-request': 8,
  ping: 8,
  'router-advertisement': 9,
  'router-solicitation': 10,
  'time-exceeded': 11,
  'ttl-exceeded': 11,
  'ttl-zero-during-transit': [11, 0],
  'ttl-zero-during-reassembly': [11, 1],
  'parameter-problem': 12,
  'ip-header-bad': [12, 0],
  'required-option-missing': [12, 1],
  'timestamp-request': 13,
  'timestamp-reply': 14,
  'address-mask-request': 17,
  'address-mask-reply': 18,
  any: 255,
}

/** The mld names came with 1.8.10. */
export const ICMPV6_TYPES: Names = {
  'destination-unreachable': 1,
  'no-route': [1, 0],
  'communication-prohibited': [1, 1],
  'beyond-scope': [1, 2],
  'address-unreachable': [1, 3],
  'port-unreachable': [1, 4],
  'failed-policy': [1, 5],
  'reject-route': [1, 6],
  'packet-too-big': 2,
  'time-exceeded': 3,
  'ttl-exceeded': 3,
  'ttl-zero-during-transit': [3, 0],
  'ttl-zero-during-reassembly': [3, 1],
  'parameter-problem': 4,
  'bad-header': [4, 0],
  'unknown-header-type': [4, 1],
  'unknown-option': [4, 2],
  'echo-request': 128,
  ping: 128,
  'echo-reply': 129,
  pong: 129,
  'mld-listener-query': 130,
  'mld-listener-report': 131,
  'mld-listener-done': 132,
  'mld-listener-reduction': 132,
  'router-solicitation': 133,
  'router-advertisement': 134,
  'neighbour-solicitation': 135,
  'neighbor-solicitation': 135,
  'neighbour-advertisement': 136,
  'neighbor-advertisement': 136,
  redirect: 137,
}

const ALL_CODES: Range = { from: 0, to: 255 }

/** A name or its only beginning, `TYPE`, `TYPE/CODE` or `TYPE/CODE:CODE`. Throws WordError. */
export function readIcmpType(text: string, names: Names): IcmpType {
  const begun = Object.keys(names).filter((name) => name.startsWith(text.toLowerCase()))
  const [name, other] = begun.includes(text.toLowerCase()) ? [text.toLowerCase()] : begun
  if (other !== undefined) throw new WordError(`"${text}" can be ${begun.join(' or ')}`)
  const known = name === undefined ? undefined : names[name]!
  if (typeof known === 'number') return { type: known, codes: ALL_CODES }
  if (known) return { type: known[0], codes: { from: known[1], to: known[1] } }
  const parts = /^([^/:]+)(?:\/([^:]+)(?::(.+))?)?$/.exec(text)
  if (!parts) throw new WordError(`"${text}" is neither an ICMP type nor TYPE/CODE`)
  const type = readNumber(parts[1]!, 255)
  if (parts[2] === undefined) return { type, codes: ALL_CODES }
  const from = readNumber(parts[2], 255)
  return { type, codes: { from, to: parts[3] === undefined ? from : readNumber(parts[3], 255) } }
}

/** `TYPE` or `TYPE/CODE`; iptables itself prints only the first of several codes, which would be another rule. */
export function printIcmpType({ type, codes }: IcmpType): string {
  if (codes.from === ALL_CODES.from && codes.to === ALL_CODES.to) return String(type)
  return codes.from === codes.to ? `${type}/${codes.from}` : `${type}/${codes.from}:${codes.to}`
}

export const icmpTypeOption = (names: Names, print: (type: IcmpType) => string, more: Partial<Option<IcmpType>>) =>
  word((text) => readIcmpType(text, names), print, more)

/** On `<protocol> type` and `<protocol> code`. */
export function icmpCondition(protocol: string, words: string, { value, not }: Negatable<IcmpType>): Condition {
  const type = compare(`${protocol} type`, value.type, { words, not })
  if (printIcmpType(value) === String(value.type)) return type
  const code = compare(`${protocol} code`, rangeValue(value.codes), { words, not })
  return { kind: not ? 'any' : 'all', of: [type, code], text: not ? `! ${words}` : words }
}
