/** What the host's routes and sockets say of the packet. */

import { ABSENT, type EvalContext, ipVersion, type Read, type Readers } from '../eval-context.ts'
import { addressType, isOwnCopy, type ReverseOptions, reverseWay, wayTo } from '../fib.ts'
import { isLeftAlone } from '../ipsec.ts'
import { kernelAtLeast } from '../kernel.ts'
import { lookup, questionOf } from '../route.ts'
import { isUnknown, type Unknown, unknown } from '../truth.ts'
import { inputName, outputName } from './way.ts'

/** `device`: the route has to lead over it; where the packet has none there, any counts. */
const typeOf =
  (key: 'src' | 'dst', device?: Read): Read =>
  (moment) => {
    const name = device?.(moment)
    if (name !== undefined && typeof name !== 'string') return name
    return addressType(moment.packet[key], moment.world.host, name || undefined)
  }

/**
 * The interface by which it came, where the kernel asks no route at all: what comes over lo, and its own copy of what it sent
 * to many (nft_fib_can_skip, and rpfilter_is_loopback in net/ipv4/netfilter/ipt_rpfilter.c). Undefined: it asks.
 */
export function cameWithRoute({ packet, hook, world: { host } }: EvalContext): string | Unknown | undefined {
  if (packet.in !== 'lo' && !isOwnCopy(packet, host)) return undefined
  if (hook === 'prerouting' || hook === 'ingress') return packet.in
  if (hook !== 'input') return undefined
  // some older kernels have it as well
  return kernelAtLeast(host.kernel, 6, 16)
    ? packet.in
    : unknown('before Linux 6.16, kernels differ in how fib treats packets from lo')
}

const back =
  (part: 'type' | 'device', options: ReverseOptions): Read =>
  (moment) => {
    const came = part === 'device' ? cameWithRoute(moment) : undefined
    if (came !== undefined) return came
    const way = reverseWay(moment.packet, moment.world.host, options)
    return isUnknown(way) ? way : way[part]
  }

const there =
  (mark: boolean, device?: Read): Read =>
  (moment) => {
    const { packet, world } = moment
    const came = cameWithRoute(moment)
    if (came !== undefined) return came
    const name = device?.(moment)
    if (name !== undefined && typeof name !== 'string') return name
    const way = wayTo(packet, world.host, mark, name || undefined)
    return isUnknown(way) ? way : way.device
  }

/** Which mark the packet has makes no difference to what IPv4 says an address is; IPv6 looks up the route with it. */
const typeWithMark: Read = (moment) => {
  const { packet, world } = moment
  return addressType(packet.dst, world.host, undefined, ipVersion(moment) === 'ip6' ? packet.mark : 0)
}

function ipsec(way: 'in' | 'out'): Read {
  const reason = `whether IPsec ${way === 'in' ? 'has decrypted' : 'will encrypt'} the packet is not known`
  return (moment) => (isLeftAlone(moment, way) ? 0 : unknown(reason))
}

function nexthop(moment: EvalContext): ReturnType<Read> {
  const { packet, hook, world, routedTo = packet.dst } = moment
  if (hook === 'ingress' || hook === 'prerouting') return ABSENT
  let { route } = moment
  if (!route) {
    const question = questionOf(packet)
    const found = question && lookup(question, world.host)
    if (!found || isUnknown(found)) return found === null ? ABSENT : found
    route = found.route
  }
  if (route.nexthops) return unknown('the route has several next hops')
  // a raw socket that makes its own header keeps that of its first destination (rt_set_nexthop)
  const isKnown = routedTo === packet.dst || packet.dst!.includes(':')
  return route.gateway ?? (isKnown ? packet.dst : unknown('the sending process is not known'))
}

const socket: Read = () => unknown('the sockets open at that moment are not known')

export const ROUTING: Readers = {
  'fib saddr type': typeOf('src'),
  'fib daddr type': typeOf('dst'),
  'fib saddr . iif type': typeOf('src', inputName),
  'fib daddr . iif type': typeOf('dst', inputName),
  'fib saddr . oif type': typeOf('src', outputName),
  'fib daddr . oif type': typeOf('dst', outputName),
  'fib saddr oif': back('device', { mark: false, strict: false }),
  'fib saddr . mark oif': back('device', { mark: true, strict: false }),
  'fib saddr . iif oif': back('device', { mark: false, strict: true }),
  'fib saddr . mark . iif oif': back('device', { mark: true, strict: true }),
  'fib daddr oif': there(false),
  'fib daddr . mark oif': there(true),
  'fib daddr . iif oif': there(false, inputName),
  'fib daddr . oif oif': there(false, outputName),
  'fib daddr . mark . iif oif': there(true, inputName),
  'fib daddr . mark . oif oif': there(true, outputName),
  'fib daddr . mark type': typeWithMark,
  'fib saddr . mark type': back('type', { mark: true, strict: false }),
  'fib saddr . mark . iif type': back('type', { mark: true, strict: true }),
  'rt nexthop': nexthop,
  'meta ipsec': ipsec('in'),
  'rt ipsec': ipsec('out'),
  'socket wildcard': socket,
  'socket transparent': socket,
}
