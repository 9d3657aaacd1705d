/**
 * A rule for whatever comes from one network of this host, and a packet from another one: as with `iifname docker0 accept`
 * and the bridge of another network of containers. What is for the uplink, or for this host itself, is no such rule.
 */
import type { Condition } from '../../model/condition.ts'
import type { Host, Link } from '../../model/host.ts'
import type { Packet } from '../../model/packet.ts'
import { homeOf, isDefault } from '../host/routes.ts'

/** Does it ask for the interface of one network of this host, where the packet has that of another one? */
export function asksPeerNetwork(condition: Condition, packet: Packet, host: Host): boolean {
  if (condition.kind !== 'compare' || condition.op !== '==' || typeof condition.value === 'object') return false
  const isIn = condition.field === 'meta iifname'
  if (!isIn && condition.field !== 'meta oifname') return false
  const [name, end] = isIn ? [packet.in, packet.src] : [packet.out, packet.dst]
  const [held, asked] = [name, String(condition.value)].map((one) => host.links?.find((link) => link.name === one))
  if (!held || !asked || held === asked || end === undefined) return false
  if (homeOf(end, host, held.name)?.link !== held || ![held, asked].every((one) => isInside(one, host))) return false
  // without a default route, which of them is the uplink is not known; it is no bridge, if another one is its like
  return isLike(held, asked) || host.routes?.some(isDefault) === true
}

/** It has an address with a network, and the default route does not lead out of it. */
const isInside = ({ name, addresses = [] }: Link, { routes = [] }: Host): boolean =>
  name !== 'lo' &&
  addresses.some(
    ({ prefixLength, family, scope }) => scope !== 'link' && prefixLength < (family === 'ip' ? 32 : 128),
  ) &&
  !routes
    .filter(isDefault)
    .some(({ device, nexthops = [] }) => device === name || nexthops.some((hop) => hop.device === name))

/** Both are bridges, VLANs, tunnels …; a cable may lead anywhere, and so may a veth. */
const isLike = (one: Link, other: Link): boolean =>
  one.kind !== undefined && one.kind !== 'veth' && one.kind === other.kind
