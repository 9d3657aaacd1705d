/** Bridges of this host, and whether IP's chains see what a bridge passes on by itself (net/bridge/br_netfilter_hooks.c). */
import type { Host, Link, Neighbour } from '../model/host.ts'
import type { Packet } from '../model/packet.ts'
import { groupMac } from './group-mac.ts'
import { linkNamed, portsOfBridge } from './links.ts'

export const bridgeNamed = ({ links = [] }: Host, name: string | undefined): Link | undefined =>
  links.find((link) => link.name === name && link.kind === 'bridge')

/** The bridge that the device is a port of. */
export const bridgeOfPort = (host: Host, port: string | undefined): Link | undefined =>
  bridgeNamed(host, linkNamed(host, port)?.master)

/** The device as routing knows it: of a bridge's port the bridge. */
export function routedDevice(host: Host, name: string): string
export function routedDevice(host: Host, name: string | undefined): string | undefined
export function routedDevice(host: Host, name: string | undefined): string | undefined {
  return bridgeOfPort(host, name)?.name ?? name
}

/** The setting for all bridges. */
export const callSetting = (family: string): string =>
  `net.bridge.bridge-nf-call-ip${family === 'ip6' ? '6' : ''}tables`

/** Those that `sysctl -a` and `nfwhy collect` have: without these a setting may just not have been listed. */
const WHOLE_LISTING = ['net.core.somaxconn', 'net.ipv4.ip_forward', 'net.ipv4.icmp_echo_ignore_all']

export const listsAll = ({ sysctls }: Host): boolean => WHOLE_LISTING.every((name) => sysctls?.has(name))

/** Does the bridge's own setting hand them over, whatever that for all says? */
export const callsItself = ({ callsTables }: Link, family: string): boolean =>
  callsTables?.includes(family === 'ip6' ? 'ip6' : 'ip') === true

/** Do bridged packets meet IP's chains? Undefined: not known. Without br_netfilter there is no setting, and they do not. */
export function bridgeCalls(host: Host, bridge: Link, family: string): boolean | undefined {
  if (callsItself(bridge, family)) return true
  const value = host.sysctls?.get(callSetting(family))
  return value === undefined ? (listsAll(host) ? false : undefined) : value !== '0'
}

/** Is the frame for a link address of this host? Undefined: for many, or that is not known (net/bridge/br_fdb.c br_fdb_add_local). */
export function isFrameForHost(dstMac: string | undefined, bridge: Link | undefined, host: Host): boolean | undefined {
  if (bridge?.mac === undefined || dstMac === undefined || groupMac(dstMac)) return undefined
  return host.links?.some(({ mac }) => mac === dstMac) === true
}

/**
 * The bridge that passes on, by its own table, what came in there: a frame to one link address that is none of this host's.
 * Routing never sees it (net/bridge/br_input.c br_handle_frame_finish). Undefined also where too little is known.
 */
export function bridgePassingOn({ in: came, dstMac }: Packet, host: Host): Link | undefined {
  const bridge = bridgeNamed(host, came)
  return isFrameForHost(dstMac, bridge, host) === false ? bridge : undefined
}

/**
 * Does a bridge that calls IP's chains find whom nat sends it to behind the port that it came in by, which does not send
 * back (net/bridge/br_netfilter_hooks.c br_nf_pre_routing_finish, br_forward.c should_deliver)? `'only-port'`: there is
 * no other. False also where too little is known.
 */
export function isSentBack(
  host: Host,
  bridge: Link,
  { src, srcMac, physIn }: Packet,
  to: string,
): 'sender' | 'same-mac' | 'only-port' | false {
  const all = portsOfBridge(host, bridge.name)
  // nft's trace does not show by which port it came in
  const ports = all.filter(({ name }) => physIn === undefined || name === physIn)
  if (ports.length === 0 || ports.some(({ hairpin }) => hairpin !== false)) return false
  if (src === to) return 'sender'
  const isOfSender = ({ address, mac, device }: Neighbour) => address === to && mac === srcMac && device === bridge.name
  if (srcMac !== undefined && host.neighbours?.some(isOfSender)) return 'same-mac'
  return all.length === 1 && 'only-port'
}
