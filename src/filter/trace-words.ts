/** The words that pcap-filter does not have: what a netfilter trace shows besides the packet's addresses. */
import type { Condition } from '../model/condition.ts'
import { FilterProblem, type ValueOf } from './error.ts'
import { readNumber } from './numbers.ts'
import { compare, type Reader, type ReadValue } from './qualifiers.ts'
import type { Token } from './tokens.ts'

/** The first packet of a TCP connection: SYN, and none of ACK, RST and FIN, as iptables' --syn. */
export const SYN: Condition = { kind: 'compare', field: 'tcp flags', op: '==', value: 2, mask: 0x17, text: 'syn' }

const READERS: Readonly<Record<string, ReadValue>> = {
  in: (token) => device('meta iifname', token),
  out: (token) => device('meta oifname', token),
  mark: readMark,
  ipid: (token) => compare('ip id', readNumber(token, token.text, 0xffff, 'an IP ID')),
  seq: (token) => compare('tcp sequence', readNumber(token, token.text, 0xffffffff, 'a sequence number')),
  icmpid: (token) => {
    const id = readNumber(token, token.text, 0xffff, 'an ICMP id')
    return { kind: 'any', of: [compare('icmp id', id), compare('icmpv6 id', id)] }
  },
  opt: readOptions,
}

export const TRACE_WORDS: readonly string[] = Object.keys(READERS)

export const traceWordReader = (word: string): Reader => {
  const read = READERS[word]!
  return {
    read: (value) => ({ ...read(value), text: `${word} ${value.text}` }),
    of: { type: word as ValueOf['type'] },
    words: word,
  }
}

/** A `+` (iptables) or `*` (nft) at the end stands for any rest. */
function device(field: string, { text }: Token): Condition {
  return compare(field, /[+*]$/.test(text) ? { wildcard: text.slice(0, -1) } : text)
}

/** `0x4000` or, where only some bits count, `0x4000/0xff00`. */
function readMark(token: Token): Condition {
  const [value = '', mask, ...rest] = token.text.split('/')
  if (rest.length > 0) throw new FilterProblem(token, `"${token.text}" is not a mark: write MARK or MARK/MASK`)
  const read = (text: string) => readNumber(token, text, 0xffffffff, 'a mark')
  return compare('meta mark', read(value), mask === undefined ? undefined : read(mask))
}

/** All of a packet's TCP options, as `OPT (…)` shows them. */
function readOptions(token: Token): Condition {
  const hex = token.text.replace(/^0x/i, '')
  if (!/^([0-9a-f]{2})+$/i.test(hex))
    throw new FilterProblem(
      token,
      `"${token.text}" is not a list of TCP options: write whole bytes in hex, as after OPT in the log`,
    )
  return compare('tcp option raw', hex.toUpperCase())
}
