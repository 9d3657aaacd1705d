/** The link and network layer's headers. */
import { isListenerDiscovery } from '../../model/listener-discovery.ts'
import { isDiscovery } from '../../model/neighbour-discovery.ts'
import {
  ABSENT,
  type EvalContext,
  ipVersion,
  ofVersion,
  packetField,
  type Read,
  type Readers,
} from '../eval-context.ts'
import { unknown } from '../truth.ts'

/**
 * The loopback has no Ethernet header that a rule could ask for, nor has a packet that this host sends. A bridge's own
 * hooks see the frame as it is there: of what this host sends or routes, with the header that it has just written
 * (br_dev_xmit, __br_forward in net/bridge).
 */
const frameField =
  (read: Read): Read =>
  (moment) => {
    const { packet, hook, family } = moment
    if (family === 'bridge') return read(moment)
    if (hook === 'output' || packet.in === 'lo') return ABSENT
    // it has another one by then
    if (hook === 'egress') return undefined
    if (hook === 'postrouting' && packet.uid !== undefined) return ABSENT
    return read(moment)
  }

const etherType: Read = (moment) => {
  if (moment.packet.in === undefined && moment.family !== 'bridge') return undefined
  const version = ipVersion(moment)
  return version && (version === 'ip' ? 0x0800 : 0x86dd)
}

/** A part of the byte that has the type of service, or traffic class. */
const tosPart =
  (part: (tos: number) => number): Read =>
  ({ packet }) =>
    packet.tos === undefined ? undefined : part(packet.tos)

const DONT_FRAGMENT = 0x4000

/** A kernel log leaves FRAG: and MF out where they are 0; nft's trace prints none of them, and that of DF nobody knows. */
const fragmentBits =
  (asked: number): Read =>
  ({ packet: { length, fragOffset, moreFragments, dontFragment } }) => {
    if (length === undefined && fragOffset === undefined) return undefined
    if (dontFragment === undefined && asked & DONT_FRAGMENT) return undefined
    return ((fragOffset ?? 0) >> 3) | (moreFragments ? 0x2000 : 0) | (dontFragment ? DONT_FRAGMENT : 0)
  }

/** Of a field that is not known whole, the bits that are asked for may be. */
export const headerUnder = (field: string, mask: number): Read | undefined =>
  field === 'ip frag-off' ? ofVersion('ip', fragmentBits(mask)) : undefined

/** IPv6's fragment header; a packet that is no fragment may have one all the same. */
const ofFragment =
  (read: Read): Read =>
  (moment) => {
    const { fragOffset = 0, moreFragments = false } = moment.packet
    return fragOffset > 0 || moreFragments ? read(moment) : undefined
  }

/** What stands between IPv6's header and the transport's is not part of Packet. */
export const EXTENSION_HEADERS = "the packet's extension headers are not known"
const UNTOLD = unknown(EXTENSION_HEADERS)
const extensionHeader: Read = () => UNTOLD

/** All of these have a hop-by-hop header, Router Alert, and no other (RFC 2710, 3810). */
const ofListening =
  (known: ReturnType<Read>): Read =>
  ({ packet }) =>
    isListenerDiscovery(packet) ? known : undefined

/** Neighbour discovery as hosts send it (net/ipv6/ndisc.c): the transport follows at once. */
const extensionHeaders: Read = ({ packet }) =>
  isListenerDiscovery(packet) ? ['hbh', 'protocol'] : isDiscovery(packet) ? ['protocol'] : UNTOLD

const byVersion: Readers = {
  'ip saddr': packetField('src'),
  'ip daddr': packetField('dst'),
  'ip version': () => 4,
  'ip ttl': packetField('ttl'),
  'ip id': packetField('ipId'),
  'ip length': packetField('length'),
  'ip frag-off': fragmentBits(0xffff),
  'ip tos': packetField('tos'),
  'ip dscp': tosPart((tos) => tos >> 2),
  'ip ecn': tosPart((tos) => tos & 3),
  'ip6 saddr': packetField('src'),
  'ip6 daddr': packetField('dst'),
  'ip6 version': () => 6,
  'ip6 hoplimit': packetField('ttl'),
  'ip6 tos': packetField('tos'),
  'ip6 dscp': tosPart((tos) => tos >> 2),
  'ip6 ecn': tosPart((tos) => tos & 3),
  'ip6 flowlabel': packetField('flowLabel'),
  'ip6 nexthdr': ofListening('hopopt'),
  // IPv6 counts what follows its header
  'ip6 length': ({ packet }) => (packet.length === undefined ? undefined : packet.length - 40),
}

const ofIpv6: Readers = {
  exthdr: extensionHeaders,
  'hbh nexthdr': ofListening('icmpv6'),
  'frag id': ofFragment(packetField('ipId')),
  'frag frag-off': ofFragment(({ packet }) => (packet.fragOffset ?? 0) >> 3),
  'frag more-fragments': ofFragment(({ packet }) => (packet.moreFragments ? 1 : 0)),
  'rt type': extensionHeader,
  'rt nexthdr': extensionHeader,
  'rt hdrlength': extensionHeader,
  'rt seg-left': extensionHeader,
  'srh last-entry': extensionHeader,
  'srh tag': extensionHeader,
}

const forVersion = (version: (field: string) => 'ip' | 'ip6', readers: Readers): Readers =>
  Object.fromEntries(Object.entries(readers).map(([field, read]) => [field, ofVersion(version(field), read)]))

/** Of a frame that is played. */
const ARP = ['operation', 'saddr ip', 'daddr ip', 'saddr ether', 'daddr ether', 'htype', 'ptype', 'hlen', 'plen'].map(
  (name) => `arp ${name}`,
)

export const HEADERS: Readers = {
  'ether saddr': frameField(packetField('srcMac')),
  'ether daddr': frameField(packetField('dstMac')),
  'ether type': frameField(etherType),
  'vlan id': frameField((moment: EvalContext) => moment.packet.vlan),
  ...forVersion((field) => (field.startsWith('ip6 ') ? 'ip6' : 'ip'), byVersion),
  ...forVersion(() => 'ip6', ofIpv6),
  ...Object.fromEntries(ARP.map((field): [string, Read] => [field, ({ written }) => written?.get(field)])),
}
