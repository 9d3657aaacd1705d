/** Frames by which neighbours are found, ARP and neighbour discovery, at chains that no trace of IP shows. */

import { decides } from '../../journey/backends.ts'
import { baseChainsAt, deviceChainsAt } from '../../journey/base-chains.ts'
import type { Hook } from '../../model/hook.ts'
import type { RuleRef } from '../../model/journey.ts'
import { ADVERTISEMENT, SOLICITATION } from '../../model/neighbour-discovery.ts'
import type { Family, Packet } from '../../model/packet.ts'
import { bridgeNamed } from '../../rules/bridge-calls.ts'
import { portsOfBridge } from '../../rules/links.ts'
import { solicitedGroup } from '../../rules/solicited-group.ts'
import { walk } from '../../rules/walk.ts'
import type { Context } from '../context.ts'
import { letsGo } from '../counterfactual/what-if.ts'
import { endOf, refOf } from '../refs.ts'

/** Why a fix for them is not tried. */
export const DISCOVERY_UNPLAYED = 'the model does not simulate ARP or neighbour discovery'

/** IPv6's own chains are traced as IP is. */
export const isTraced = ({ family }: Pick<RuleRef, 'family'>): boolean =>
  family !== 'arp' && family !== 'bridge' && family !== 'netdev'

export interface Stopped {
  ref: RuleRef
  what: 'request' | 'reply'
}

/** For a sentence. */
export const framesOf = ({ what }: Pick<Stopped, 'what'>, family: 'ip' | 'ip6'): string =>
  family === 'ip6'
    ? { reply: 'neighbour advertisements', request: 'neighbour solicitations' }[what]
    : { reply: 'ARP replies', request: 'ARP requests' }[what]

/** What this host asks leaves, and its reply comes in. */
const ASKED_HERE: readonly Way[] = [
  { what: 'request', hooks: ['output', 'postrouting'], atDevice: 'egress' },
  { what: 'reply', hooks: ['prerouting', 'input'], atDevice: 'ingress' },
]

/** What the neighbour asks comes in, and this host's reply leaves. */
const ASKED_THERE: readonly Way[] = [
  { what: 'request', hooks: ['prerouting', 'input'], atDevice: 'ingress' },
  { what: 'reply', hooks: ['output', 'postrouting'], atDevice: 'egress' },
]

interface Way {
  what: Stopped['what']
  hooks: readonly Hook[]
  atDevice: 'egress' | 'ingress'
}

/** What becomes of the frames by which this host asks for a neighbour on this interface. */
export interface AskedFrames {
  /** The rule that drops one for certain. */
  stopped?: Stopped
  /** One that drops replies from link addresses that it does not list: the neighbour's own is not known. */
  byLinkAddress?: Stopped
  /** A chain that may drop one, which is not known. */
  open?: RuleRef
}

export function askedFrames(context: Context, device: string, neighbour: string): AskedFrames {
  const passages = passagesAt(context, { device, neighbour })
  const stopped = stoppedIn(passages)
  if (stopped) return { stopped }
  const open = passages.find(({ goes }) => goes === undefined)
  const isPort = portsOfBridge(context.world.host, device).length > 0
  if (!open || isPort) return {}
  const byLinkAddress = stoppedIn(passagesAt(context, { device, neighbour, mac: UNLISTED }))
  return byLinkAddress ? { byLinkAddress } : { open: open.chain }
}

/** The rule that keeps the neighbour from finding this host by `address`, one of its own; undefined where none does for certain. */
export const stoppedQuestion = (context: Context, device: string, neighbour: string, address: string) =>
  stoppedIn(passagesAt(context, { device, neighbour, asked: address }))

/**
 * The same for a neighbour behind one port of a bridge, by a rule that asks for the port: which one it is behind is not
 * known. Undefined where a rule accepts it at another port, which then is its own.
 */
export function stoppedAtPort(context: Context, device: string, neighbour: string): AtPort | undefined {
  const ports = portsOfBridge(context.world.host, device)
  const found: AtPort[] = []
  for (const { name } of ports) {
    const passages = passagesAt(context, { device, neighbour, port: name })
    const stopped = stoppedIn(passages)
    if (stopped) found.push({ ...stopped, port: name, only: ports.length === 1, by: 'address' })
    else if (passages.some(({ isAccepted }) => isAccepted)) return undefined
    else if (passages.some(({ goes }) => goes === undefined)) {
      // a filter of link addresses: its own is not known
      const other = stoppedIn(passagesAt(context, { device, neighbour, port: name, mac: UNLISTED }))
      if (other) found.push({ ...other, port: name, only: false, by: 'MAC address' })
    }
  }
  return found.length === 1 ? found[0] : undefined
}

export interface AtPort extends Stopped {
  port: string
  /** The bridge has no other one. */
  only: boolean
  /** By what the filter keeps it out. */
  by: 'address' | 'MAC address'
}

/** No rule names it. */
const UNLISTED = '0a:6e:66:77:68:79'

interface Passage {
  goes: boolean | undefined
  /** By a rule, not by the policy. */
  isAccepted: boolean
  chain: RuleRef
  stopped(): Stopped
}

/** The first that is dropped for certain. */
const stoppedIn = (passages: readonly Passage[]): Stopped | undefined =>
  passages.find(({ goes }) => goes === false)?.stopped()

interface Frames {
  device: string
  neighbour: string
  /** Of a bridge, by which the frames come and go; absent: it is not known. */
  port?: string
  /** The neighbour's link address. */
  mac?: string
  /** The address of this host that the neighbour asks for; absent: this host asks for the neighbour. */
  asked?: string
}

/** Chains in their order. */
function passagesAt(context: Context, frames: Frames): Passage[] {
  const { world, journey, budget } = context
  const { device, port, asked } = frames
  const isSix = journey.family === 'ip6'
  const families: Family[] = bridgeNamed(world.host, device) ? ['bridge'] : []
  families.push(isSix ? 'ip6' : 'arp')
  return (asked === undefined ? ASKED_HERE : ASKED_THERE).flatMap(({ what, hooks, atDevice }) => {
    const comesIn = atDevice === 'ingress'
    const way = comesIn ? { in: device } : { out: device }
    const { frame, written } = isSix ? discoveryFrame(what, comesIn, frames) : arpFrame(what, comesIn, frames)
    const at = (one: string | undefined) => (one === undefined ? {} : comesIn ? { in: one } : { out: one })
    const chains = [
      ...deviceChainsAt(world, atDevice).filter(
        ({ chain }) => chain.devices?.includes(device) || (port !== undefined && chain.devices?.includes(port)),
      ),
      // what tells of neighbours is not tracked, and passes by nat
      ...families.flatMap((family) => hooks.flatMap((hook) => baseChainsAt(world, family, hook, false))),
    ]
    return chains
      .filter(({ chain }) => decides(chain))
      .map(({ table, chain, hook }): Passage => {
        const isBridge = table.family === 'bridge'
        const packet = isBridge ? { ...frame, ...at(port) } : { ...frame, ...way }
        const atDeviceHook = hook === 'ingress' || hook === 'egress'
        const family = !isSix ? 'arp' : isBridge ? 'bridge' : atDeviceHook ? 'netdev' : 'ip6'
        const walked = walk(table, [{ chain, index: 0 }], { packet, family, world, hook, written }, budget)
        return {
          goes: letsGo(walked, chain),
          isAccepted: walked.ending === 'accept',
          chain: endOf(table, chain),
          stopped() {
            const { last } = walked
            if (last) return { what, ref: refOf(context, table.name, last.chain, last.rule) }
            const { ruleNumber: _, ...end } = endOf(table, chain)
            return { what, ref: { ...end, rule: table.kind === 'nft' ? 'policy drop' : `-P ${chain.name} DROP` } }
          },
        }
      })
  })
}

interface Frame {
  frame: Packet
  written: Map<string, string | number>
}

/** RFC 826: link addresses of Ethernet for addresses of IPv4. */
const ETHERNET = [
  ['arp htype', 1],
  ['arp ptype', 0x800],
  ['arp hlen', 6],
  ['arp plen', 4],
] as const

/** What is forwarded is asked for with an address of this host, whichever that is. */
function arpFrame(what: Stopped['what'], comesIn: boolean, { neighbour, mac, asked }: Frames): Frame {
  const [sender, target] = comesIn ? [neighbour, asked] : [asked, neighbour]
  const isMac = mac !== undefined && comesIn
  const written = new Map<string, string | number>([
    ...ETHERNET,
    ['arp operation', what === 'reply' ? 2 : 1],
    ...(sender === undefined ? [] : [['arp saddr ip', sender] as const]),
    ...(target === undefined ? [] : [['arp daddr ip', target] as const]),
    ...(isMac ? [['arp saddr ether', mac] as const] : []),
  ])
  return {
    frame: {
      ...(sender === undefined ? {} : { src: sender }),
      ...(target === undefined ? {} : { dst: target }),
      ...(isMac ? { srcMac: mac } : {}),
    },
    written,
  }
}

/** RFC 4861: a solicitation is for the group of the address that it asks for. */
function discoveryFrame(what: Stopped['what'], comesIn: boolean, { neighbour, mac, asked }: Frames): Frame {
  const isReply = what === 'reply'
  const [src, owner] = comesIn ? [neighbour, asked] : [asked, neighbour]
  const dst = isReply ? owner : owner === undefined ? undefined : solicitedGroup(owner)
  const told: Packet = { protocol: 'icmpv6', icmpType: isReply ? ADVERTISEMENT : SOLICITATION, icmpCode: 0, ttl: 255 }
  return {
    frame: {
      ...{ ...told, ctState: 'untracked' },
      ...(src === undefined ? {} : { src }),
      ...(dst === undefined ? {} : { dst }),
      ...(mac !== undefined && comesIn ? { srcMac: mac } : {}),
    },
    written: new Map(),
  }
}
