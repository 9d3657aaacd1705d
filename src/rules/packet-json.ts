/** A packet as JSON, as contract.md has it: what is not one of its fields, or not of its type, is an error. */
import type { Packet } from '../model/packet.ts'
import { closest } from './closest.ts'

type Kind = 'text' | 'number' | 'texts' | 'flag' | 'packet'

const FIELDS: Readonly<Record<keyof Packet, Kind>> = {
  in: 'text',
  out: 'text',
  physIn: 'text',
  physOut: 'text',
  vlan: 'number',
  src: 'text',
  dst: 'text',
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
  number: 'a number, 0 or more',
  texts: 'a list of texts',
  flag: 'true or false',
  packet: 'a packet',
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
  return error === undefined ? { packet: value as Packet } : { error }
}

/** An ICMP error quotes no error; a tunnel may be in a tunnel. */
const DEEPEST = 8

/** What is wrong with it, in a sentence; undefined: it is a packet. */
export function wrongInPacket(value: unknown, depth = 0): string | undefined {
  if (depth > DEEPEST) return `packets are nested more than ${DEEPEST} deep`
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'a packet is an object, { "src": … }'
  for (const [key, one] of Object.entries(value)) {
    if (!Object.hasOwn(FIELDS, key)) {
      const meant = closest(key, Object.keys(FIELDS))
      return `a packet has no field "${key}"${meant === undefined ? '' : `; did you mean "${meant}"?`}`
    }
    const kind = FIELDS[key as keyof Packet]
    if (kind === 'packet') {
      const inner = wrongInPacket(one, depth + 1)
      if (inner !== undefined) return inner
    } else if (!isKind(one, kind)) return `"${key}" is ${WORDS[kind]}`
  }
  return undefined
}

function isKind(value: unknown, kind: Kind): boolean {
  switch (kind) {
    case 'number':
      return typeof value === 'number' && Number.isInteger(value) && value >= 0
    case 'flag':
      return typeof value === 'boolean'
    case 'texts':
      return Array.isArray(value) && value.every((one) => typeof one === 'string')
    default:
      return typeof value === 'string'
  }
}
