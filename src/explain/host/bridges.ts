/** Bridges of this host, and whether IP's chains see what they pass on by themselves (net/bridge/br_netfilter_hooks.c). */
import type { Host, Link } from '../../model/host.ts'
import type { Packet } from '../../model/packet.ts'
import { bridgeCalls, bridgeNamed, bridgePassingOn, callSetting, callsItself } from '../../rules/bridge-calls.ts'
import { linkNamed, portsOfBridge } from '../../rules/links.ts'
import { type Context, lastPacket } from '../context.ts'
import { destinationRule } from '../counterfactual/rewritten.ts'
import { ownerOfRef } from '../refs.ts'
import { homeOf } from './routes.ts'

/** Why nothing is tried that keeps bridged packets out of IP's chains. */
export const BRIDGED_UNPLAYED = 'not tried on bridged packets'

/** The bridge that the packet comes in by and goes out by. The kernel's log does not name the first in POSTROUTING, but its port. */
function bridgeBothWays({ in: came, out, physIn }: Packet, host: Host): Link | undefined {
  const from = came ?? linkNamed(host, physIn)?.master
  return from !== undefined && from === out ? bridgeNamed(host, from) : undefined
}

/** The bridge that passes the packet on from port to port, without routing it. */
export function bridgeOf(packet: Packet, host: Host): Link | undefined {
  const { physIn, physOut, dstMac, out } = packet
  // PREROUTING knows no way out
  if (out === undefined) return bridgePassingOn(packet, host)
  const bridge = bridgeBothWays(packet, host)
  // what is to be routed was sent to the bridge's own address
  const isForOther = dstMac !== undefined && bridge?.mac !== undefined && dstMac !== bridge.mac
  return isForOther || (physIn !== undefined && physOut !== undefined) ? bridge : undefined
}

export interface OverBridge {
  bridge: Link
  /** Does connection tracking see the reply there? Undefined: not known. */
  calls: boolean | undefined
}

/** Programs whose networks are bridges of this host, and whose NAT counts on br_netfilter. */
const OF_CONTAINERS = /^(kube|cni-plugins|docker|podman|flannel|weave|cri-o|rancher)/

/**
 * nat sent the packet to a neighbour of its sender behind another port of the same bridge: the reply does not come to this
 * host's routing, and whether NAT is undone is the bridge's business.
 */
export function betweenPorts(context: Context): OverBridge | undefined {
  const { world, journey } = context
  const { host } = world
  const packet = lastPacket(context)
  const { src, dst, physIn, physOut } = packet
  const bridge = bridgeBothWays(packet, host)
  if (!bridge || src === undefined || dst === undefined || src === dst) return undefined
  if (![src, dst].every((one) => homeOf(one, host)?.link === bridge)) return undefined
  const ports = portsOfBridge(host, bridge.name)
  // two machines behind one port reach each other past this host
  const isApart = ports.length > 1 && ports.every(leadsToGuest)
  if (!isApart && (physIn === undefined || physOut === undefined || physIn === physOut)) return undefined
  return { bridge, calls: bridgeCalls(host, bridge, journey.family) }
}

/** The same where the setting is what counts: a network of containers, or a bridge that hands the reply to conntrack. Others masquerade. */
export function replyOverBridge(context: Context): OverBridge | undefined {
  const over = betweenPorts(context)
  if (!over) return undefined
  const rule = destinationRule(context)
  const owner = rule && ownerOfRef(context, rule.ref)
  return over.calls !== false || OF_CONTAINERS.test(owner?.name ?? '') ? over : undefined
}

/** The links are not listed, and the nat is of a network of containers: these are bridges as a rule. */
export function mayReplyOverBridge(context: Context): boolean {
  if (context.world.host.links) return false
  const rule = destinationRule(context)
  const owner = rule && ownerOfRef(context, rule.ref)
  return OF_CONTAINERS.test(owner?.name ?? '')
}

/** By its kind alone: the host's end of a container's link, or of a virtual machine's. */
export const leadsToGuest = ({ kind }: Link): boolean => kind === 'veth' || kind === 'tun'

/** A container's or a guest's own link, or a bridge that has no other ports. */
export function isOfGuests(link: Link | undefined, host: Host): boolean {
  if (link?.kind !== 'bridge') return link !== undefined && leadsToGuest(link)
  const ports = portsOfBridge(host, link.name)
  return ports.length > 0 && ports.every(leadsToGuest)
}

/** Why they do not. */
export function noCallWords({ sysctls }: Host, family: string): string {
  const value = sysctls?.get(callSetting(family))
  return value === undefined ? 'br_netfilter is not loaded' : `${callSetting(family)} is ${value}`
}

/** Why IP's chains see what the bridge passes on. */
export function callWords(host: Host, bridge: Link, family: string): string {
  if (callsItself(bridge, family)) return `nf_call_${family === 'ip6' ? 'ip6' : 'ip'}tables of ${bridge.name} is 1`
  const name = callSetting(family)
  return `${name} is ${host.sysctls?.get(name) ?? 'on'}`
}
