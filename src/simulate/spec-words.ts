/** A packet in the words that spec.ts reads, in parts: what a form has a field for, and the rest. */
import type { Packet } from '../model/packet.ts'
import { protocolNumber } from '../rules/iptables/protocols.ts'
import { hasPorts } from '../rules/values.ts'

export type SpecPart = 'in' | 'out' | 'protocol' | 'src' | 'sport' | 'dst' | 'dport' | 'flags' | 'rest'
/** Empty: not said. */
export type SpecParts = Record<SpecPart, string>

/** Words that a value follows. */
const REST: readonly (readonly [string, keyof Packet])[] = [
  ['type', 'icmpType'],
  ['code', 'icmpCode'],
  ['mark', 'mark'],
  ['from', 'srcMac'],
  ['id', 'icmpId'],
  ['seq', 'icmpSeq'],
  ['seq', 'tcpSeq'],
  ['ack', 'tcpAck'],
  ['win', 'tcpWindow'],
  ['ttl', 'ttl'],
  ['tos', 'tos'],
  ['length', 'length'],
  ['ipid', 'ipId'],
  ['uid', 'uid'],
  ['gid', 'gid'],
]
/** Of a packet as it was captured these alone tell it from others of its kind. */
const TELLING: ReadonlySet<keyof Packet> = new Set(['icmpType', 'icmpCode', 'mark'])

/** `base`: what it has in common with this one goes without saying. */
export function specParts(packet: Packet, base: Packet = {}): SpecParts {
  const text = (key: keyof Packet): string => (packet[key] === undefined ? '' : String(packet[key]))
  const isSaid = (key: keyof Packet) =>
    packet[key] !== undefined && (packet[key] !== base[key] || (TELLING.has(key) && packet[key] !== 0))
  const rest = REST.filter(([, key]) => isSaid(key)).map(([word, key]) => `${word} ${packet[key]}`)
  return {
    ...{ in: text('in'), out: text('out'), protocol: text('protocol') },
    ...{ src: text('src'), sport: text('sport'), dst: text('dst'), dport: text('dport') },
    flags: (packet.tcpFlags ?? []).join(','),
    rest: [...rest, ...(packet.dontFragment && !base.dontFragment ? ['df'] : [])].join(' '),
  }
}

/** Words of `rest` that packets of other protocols do not have. */
const OF_TCP = /\b(seq|ack|win) \S+/g
const OF_ICMP = /\b(type|code|id|seq) \S+/g

/** Without what packets of its protocol do not have: it is another one now, and the fields were filled for that before. */
export function fittingParts(parts: SpecParts): SpecParts {
  const protocol = protocolNumber(parts.protocol.trim())
  if (protocol === undefined) return parts
  const [isTcp, isIcmp] = [protocol === 6, protocol === 1 || protocol === 58]
  const rest = isTcp
    ? parts.rest.replace(OF_ICMP, '')
    : isIcmp
      ? parts.rest.replace(OF_TCP, '')
      : parts.rest.replace(OF_TCP, '').replace(OF_ICMP, '')
  return {
    ...parts,
    ...(hasPorts(protocol) ? {} : { sport: '', dport: '' }),
    flags: isTcp ? parts.flags : '',
    rest: rest.replace(/ +/g, ' ').trim(),
  }
}

/** The words of simulate's --packet; what is not given as an address is left as it is, for parseSpec to point at. */
export const specWords = (parts: SpecParts): string =>
  [
    ...[prefixed('in', parts.in), prefixed('out', parts.out), parts.protocol],
    ...[end(parts.src, parts.sport), '>', end(parts.dst, parts.dport)],
    ...[parts.flags, parts.rest],
  ]
    .map((one) => one.trim())
    .filter((one) => one !== '')
    .join(' ')

const prefixed = (word: string, value: string): string => (value.trim() === '' ? '' : `${word} ${value.trim()}`)

const end = (address: string, port: string): string => {
  const [host, number] = [address.trim(), port.trim()]
  return number === '' ? host : host.includes(':') ? `[${host}]:${number}` : `${host}:${number}`
}
