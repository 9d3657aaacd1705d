/** What nat's rules give a packet as its destination, by their own words. */
import { mappedInto } from '../model/address.ts'
import type { Packet } from '../model/packet.ts'
import type { Rule } from '../model/ruleset.ts'
import type { Nat } from '../model/statement.ts'
import type { World } from '../model/world.ts'
import { keepsDestination } from '../rules/conntrack/entries.ts'
import type { EvalContext } from '../rules/eval-context.ts'
import { linkNamed } from '../rules/links.ts'
import { mappedNat } from '../rules/nft/map.ts'
import { isUnknown } from '../rules/truth.ts'
import type { StepContext } from './step-context.ts'

const WRITES: readonly string[] = ['dnat', 'redirect', 'netmap']

export type Place = Pick<EvalContext, 'family' | 'world' | 'hook'>

/** A destination of which an end may be one of several: that one is left out. */
export type End = Pick<Packet, 'dst' | 'dport'>

/** The statement by which nat gives the packet another destination behind this step: none of a connection that keeps its own. */
export function natBehind({ rule, hook, ending, packet }: StepContext, world: World): Nat | undefined {
  const nat = writesDestination(rule)
  const acts = nat && ending === 'accept' && (hook === 'prerouting' || hook === 'output')
  return acts && !keepsDestination(packet, world) ? nat : undefined
}

export const writesDestination = (rule: Rule | undefined): Nat | undefined =>
  rule?.statements.find((one): one is Nat => WRITES.includes(one.kind))

/** Of a rule that the packet matches, at PREROUTING or OUTPUT; undefined: it gives none. */
export function destinationGiven(
  nat: Nat,
  { packet, hook }: Pick<StepContext, 'packet' | 'hook'>,
  where: Pick<Place, 'family' | 'world'>,
): End | undefined {
  const place: Place = { family: where.family, world: where.world, ...(hook === undefined ? {} : { hook }) }
  const given = mappedNat(nat, { packet, ...place })
  if (isUnknown(given)) return {}
  return given && end(addressGiven(given, packet, place), only(given.ports, packet.dport))
}

function addressGiven({ kind, addresses, network }: Nat, packet: Packet, place: Place): string | undefined {
  if (kind === 'redirect') return ownAddress(packet, place)
  if (network) return kind === 'netmap' && packet.dst !== undefined ? mappedInto(network, packet.dst) : undefined
  return only(addresses, packet.dst)
}

export const end = (dst: string | undefined, dport: number | undefined): End => ({
  ...(dst === undefined ? {} : { dst }),
  ...(dport === undefined ? {} : { dport }),
})

/** What a statement that names none leaves. */
const only = <T>(range: readonly [T, T] | undefined, asIs: T | undefined): T | undefined =>
  range === undefined ? asIs : range[0] === range[1] ? range[0] : undefined

/** Whose a redirected packet is: of the interface it came in by (net/netfilter/nf_nat_redirect.c). */
function ownAddress({ in: device, dst = '' }: Packet, { hook, family, world: { host } }: Place): string | undefined {
  if (hook === 'output') return family === 'ip' ? '127.0.0.1' : '::1'
  const isNarrow = (address: string) => address.startsWith('fe80:')
  return linkNamed(host, device)?.addresses?.find(
    (one) => one.family === family && (family === 'ip' || isNarrow(one.address) === isNarrow(dst)),
  )?.address
}
