/**
 * What one packet's fields hold at one moment of its way, as far as the packet and the host's state tell.
 * `absent` is a field that such a packet does not have (nft: the comparison fails); `unknown` one that is not shown.
 */
import type { Hook } from '../model/hook.ts'
import type { Packet } from '../model/packet.ts'
import type { World } from '../model/world.ts'
import { addressType } from './fib.ts'
import { protocolNumber } from './iptables/protocols.ts'
import { type Unknown, unknown } from './truth.ts'
import type { Held } from './values.ts'

/** One packet at one hook of one machine. */
export interface Moment {
  packet: Packet
  hook?: Hook
  family: 'ip' | 'ip6' | 'arp' | 'bridge' | 'netdev'
  world: World
}

export const ABSENT = Symbol('absent')

const TCP_FLAG_BITS: Readonly<Record<string, number>> = {
  fin: 1,
  syn: 2,
  rst: 4,
  psh: 8,
  ack: 0x10,
  urg: 0x20,
  ece: 0x40,
  cwr: 0x80,
}

type Read = (moment: Moment) => Held | undefined | typeof ABSENT | Unknown

/** A field of the packet object; undefined means that the capture does not show it. */
const of =
  (key: keyof Packet): Read =>
  ({ packet }) =>
    packet[key] as Held | undefined

/** The port of a transport protocol: absent for other protocols and for later fragments. */
const port =
  (key: 'sport' | 'dport', ...protocols: string[]): Read =>
  ({ packet }) =>
    transport(packet, protocols) ?? packet[key]

/** Undefined where the packet has such a header; else why not. */
function transport(packet: Packet, protocols: string[]): typeof ABSENT | Unknown | undefined {
  if (packet.protocol === undefined) return unknown('the capture does not show the protocol')
  const number = protocolNumber(packet.protocol)
  if (!protocols.some((protocol) => protocolNumber(protocol) === number)) return ABSENT
  return (packet.fragOffset ?? 0) > 0 ? ABSENT : undefined
}

const WITH_PORTS = ['tcp', 'udp', 'udplite', 'sctp', 'dccp']

/** In hooks where a packet has no such interface the name is empty: `-i eth0` fails, `! -i eth0` holds. */
const device =
  (key: 'in' | 'out', ...without: Hook[]): Read =>
  ({ packet, hook }) => {
    if (packet[key] !== undefined) return packet[key]
    return hook !== undefined && without.includes(hook)
      ? ''
      : unknown(`the capture does not show the ${key === 'in' ? 'input' : 'output'} interface`)
  }

const ofFamily =
  (family: 'ip' | 'ip6', read: Read): Read =>
  (moment) =>
    moment.family === family ? read(moment) : ABSENT

const icmp = (key: 'icmpType' | 'icmpCode' | 'icmpId' | 'icmpSeq', protocol: string): Read => {
  return ({ packet }) => transport(packet, [protocol]) ?? packet[key]
}

const READERS: Readonly<Record<string, Read>> = {
  'meta iifname': device('in', 'output'),
  'meta oifname': device('out', 'prerouting', 'input'),
  'meta physiifname': ({ packet }) => packet.physIn ?? (packet.in === undefined ? undefined : ''),
  'meta physoifname': ({ packet }) => packet.physOut ?? (packet.out === undefined ? undefined : ''),
  'meta bridged': ({ packet }) => (packet.physIn === undefined && packet.physOut === undefined ? 'no' : 'yes'),
  'meta mark': of('mark'),
  'meta length': of('length'),
  'meta nfproto': ({ family }) => (family === 'ip' ? 'ipv4' : family === 'ip6' ? 'ipv6' : family),
  'meta l4proto': of('protocol'),
  'meta skuid': ({ packet, hook }) => packet.uid ?? (hook === 'prerouting' || hook === 'forward' ? ABSENT : undefined),
  'meta skgid': ({ packet, hook }) => packet.gid ?? (hook === 'prerouting' || hook === 'forward' ? ABSENT : undefined),
  'ether saddr': of('srcMac'),
  'ether daddr': of('dstMac'),
  'vlan id': of('vlan'),
  'ip saddr': ofFamily('ip', of('src')),
  'ip daddr': ofFamily('ip', of('dst')),
  'ip6 saddr': ofFamily('ip6', of('src')),
  'ip6 daddr': ofFamily('ip6', of('dst')),
  'ip ttl': ofFamily('ip', of('ttl')),
  'ip6 hoplimit': ofFamily('ip6', of('ttl')),
  'ip id': ofFamily('ip', of('ipId')),
  'ip length': ofFamily('ip', of('length')),
  'ip tos': ofFamily('ip', of('tos')),
  'ip6 tos': ofFamily('ip6', of('tos')),
  'ip dscp': ofFamily('ip', ({ packet }) => (packet.tos === undefined ? undefined : packet.tos >> 2)),
  'ip6 dscp': ofFamily('ip6', ({ packet }) => (packet.tos === undefined ? undefined : packet.tos >> 2)),
  'ip ecn': ofFamily('ip', ({ packet }) => (packet.tos === undefined ? undefined : packet.tos & 3)),
  'ip6 ecn': ofFamily('ip6', ({ packet }) => (packet.tos === undefined ? undefined : packet.tos & 3)),
  'ip6 flowlabel': ofFamily('ip6', of('flowLabel')),
  'ip frag-off': ofFamily('ip', ({ packet }) => {
    // a log line leaves FRAG: and MF out where they are 0
    if (packet.length === undefined && packet.fragOffset === undefined) return undefined
    return ((packet.fragOffset ?? 0) >> 3) | (packet.moreFragments ? 0x2000 : 0) | (packet.dontFragment ? 0x4000 : 0)
  }),
  'th sport': port('sport', ...WITH_PORTS),
  'th dport': port('dport', ...WITH_PORTS),
  'tcp flags': ({ packet }) =>
    transport(packet, ['tcp']) ?? packet.tcpFlags?.reduce((bits, flag) => bits | (TCP_FLAG_BITS[flag] ?? 0), 0),
  'tcp sequence': ({ packet }) => transport(packet, ['tcp']) ?? packet.tcpSeq,
  'tcp ackseq': ({ packet }) => transport(packet, ['tcp']) ?? packet.tcpAck,
  'tcp window': ({ packet }) => transport(packet, ['tcp']) ?? packet.tcpWindow,
  'tcp options': ({ packet }) =>
    transport(packet, ['tcp']) ??
    (packet.tcpOptions === undefined ? undefined : [...options(packet.tcpOptions).keys()]),
  'tcp option maxseg size': ({ packet }) => {
    const missing = transport(packet, ['tcp'])
    if (missing || packet.tcpOptions === undefined) return missing
    const size = options(packet.tcpOptions).get('2')
    return size === undefined ? ABSENT : Number.parseInt(size, 16)
  },
  'tcp option raw': ({ packet }) => transport(packet, ['tcp']) ?? packet.tcpOptions,
  'icmp type': icmp('icmpType', 'icmp'),
  'icmp code': icmp('icmpCode', 'icmp'),
  'icmp id': icmp('icmpId', 'icmp'),
  'icmp sequence': icmp('icmpSeq', 'icmp'),
  'icmpv6 type': icmp('icmpType', 'icmpv6'),
  'icmpv6 code': icmp('icmpCode', 'icmpv6'),
  'icmpv6 id': icmp('icmpId', 'icmpv6'),
  'icmpv6 sequence': icmp('icmpSeq', 'icmpv6'),
  'ct state': of('ctState'),
  'ct status': of('ctStatus'),
  'ct mark': of('ctMark'),
  'ct zone': of('ctZone'),
  'ct direction': of('ctDir'),
  'fib saddr type': ({ packet, world }) => addressType(packet.src, world.host),
  'fib daddr type': ({ packet, world }) => addressType(packet.dst, world.host),
}
for (const protocol of WITH_PORTS) {
  ;(READERS as Record<string, Read>)[`${protocol} sport`] = port('sport', protocol)
  ;(READERS as Record<string, Read>)[`${protocol} dport`] = port('dport', protocol)
}

/** What the field holds; never undefined. */
export function held(field: string, moment: Moment): Held | typeof ABSENT | Unknown {
  if (field.startsWith('ct ') && field !== 'ct state' && hasNoEntry(moment.packet)) return ABSENT
  const read = READERS[field]
  if (!read) return unknown(`${field} is not in the capture`)
  return read(moment) ?? unknown(`the capture does not show ${field}`)
}

/** Such a packet has no connection tracking entry that anything could be asked of. */
const hasNoEntry = ({ ctState }: Packet): boolean => ctState === 'invalid' || ctState === 'untracked'

/** TCP options by number, with their bytes in hex; ends at what is cut. */
function options(hex: string): Map<string, string> {
  const found = new Map<string, string>()
  for (let at = 0; at + 2 <= hex.length; ) {
    const kind = Number.parseInt(hex.slice(at, at + 2), 16)
    if (kind === 0) break
    if (kind === 1) {
      found.set('1', '')
      at += 2
      continue
    }
    const length = Number.parseInt(hex.slice(at + 2, at + 4), 16)
    if (!(length >= 2)) break
    found.set(String(kind), hex.slice(at + 4, at + 2 * length))
    at += 2 * length
  }
  return found
}
