/** A packet as JSON, as contract.md has it: what is not one of its fields, or not of its type, is an error. */

import { parseAddress } from '../model/address.ts'
import type { CtState, Packet } from '../model/packet.ts'
import { closest } from './closest.ts'

type Kind = 'text' | 'address' | 'number' | 'texts' | 'flag' | 'packet'

const FIELDS: Readonly<Record<keyof Packet, Kind>> = {
  in: 'text',
  out: 'text',
  physIn: 'text',
  physOut: 'text',
  vlan: 'number',
  src: 'address',
  dst: 'address',
  protocol: 'text',
  sport: 'number',
  dport: 'number',
  tcpFlags: 'texts',
  tcpSeq: 'number',
  tcpAck: 'number',
  tcpWindow: 'number',
  tcpOptions: 'text',
  icmpType: 'number',
  icmpCode: 'number',
  icmpId: 'number',
  icmpSeq: 'number',
  inner: 'packet',
  ipId: 'number',
  ttl: 'number',
  tos: 'number',
  length: 'number',
  fragOffset: 'number',
  moreFragments: 'flag',
  dontFragment: 'flag',
  flowLabel: 'number',
  mark: 'number',
  srcMac: 'text',
  dstMac: 'text',
  uid: 'number',
  gid: 'number',
  ctState: 'text',
  ctStatus: 'texts',
  ctMark: 'number',
  ctZone: 'number',
  ctDir: 'text',
}

const WORDS: Readonly<Record<Kind, string>> = {
  text: 'a text',
  address: 'an IPv4 or IPv6 address',
  number: 'a number, 0 or more',
  texts: 'a list of texts',
  flag: 'true or false',
  packet: 'a packet',
}

/** Fields that take words of a list, in any case. */
const LISTED: Readonly<Partial<Record<keyof Packet, readonly string[]>>> = {
  tcpFlags: ['fin', 'syn', 'rst', 'psh', 'ack', 'urg', 'ece', 'cwr', 'ae'],
  ctState: ['new', 'established', 'related', 'invalid', 'untracked'],
  ctDir: ['original', 'reply'],
}

export type PacketResult = { packet: Packet } | { error: string }

/** Never throws. */
export function readPacketJson(text: string): PacketResult {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return { error: `the packet is no JSON: ${(error as Error).message}` }
  }
  const error = wrongInPacket(value)
  return error === undefined ? { packet: lowered(value as Packet) } : { error }
}

function lowered(packet: Packet): Packet {
  const copy: Packet = { ...packet }
  if (packet.tcpFlags) copy.tcpFlags = packet.tcpFlags.map((flag) => flag.toLowerCase())
  if (packet.ctState) copy.ctState = packet.ctState.toLowerCase() as CtState
  if (packet.ctDir) copy.ctDir = packet.ctDir.toLowerCase() as 'original' | 'reply'
  if (packet.inner) copy.inner = lowered(packet.inner)
  return copy
}

/** What is wrong with it, in a sentence; undefined: it is a packet. */
export function wrongInPacket(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'a packet is an object, { "src": … }'
  for (const [key, one] of Object.entries(value)) {
    if (!Object.hasOwn(FIELDS, key)) {
      const meant = closest(key, Object.keys(FIELDS))
      return `a packet has no field "${key}"${meant === undefined ? '' : `; did you mean "${meant}"?`}`
    }
    const kind = FIELDS[key as keyof Packet]
    if (kind === 'packet') {
      const inner = wrongInPacket(one)
      if (inner !== undefined) return inner
    } else if (!isKind(one, kind)) return `"${key}" is ${WORDS[kind]}`
    const words = LISTED[key as keyof Packet]
    const unknown = words && [one as string | string[]].flat().find((word) => !words.includes(word.toLowerCase()))
    if (unknown !== undefined) return unknownWord(key, unknown, words!)
  }
  return undefined
}

function unknownWord(key: string, word: string, words: readonly string[]): string {
  const meant = closest(word.toLowerCase(), words)
  return `"${key}" cannot be "${word}"${meant === undefined ? `: it is one of ${words.join(', ')}` : `; did you mean "${meant}"?`}`
}

function isKind(value: unknown, kind: Kind): boolean {
  switch (kind) {
    case 'number':
      return typeof value === 'number' && Number.isInteger(value) && value >= 0
    case 'flag':
      return typeof value === 'boolean'
    case 'address':
      return typeof value === 'string' && parseAddress(value) !== undefined
    case 'texts':
      return Array.isArray(value) && value.every((one) => typeof one === 'string')
    default:
      return typeof value === 'string'
  }
}
