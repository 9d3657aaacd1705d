/** What stands before a value (`tcp src port`), and which condition the two make (libpcap, gencode.c gen_host, gen_port). */
import type { Condition, Scalar, Value } from '../model/condition.ts'
import { protocolName, protocolNumber } from '../rules/iptables/protocols.ts'
import { FilterProblem, type ValueOf } from './error.ts'
import { type AddressValue, readHost, readNet } from './hosts.ts'
import { numberIn } from './numbers.ts'
import { readPort, readPortRange } from './ports.ts'
import { withProtocol } from './protocols.ts'
import type { Token } from './tokens.ts'

/** Makes a condition of a value. */
export type ReadValue = (value: Token) => Condition

/** A bare value repeats the last one. */
export interface Reader {
  read: ReadValue
  of: ValueOf
  /** What stands before the value, for messages. */
  words: string
}

/** `or`: either end of the packet; `and`: both. */
export type Direction = 'src' | 'dst' | 'or' | 'and'

export interface Qualifiers {
  protocol?: Token
  direction?: Direction
  type?: 'host' | 'net' | 'port' | 'portrange' | 'proto'
  /** As they were written, for messages and for the condition's text. */
  words: string
  /** Their last word. */
  last: Token
}

/** Throws FilterProblem where they do not go together; the values' own problems come when one is read. */
export function readerOf(qualifiers: Qualifiers): Reader {
  const { type, words, direction, protocol } = qualifiers
  const read =
    type === 'port' || type === 'portrange'
      ? portReader(qualifiers)
      : type === 'proto'
        ? protocolReader(qualifiers)
        : addressReader(qualifiers)
  const of: ValueOf = {
    type: type ?? 'host',
    ...(direction === 'src' || direction === 'dst' ? { end: direction } : {}),
    ...(protocol ? { protocol: protocol.text } : {}),
  }
  return { read: (value) => ({ ...read(value), text: `${words} ${value.text}` }), of, words }
}

const TRANSPORTS = ['tcp', 'udp', 'sctp']

function portReader({ protocol, direction, type }: Qualifiers): ReadValue {
  if (protocol && !TRANSPORTS.includes(protocol.text))
    throw new FilterProblem(protocol, `${protocol.text} has no ports; tcp, udp and sctp have`)
  return (token) => {
    const value = type === 'port' ? readPort(token) : readPortRange(token)
    const header = protocol?.text ?? 'th'
    const ends = atEnds(direction, (end) => compare(`${header} ${end === 'src' ? 'sport' : 'dport'}`, value))
    if (protocol) return ends
    return { kind: 'all', of: [compare('meta l4proto', { set: TRANSPORTS }), ends] }
  }
}

function protocolReader({ protocol, direction, words, last }: Qualifiers): ReadValue {
  const family = ipFamily(protocol, words)
  if (direction) throw new FilterProblem(last, 'a protocol has no src or dst')
  return (token) => {
    // tcpdump wants \tcp, since tcp alone is a word of the language; shells eat the backslash
    const name = token.text.replace(/^\\/, '')
    const number = name === 'icmp6' ? 58 : (numberIn(name) ?? (name === 'all' ? undefined : protocolNumber(name)))
    if (number === undefined || number > 255)
      throw new FilterProblem(token, `"${token.text}" is not an IP protocol: a number up to 255, or a name`)
    return withProtocol(protocolName(number), family)
  }
}

function addressReader({ protocol, direction, type, words }: Qualifiers): ReadValue {
  const only = ipFamily(protocol, words)
  return (token) => {
    const { family, value, mask } = type === 'net' ? readNet(token) : readHost(token)
    if (only && only !== family)
      throw new FilterProblem(token, `"${token.text}" is not an ${only === 'ip' ? 'IPv4' : 'IPv6'} address`)
    return atEnds(direction, (end) => compare(`${family} ${end === 'src' ? 'saddr' : 'daddr'}`, value, mask))
  }
}

function ipFamily(protocol: Token | undefined, words: string): AddressValue['family'] | undefined {
  if (!protocol || protocol.text === 'ip' || protocol.text === 'ip6') return protocol?.text as 'ip' | 'ip6' | undefined
  const rest = words.slice(protocol.text.length + 1)
  throw new FilterProblem(protocol, `"${protocol.text}" cannot be used with "${rest}"`, `${protocol.text} and ${rest}`)
}

function atEnds(direction: Direction | undefined, condition: (end: 'src' | 'dst') => Condition): Condition {
  if (direction === 'src' || direction === 'dst') return condition(direction)
  return { kind: direction === 'and' ? 'all' : 'any', of: [condition('src'), condition('dst')] }
}

export const compare = (field: string, value: Value, mask?: Scalar): Condition => ({
  kind: 'compare',
  field,
  op: '==',
  value,
  ...(mask === undefined ? {} : { mask }),
})
