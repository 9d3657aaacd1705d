/**
 * A packet in words, much as tcpdump prints it:
 *
 *     in eth0 tcp 172.28.129.2:55694 > 172.28.129.4:52000 syn
 *     udp [fd00::1]:40000 > fd00::2.53 mark 0x10
 *     in eth0 icmp 10.0.0.1 > 10.0.0.2 echo-request ttl 5
 *
 * Without `in` this host sends it. What is not said gets its usual value later (defaults.ts).
 */
import type { FilterError } from '../filter/error.ts'
import { parseAddress } from '../model/address.ts'
import type { Packet } from '../model/packet.ts'
import { wordTable } from '../model/word-table.ts'
import { closest } from '../rules/closest.ts'
import { protocolNumber } from '../rules/iptables/protocols.ts'
import { ICMP_TYPES, ICMPV6_TYPES, readIcmpType } from '../rules/iptables/values/icmp.ts'
import { hasPorts } from '../rules/values.ts'

/** `notes`: what may be meant otherwise. */
export type SpecResult = { packet: Packet; notes?: readonly string[] } | { error: FilterError }

interface Word {
  text: string
  /** 1-based. */
  column: number
}

class SpecProblem extends Error {
  readonly error: FilterError

  constructor({ text, column }: Word, message: string, suggestion?: string) {
    super(message)
    this.error = { column, word: text, message, ...(suggestion === undefined ? {} : { suggestion }) }
  }
}

/** Never throws; an error names the word. */
export function parseSpec(text: string): SpecResult {
  try {
    const reader = new SpecReader(text)
    const packet = reader.packet()
    return reader.notes.length > 0 ? { packet, notes: reader.notes } : { packet }
  } catch (problem) {
    if (problem instanceof SpecProblem) return { error: problem.error }
    throw problem
  }
}

const FLAGS = ['syn', 'ack', 'fin', 'rst', 'psh', 'urg', 'ece', 'cwr']
/** As tcpdump writes them between brackets. */
const FLAG_LETTERS: Readonly<Record<string, string>> = {
  S: 'syn',
  F: 'fin',
  R: 'rst',
  P: 'psh',
  '.': 'ack',
  U: 'urg',
  E: 'ece',
  W: 'cwr',
}

type NumberKey = Exclude<
  { [K in keyof Packet]-?: Packet[K] extends number | undefined ? K : never }[keyof Packet],
  undefined
>

/** Words that a number follows, with the largest one. */
const NUMBERS = wordTable<readonly [NumberKey, number]>({
  mark: ['mark', 0xffffffff],
  ttl: ['ttl', 255],
  hoplimit: ['ttl', 255],
  tos: ['tos', 255],
  length: ['length', 0xffff],
  len: ['length', 0xffff],
  ipid: ['ipId', 0xffff],
  id: ['icmpId', 0xffff],
  seq: ['tcpSeq', 0xffffffff],
  ack: ['tcpAck', 0xffffffff],
  win: ['tcpWindow', 0xffff],
  type: ['icmpType', 255],
  code: ['icmpCode', 255],
  uid: ['uid', 0xffffffff],
  gid: ['gid', 0xffffffff],
})
const WORDS = ['in', 'out', 'from', 'df', ...Object.keys(NUMBERS), ...FLAGS]

const ICMPV6 = 58

/** Of which protocols a field of a packet alone is. */
const ONLY: Readonly<Partial<Record<keyof Packet, readonly number[]>>> = {
  tcpFlags: [6],
  tcpSeq: [6],
  tcpAck: [6],
  tcpWindow: [6],
  icmpType: [1, 58],
  icmpCode: [1, 58],
  icmpId: [1, 58],
  icmpSeq: [1, 58],
}

class SpecReader {
  readonly #words: Word[]
  readonly #end: Word
  #at = 0
  readonly #packet: Packet = {}
  readonly notes: string[] = []

  constructor(text: string) {
    this.#words = [...text.matchAll(/>|[^\s>]+/g)].map((match) => ({ text: match[0], column: match.index + 1 }))
    this.#end = { text: '', column: text.length + 1 }
  }

  packet(): Packet {
    const packet = this.#packet
    while (this.#isWord('in', 'out')) this.#option()
    const protocol = this.#peek()
    if (protocol && !isEnd(protocol.text)) {
      this.#at++
      // tcpdump's word, and that of nfwhy's filters
      const number = /^icmp6$/i.test(protocol.text) ? ICMPV6 : protocolNumber(protocol.text)
      if (number === undefined || number === 0)
        throw new SpecProblem(protocol, `"${protocol.text}" is not a protocol`, closest(protocol.text, PROTOCOLS))
      packet.protocol = number === ICMPV6 ? 'icmpv6' : protocol.text.toLowerCase()
    }
    Object.assign(packet, named(this.#endpoint('the source address'), 'src', 'sport'))
    const arrow = this.#peek()
    if (arrow?.text !== '>')
      throw new SpecProblem(
        arrow ?? this.#end,
        'a ">" is needed between source and destination',
        arrow && isEnd(arrow.text) ? `> ${arrow.text}` : ARROWS.has(arrow?.text ?? '') ? '>' : undefined,
      )
    this.#at++
    const destination = this.#peek()
    Object.assign(packet, named(this.#endpoint('the destination address'), 'dst', 'dport'))
    if (packet.src!.includes(':') !== packet.dst!.includes(':'))
      throw new SpecProblem(destination!, 'source and destination are of different families')
    while (this.#peek()) this.#option()
    return packet
  }

  #peek(): Word | undefined {
    return this.#words[this.#at]
  }

  #isWord(...texts: string[]): boolean {
    return texts.includes(this.#peek()?.text ?? '')
  }

  /** `10.0.0.1:80`, `10.0.0.1.80`, `[fd00::1]:80`, `fd00::1.80`, and without a port. */
  #endpoint(what: string): { address: string; port?: number } {
    const word = this.#peek()
    if (!word || word.text === '>') throw new SpecProblem(word ?? this.#end, `${what} is missing`)
    this.#at++
    // tcpdump puts a colon behind the destination
    const end = readEnd(word.text.replace(/:$/, ''))
    if (!end) throw new SpecProblem(word, `"${word.text}" is not an address`)
    const { protocol } = this.#packet
    if (end.port !== undefined && protocol !== undefined && !hasPorts(protocolNumber(protocol)))
      throw new SpecProblem(word, `"${word.text}" has a port, and ${protocol} has no ports`, end.address)
    const [, address = '', port] = /^([^[]*:.*):(\d+):?$/.exec(word.text) ?? []
    if (end.port === undefined && port !== undefined && parseAddress(address) && !this.#isIcmp())
      this.notes.push(
        `${end.address} is read as an address without a port; for port ${port}, write [${address}]:${port}`,
      )
    return end
  }

  #option(): void {
    const word = this.#words[this.#at++]!
    const text = word.text.replace(/,$/, '')
    const packet = this.#packet
    if (text === '') return
    if (text === 'in' || text === 'out' || text === 'from') {
      const value = this.#value(word, text === 'from' ? 'a MAC address' : 'an interface')
      if (text === 'from') packet.srcMac = value.text.toLowerCase()
      else packet[text] = value.text
      return
    }
    const number = NUMBERS[text]
    // `ack` alone is a flag
    if (number && !(text === 'ack' && !/^(0x[\da-f]+|\d+),?$/i.test(this.#peek()?.text ?? ''))) {
      const [key, most] = number
      const field = key === 'tcpSeq' && this.#isIcmp() ? 'icmpSeq' : key
      this.#refuseForeign(word, field)
      packet[field] = this.#number(word, most)
      return
    }
    if (text === 'df') packet.dontFragment = true
    else if (this.#flags(text)) this.#refuseForeign(word, 'tcpFlags')
    else if (!this.#icmpType(text))
      throw new SpecProblem(
        word,
        `"${text}" is not understood`,
        closest(text, this.#isIcmp() ? [...WORDS, ...Object.keys(this.#icmpTypes())] : WORDS),
      )
  }

  /** What packets of this protocol do not have. */
  #refuseForeign(word: Word, field: keyof Packet): void {
    const { protocol } = this.#packet
    const only = protocol === undefined ? undefined : ONLY[field]
    if (only && !only.includes(protocolNumber(protocol!)!))
      throw new SpecProblem(
        word,
        `"${word.text}" is of ${field.startsWith('tcp') ? 'TCP' : 'ICMP'}, and the packet is ${protocol}`,
      )
  }

  #icmpTypes(): typeof ICMP_TYPES {
    return this.#packet.dst?.includes(':') ? ICMPV6_TYPES : ICMP_TYPES
  }

  #isIcmp(): boolean {
    return this.#packet.protocol === 'icmp' || this.#packet.protocol === 'icmpv6'
  }

  #value(word: Word, what: string): Word {
    const value = this.#words[this.#at++]
    if (!value || value.text === '>') throw new SpecProblem(value ?? this.#end, `"${word.text}" needs ${what}`)
    return { ...value, text: value.text.replace(/,$/, '') }
  }

  #number(word: Word, most: number): number {
    const value = this.#value(word, 'a number')
    const number = /^(0x[\da-f]+|\d+)$/i.test(value.text) ? Number(value.text) : Number.NaN
    if (!(number <= most)) throw new SpecProblem(value, `"${value.text}" is not a number from 0 to ${most}`)
    return number
  }

  /** `syn`, `syn,ack`, `syn+ack`, `[S.]`. */
  #flags(text: string): boolean {
    const brackets = /^\[([SFRP.UEW]+)\]$/.exec(text)
    const flags = brackets
      ? [...brackets[1]!].map((letter) => FLAG_LETTERS[letter]!)
      : text.toLowerCase().split(/[,+|]/)
    if (!flags.every((flag) => FLAGS.includes(flag))) return false
    this.#packet.tcpFlags = [...new Set([...(this.#packet.tcpFlags ?? []), ...flags])]
    this.#packet.protocol ??= 'tcp'
    return true
  }

  #icmpType(text: string): boolean {
    if (!this.#isIcmp()) return false
    try {
      const { type, codes } = readIcmpType(text, this.#icmpTypes())
      this.#packet.icmpType = type
      this.#packet.icmpCode = codes.from
      return true
    } catch {
      return false
    }
  }
}

/** What else stands between two ends elsewhere. */
const ARROWS = new Set(['-', '→', '=', 'to'])
const PROTOCOLS = ['tcp', 'udp', 'icmp', 'icmpv6', 'sctp', 'dccp', 'udplite', 'gre', 'esp', 'ah']

const isEnd = (text: string): boolean => readEnd(text) !== undefined

function readEnd(text: string): { address: string; port?: number } | undefined {
  if (parseAddress(text)) return { address: text }
  const match = /^\[(.+)\](?::(\d+))?$/.exec(text) ?? /^(.+)[.:](\d+)$/.exec(text)
  if (!match || !parseAddress(match[1]!)) return undefined
  if (match[2] === undefined) return { address: match[1]! }
  const port = Number(match[2])
  return port <= 0xffff ? { address: match[1]!, port } : undefined
}

const named = (
  { address, port }: { address: string; port?: number },
  addressKey: 'src' | 'dst',
  portKey: 'sport' | 'dport',
) => ({ [addressKey]: address, ...(port === undefined ? {} : { [portKey]: port }) }) as Packet
