/** Where the packet is: its interfaces, whose it is, and what else the kernel keeps besides its bytes. */
import { memo } from '../../model/memo.ts'
import { deviceWords, isNameless } from '../../model/packet.ts'
import type { World } from '../../model/world.ts'
import { bridgeCalls } from '../bridge-calls.ts'
import { ABSENT, type EvalContext, ipVersion, packetField, type Read, type Readers } from '../eval-context.ts'
import { addressType, isLocal } from '../fib.ts'
import { groupNumber } from '../group.ts'
import { groupMac } from '../group-mac.ts'
import { kernelAtLeast } from '../kernel.ts'
import { linkNamed, portsOfBridge } from '../links.ts'
import { isUnknown, type Unknown, unknown } from '../truth.ts'
import { addressBytes } from '../values.ts'

/**
 * A packet that this host sends has no input interface. One that is routed keeps its own in POSTROUTING since Linux 5.7;
 * before, it was gone there, as it still is for what a bridge passes on (br_netfilter_hooks.c, br_nf_post_routing), and
 * in the bridge's own tables (br_forward_finish, net/bridge/br_forward.c).
 */
export const inputName: Read = (moment) => {
  const { packet, hook, world, family } = moment
  if (hook === 'output' || hook === 'egress') return ''
  if (hook === 'postrouting') {
    if (family === 'bridge') return ''
    if (packet.physOut !== undefined || kernelAtLeast(world.host.kernel, 5, 7) === false) return ''
    if (sentByThisHost(moment)) return ''
  }
  return named(packet.in) ?? unknown('the input interface is not known')
}

/** Undefined where it is not known; unknown where only its index is. */
const named = (name: string | undefined): string | Unknown | undefined =>
  isNameless(name) ? unknown(`the name of ${deviceWords(name!)} is not known`) : name

/** Before the packet is routed it has no output interface, nor has one for this host. */
export const outputName: Read = ({ packet, hook }) =>
  hook === 'ingress' || hook === 'prerouting' || hook === 'input'
    ? ''
    : (named(packet.out) ?? unknown('the output interface is not known'))

/** Behind routing, where a packet with no input interface shown may have had one. */
const sentByThisHost = ({ packet, world }: EvalContext): boolean =>
  packet.in === undefined &&
  packet.physIn === undefined &&
  (packet.uid !== undefined || isLocal(packet.src, world.host) === true)

/**
 * A kernel log shows the ports of a bridge wherever there are some; nft's trace never does. Absent: none that the packet
 * has is known; where br_netfilter tracks them (setup_pre_routing, net/bridge/br_netfilter_hooks.c), the only port, or unknown.
 */
function hiddenPort({ world: { host }, family }: EvalContext, name: string): string | Unknown {
  const bridge = linkNamed(host, name)
  const calls = bridge?.kind === 'bridge' && bridgeCalls(host, bridge, family)
  if (calls === false) return ''
  const [port, ...others] = portsOfBridge(host, name)
  return calls && port && others.length === 0 ? port.name : unknown(`the port of bridge ${name} is not known`)
}

const physicalInput: Read = (moment) => {
  const { packet, hook } = moment
  if (hook === 'output') return ''
  const came = inputName(moment)
  return named(packet.physIn) ?? (typeof came === 'string' ? hiddenPort(moment, came) : undefined)
}

/** What is routed has no such port: a bridge looks for it later. */
const physicalOutput: Read = (moment) => {
  const { packet, hook } = moment
  if (hook === 'prerouting' || hook === 'input' || hook === 'output') return ''
  const { physIn, physOut, out } = packet
  const came = inputName(moment)
  const mayBeBridged = physIn === undefined && out !== undefined && (came === out || typeof came !== 'string')
  if (physOut === undefined && mayBeBridged && hiddenPort(moment, out) !== '')
    return unknown(`the port of bridge ${out} is not known`)
  return named(physOut) ?? (physIn !== undefined || out !== undefined || typeof came === 'string' ? '' : undefined)
}

const bridged: Read = ({ packet }) => {
  if (packet.physIn !== undefined || packet.physOut !== undefined) return 'yes'
  return packet.in === undefined && packet.out === undefined ? undefined : 'no'
}

/** The bridge of the port that it passes; only table bridge asks for it, and where there is no such port a rule that asks ends. */
const bridgeOf =
  (key: 'in' | 'out'): Read =>
  ({ packet, family, world, hook }) => {
    const without =
      key === 'in' ? hook === 'output' || hook === 'postrouting' : hook === 'prerouting' || hook === 'input'
    if (family !== 'bridge' || without) return ABSENT
    const name = packet[key]
    const link = name === undefined ? undefined : linkNamed(world.host, name)
    return link && (link.master ?? ABSENT)
  }

const kindOf =
  (name: Read): Read =>
  (moment) => {
    const held = name(moment)
    if (typeof held !== 'string') return held
    // a rule that asks the kind of lo ends: lo has none (nft_meta_get_eval_kind)
    if (held === '' || held === 'lo') return ABSENT
    return linkNamed(moment.world.host, held)?.kind
  }

const groupOf =
  (name: Read): Read =>
  (moment) => {
    const held = name(moment)
    if (typeof held !== 'string') return held
    if (held === '') return ABSENT
    return (
      groupNumber(linkNamed(moment.world.host, held)?.group) ?? unknown(`the group of interface ${held} is not known`)
    )
  }

/**
 * Whom the frame was for. What this host sends counts as unicast; frames for others do not come to IP's hooks, and
 * only unicast ones are forwarded (net/ipv4/ip_forward.c).
 */
const packetType: Read = (moment) => {
  const { packet, hook, family, written } = moment
  const set = written?.get('meta pkttype')
  if (set !== undefined) return set
  const behind = hook === 'postrouting' || hook === 'egress'
  if (hook === 'output' || (behind && sentByThisHost(moment))) return 'unicast'
  const group = packet.dstMac === undefined ? groupAddress(moment) : groupMac(packet.dstMac)
  if (group !== undefined || family === 'bridge') return group
  const surely = packet.dstMac !== undefined || packet.in === 'lo' || hook === 'forward' || behind
  return surely
    ? 'unicast'
    : (playedType(moment) ?? unknown('it is unknown whether the frame was addressed to this host'))
}

/** A neighbour sends a broadcast to all, and what is for one address to the one that has it. */
function playedType({ packet, world, isPlayed }: EvalContext): string | undefined {
  if (!isPlayed || packet.dst === undefined) return undefined
  const type = addressType(packet.dst, world.host, packet.in)
  return isUnknown(type) ? undefined : type === 'broadcast' ? type : 'unicast'
}

/** For want of the frame's own address. */
function groupAddress(moment: EvalContext): string | undefined {
  const bytes = addressBytes(moment.packet.dst ?? '')
  if (!bytes) return undefined
  if (ipVersion(moment) === 'ip6') return bytes[0] === 0xff ? 'multicast' : undefined
  if (bytes[0]! >= 224 && bytes[0]! < 240) return 'multicast'
  return bytes.every((byte) => byte === 255) ? 'broadcast' : undefined
}

/**
 * Only what this host sends has a sender's socket. In INPUT it is the receiver's, if that was looked up early: of a
 * connection that exists (tcp_v4_early_demux), or by a transparent proxy.
 */
const hasNoSocket = (moment: EvalContext): boolean => {
  const { packet, hook, world } = moment
  if (hook === 'ingress') return !isWritten(moment)
  if (hook === 'prerouting' || hook === 'forward') return true
  if (hook === 'postrouting') return packet.in !== undefined && packet.in !== ''
  const { tcpFlags } = packet
  return hook === 'input' && tcpFlags?.includes('syn') === true && !tcpFlags.includes('ack') && !hasProxy(world.tables)
}

/** What a program writes into a tap or tun device has that program's socket (tun_alloc_skb), until IP receives it (ip_rcv_core). */
const isWritten = ({ packet, world }: EvalContext): boolean => linkNamed(world.host, packet.in!)?.kind === 'tun'

const hasProxy = memo((tables: World['tables']): boolean =>
  tables.some(({ chains }) =>
    [...chains.values()].some(({ rules }) =>
      rules.some(({ statements }) => statements.some(({ kind }) => kind === 'tproxy')),
    ),
  ),
)

const owner =
  (key: 'uid' | 'gid'): Read =>
  (moment) =>
    hasNoSocket(moment) ? ABSENT : (moment.packet[key] ?? unknown('the socket that the packet belongs to is not known'))

const frameType: Read = (moment) => {
  if (moment.family === 'arp') return 0x0806
  const version = ipVersion(moment)
  return version && (version === 'ip' ? 0x0800 : 0x86dd)
}

const ETHERNET_HEADER = 14

/** Behind IP the frame's header counts, too (net/core/dev.c, nf_hook_egress). */
const frameLength: Read = ({ packet: { length }, hook }) =>
  length === undefined ? undefined : hook === 'egress' ? length + ETHERNET_HEADER : length

const [ETHER, LOOPBACK] = [1, 772]

/** Only these two have an address of six bytes, and others of that length are not met. */
const typeOf =
  (name: Read): Read =>
  (moment) => {
    const held = name(moment)
    if (typeof held !== 'string') return held
    if (held === '') return ABSENT
    if (held === 'lo') return LOOPBACK
    return linkNamed(moment.world.host, held)?.mac === undefined ? undefined : ETHER
  }

const NOT_SHOWN = 'no capture shows it'

export const WAY: Readers = {
  'meta iifname': inputName,
  'meta oifname': outputName,
  'meta ibrname': bridgeOf('in'),
  'meta obrname': bridgeOf('out'),
  'meta physiifname': physicalInput,
  'meta physoifname': physicalOutput,
  'meta bridged': bridged,
  'meta iifkind': kindOf(inputName),
  'meta oifkind': kindOf(outputName),
  'meta iiftype': typeOf(inputName),
  'meta oiftype': typeOf(outputName),
  'meta iifgroup': groupOf(inputName),
  'meta oifgroup': groupOf(outputName),
  'meta pkttype': packetType,
  'meta mark': packetField('mark'),
  'meta length': frameLength,
  'meta nfproto': ({ family }) => (family === 'ip' ? 'ipv4' : family === 'ip6' ? 'ipv6' : family),
  'meta protocol': frameType,
  'meta l4proto': packetField('protocol'),
  'meta skuid': owner('uid'),
  'meta skgid': owner('gid'),
  'meta priority': ({ written }) =>
    written?.get('meta priority') ?? unknown(`the packet's priority is not known: ${NOT_SHOWN}`),
  'meta cgroup': (moment) => (hasNoSocket(moment) ? ABSENT : unknown('the sending process is not known')),
  'meta cpu': () => unknown(`the CPU that handles the packet is not known: ${NOT_SHOWN}`),
  'meta rtclassid': () => unknown("the realm of the packet's route is not known"),
  'meta secmark': () => unknown(`the packet's security mark is not known: ${NOT_SHOWN}`),
  'meta nftrace': () => unknown('it is unknown whether the packet is traced'),
}
