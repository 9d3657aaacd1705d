/** Why a rule that nearly took a packet did not, in words. */
import type { Condition } from '../../model/condition.ts'
import type { Hook } from '../../model/hook.ts'
import type { RuleRef } from '../../model/journey.ts'
import { deviceWords, type Packet } from '../../model/packet.ts'
import { named } from '../../rules/nft/lookup.ts'
import { MOST as MOST_ELEMENTS } from '../../rules/nft/update.ts'
import type { Context } from '../context.ts'
import { wantedBy } from '../counterfactual/distance.ts'
import {
  asks,
  asksGoneInterface,
  asksMaskedBits,
  asksMissingSide,
  asksOtherVersion,
  asksUnspecified,
  fieldOf,
  isNegated,
} from '../counterfactual/failed-condition.ts'
import { isOtherEnd } from '../counterfactual/other-end.ts'
import { isOfGroups } from '../neighbours/discovery.ts'
import { numberedRef } from './verdicts.ts'

/** What a fix does that takes nothing from whom the rule serves. */
export const appliedToo = (ref: RuleRef): string => `apply ${numberedRef(ref)} to such packets, too`
export const GOES_ON = 'the rule goes on to serve others'

/** A rule that adds to a set of nft's ends where the set takes no more. */
export function fullWords(condition: Condition, { world }: Context): string | undefined {
  if (condition.kind !== 'room') return undefined
  const set = named(world, condition.nft, condition.set)
  const size = set?.most ?? MOST_ELEMENTS
  const isFull = set !== undefined && set.elements.length >= size
  return isFull ? `the rule cannot add to set ${set.name}, which is full (size ${size})` : undefined
}

/** Why it matches nothing. */
export function absentWords(condition: Condition, { world }: Context, hook: Hook | undefined): string {
  if (asksMissingSide(condition, hook))
    return hook === 'output'
      ? ', and what this host sends came in on no interface'
      : `, and a packet at hook ${hook} has no output interface`
  // its own words say that already
  if (asksOtherVersion(condition)) return ''
  if (asksUnspecified(condition)) return ', the unspecified address, which is never a destination'
  const isNumber = asksGoneInterface(condition, world.host)
  if (asksMaskedBits(condition)) return ', bits that no mark has under this mask'
  const asked = wantedBy(condition)
  const gone = asked.filter(
    (one) => !world.host.links?.some(({ name, index }) => name === one || index === Number(one)),
  )
  if (asked.length === 1) return isNumber ? ', the index of no interface' : ', which does not exist'
  if (gone.length === asked.length) return `, none of which ${isNumber ? 'is there any more' : 'exists'}`
  const [is, does] = gone.length > 1 ? ['are', 'do'] : ['is', 'does']
  return `, of which ${gone.join(' and ')} ${isNumber ? `${is} gone` : `${does} not exist`}`
}

/** What the packet has instead; undefined where that is not known, or says nothing more. */
export function heldWords(condition: Condition, packet: Packet): string | undefined {
  const field = fieldOf(condition) ?? ''
  // that it is just this is said already
  if (isNegated(condition) || asksOtherVersion(condition) || asksForNoIpsec(condition)) return undefined
  if (isPort(field) && (packet.fragOffset ?? 0) > 0) return 'the packet is not the first fragment, and so has no ports'
  if (isOtherEnd({ condition }, packet)) return otherEndWords(condition, field)
  const [, words] = HELD.find(([pattern]) => pattern.test(field)) ?? []
  return words?.(packet)
}

const asksForNoIpsec = (condition: Condition): boolean =>
  condition.kind === 'compare' && / ipsec$/.test(condition.field) && !condition.value

/** `all but 192.0.2.0/24` */
export function spareWords(condition: Condition): string | undefined {
  const [, side] = /^ip6? ([sd])addr$/.exec(fieldOf(condition) ?? '') ?? []
  const one = condition.kind === 'not' ? condition.of : condition
  const [asked, ...more] = wantedBy(condition)
  if (!side || !isNegated(condition) || one.kind !== 'compare' || asked === undefined || more.length > 0)
    return undefined
  const { value } = one
  if (typeof value === 'object' && !('prefix' in value)) return undefined
  const length = typeof value === 'object' && isNetworkLength(value) ? `/${value.length}` : ''
  return `it matches all but ${asked}${length}, and the packet ${side === 's' ? 'comes from' : 'goes'} there`
}

const isNetworkLength = ({ prefix, length }: { prefix: string; length: number }): boolean =>
  length < (prefix.includes(':') ? 128 : 32)

const isPort = (field: string): boolean => / [sd]port$/.test(field)

/** `53 is its source port, not its destination port`. */
function otherEndWords(condition: Condition, field: string): string {
  const [source, destination] = ['source', 'destination'].map((one) => (/port$/.test(field) ? `${one} port` : one))
  const [is, not] = /s(addr|port)$/.test(field) ? [destination, source] : [source, destination]
  return `${asks({ condition, settled: false })
    .split(' ')
    .at(-1)!
    .replace(/\/(32|128)$/, '')} is its ${is}, not its ${not}`
}

const said = (before: string, value: string | number | undefined): string | undefined =>
  value === undefined ? undefined : `${before} ${value}`

const ownerWords = (kind: 'user' | 'group', id: number | undefined): string =>
  id === undefined
    ? "the packet's socket has another owner, or it has no socket"
    : `the socket belongs to ${kind} ${id}`

const HELD: readonly [RegExp, (packet: Packet) => string | undefined][] = [
  [/^ip6? saddr$/, ({ src }) => said('the packet comes from', src)],
  [/^ether saddr$/, ({ srcMac }) => said('the packet comes from MAC address', srcMac)],
  [/^ip6? daddr$/, ({ dst }) => said('the packet is for', dst)],
  [/^ether daddr$/, ({ dstMac }) => said('the packet is for MAC address', dstMac)],
  [/ sport$/, ({ sport }) => said('the packet comes from port', sport)],
  [/ dport$/, ({ dport }) => said('the packet is for port', dport)],
  [
    /^meta iifname$/,
    (packet) =>
      packet.in === undefined ? 'this host sends the packet' : `the packet came in on ${deviceWords(packet.in)}`,
  ],
  [/^meta oifname$/, ({ out }) => said('the packet leaves by', out && deviceWords(out))],
  [/^meta l4proto$/, ({ protocol }) => said('the packet is', protocol)],
  [/^meta (nfproto|protocol)$/, ({ src }) => said('the packet is', src && (src.includes(':') ? 'IPv6' : 'IPv4'))],
  [/^ct state$/, ({ ctState }) => said('its connection is', ctState)],
  [/^(meta|ip) length$/, ({ length }) => said('the length of the packet is', length)],
  [/^(ip ttl|ip6 hoplimit)$/, ({ ttl }) => said('its TTL is', ttl)],
  [/^ip6 nexthdr$/, (packet) => (isOfGroups(packet) ? 'its ICMPv6 header comes after a hop-by-hop header' : undefined)],
  [/^meta skuid$/, ({ uid }) => ownerWords('user', uid)],
  [/^meta skgid$/, ({ gid }) => ownerWords('group', gid)],
  [/^meta ipsec$/, () => 'the packet came in without IPsec'],
  [/^rt ipsec$/, () => 'the packet leaves without IPsec'],
  [/^meta mark$/, ({ mark }) => said('its mark is', mark === undefined ? undefined : `0x${mark.toString(16)}`)],
]
