/** What stands behind the IP header. */

import type { Packet } from '../../model/packet.ts'
import { ABSENT, ipVersion, type Read, type Readers } from '../eval-context.ts'
import { protocolNumber } from '../iptables/protocols.ts'
import { type Unknown, unknown } from '../truth.ts'
import { knownProtocol } from '../values.ts'
import { flagBits } from './tcp-flags.ts'

const WITH_PORTS = ['tcp', 'udp', 'udplite', 'sctp', 'dccp'] as const

/** The field of one of these protocols: absent for others, and for fragments but the first. */
function ofProtocol(protocols: readonly string[], read: (packet: Packet) => ReturnType<Read>): Read {
  const numbers = new Set(protocols.map(protocolNumber))
  return ({ packet }) => whyNot(packet, numbers) ?? read(packet)
}

function whyNot(packet: Packet, numbers: ReadonlySet<number | undefined>): typeof ABSENT | Unknown | undefined {
  if (packet.protocol === undefined) return unknown('the protocol is not known')
  if (!numbers.has(knownProtocol(packet.protocol))) return ABSENT
  return (packet.fragOffset ?? 0) > 0 ? ABSENT : undefined
}

const tcp = (read: (packet: Packet) => ReturnType<Read>) => ofProtocol(['tcp'], read)

const ports = (name: string, protocols: readonly string[]): Readers => ({
  [`${name} sport`]: ofProtocol(protocols, ({ sport }) => sport),
  [`${name} dport`]: ofProtocol(protocols, ({ dport }) => dport),
})

const icmp = (name: string): Readers => ({
  [`${name} type`]: ofProtocol([name], ({ icmpType }) => icmpType),
  [`${name} code`]: ofProtocol([name], ({ icmpCode }) => icmpCode),
  [`${name} id`]: ofProtocol([name], ({ icmpId }) => icmpId),
  [`${name} sequence`]: ofProtocol([name], ({ icmpSeq }) => icmpSeq),
})

/** In IPv6 the authentication header is one of several, and the packet's protocol what follows it. */
const ofAuthentication: Read = (moment) =>
  ipVersion(moment) === 'ip6' ? undefined : ofProtocol(['ah'], () => undefined)(moment)

/** The first fragment has that of the whole datagram. Extension headers are not known. */
const udpLength: Read = (moment) => {
  const set = moment.written?.get('udp length')
  return ofProtocol(['udp'], ({ length, moreFragments }) => {
    if (set !== undefined) return set
    return length === undefined || moreFragments ? undefined : length - (ipVersion(moment) === 'ip6' ? 40 : 20)
  })(moment)
}

export const TRANSPORT: Readers = {
  ...ports('th', WITH_PORTS),
  ...Object.assign({}, ...WITH_PORTS.map((protocol) => ports(protocol, [protocol]))),
  'tcp flags': tcp(({ tcpFlags }) => tcpFlags && flagBits(tcpFlags)),
  'tcp sequence': tcp(({ tcpSeq }) => tcpSeq),
  'tcp ackseq': tcp(({ tcpAck }) => tcpAck),
  'tcp window': tcp(({ tcpWindow }) => tcpWindow),
  'tcp doff': tcp(({ tcpOptions }) => (tcpOptions === undefined ? undefined : 5 + tcpOptions.length / 8)),
  'tcp options': tcp(({ tcpOptions }) =>
    tcpOptions === undefined ? undefined : readOptions(tcpOptions).map(({ kind }) => String(kind)),
  ),
  'tcp option maxseg size': tcp(({ tcpOptions }) => {
    if (tcpOptions === undefined) return undefined
    const option = readOptions(tcpOptions).find(({ kind, data }) => kind === 2 && data.length === 4)
    return option ? Number.parseInt(option.data, 16) : ABSENT
  }),
  'tcp option raw': tcp(({ tcpOptions }) => tcpOptions),
  'udp length': udpLength,
  'dccp type': ofProtocol(['dccp'], () => undefined),
  ...icmp('icmp'),
  ...icmp('icmpv6'),
  'ah spi': ofAuthentication,
  'esp spi': ofProtocol(['esp'], () => undefined),
  'comp cpi': ofProtocol(['ipcomp'], () => undefined),
  'mh type': ofProtocol(['mh'], () => undefined),
}

/**
 * TCP options with their bytes in hex. The kernel walks on behind "end of options", as over padding, and a length of
 * 0 counts as 1 (net/netfilter/xt_tcpudp.c, tcp_find_option).
 */
function readOptions(hex: string): { kind: number; data: string; isWhole: boolean }[] {
  const found: { kind: number; data: string; isWhole: boolean }[] = []
  for (let at = 0; at + 2 <= hex.length; ) {
    const kind = Number.parseInt(hex.slice(at, at + 2), 16)
    const length = kind < 2 ? 1 : Number.parseInt(hex.slice(at + 2, at + 4), 16) || 1
    const isWhole = at + 4 <= hex.length && at + 2 * length <= hex.length
    found.push({ kind, data: hex.slice(at + 4, at + 2 * length), isWhole })
    at += 2 * length
  }
  return found
}

/** nft sees none that is longer than the header, or begins with its last byte (net/netfilter/nft_exthdr.c). */
export const wholeOptions = (hex: string): string[] =>
  readOptions(hex).flatMap(({ kind, isWhole }) => (isWhole ? String(kind) : []))
