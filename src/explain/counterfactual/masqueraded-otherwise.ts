/** Which IP version has its sources rewritten on the packet's way, where the packet's own has not. */
import type { Condition, Scalar } from '../../model/condition.ts'
import { memo } from '../../model/memo.ts'
import type { Packet } from '../../model/packet.ts'
import type { Rule, Table } from '../../model/ruleset.ts'
import type { World } from '../../model/world.ts'
import { linkNamed } from '../../rules/links.ts'
import { otherVersion } from '../../rules/prefixes.ts'
import { verdictOf } from '../../rules/verdict.ts'
import { type Context, lastPacket } from '../context.ts'
import { SOURCE } from './rewritten.ts'
import { isPrivate, rulesOfSources } from './undeliverable.ts'
import { natFromTheStart } from './what-if.ts'

/** Do rules masquerade what leaves by this interface for the other IP version alone? */
export function isMasqueradedOtherwise(context: Context, out: string | undefined): boolean {
  const { world, journey } = context
  const other = otherVersion(journey.family) ?? 'ip'
  const isOfOther = (table: Table, conditions: readonly Condition[]) =>
    table.family === other ||
    (table.family === 'inet' &&
      conditions.some((one) => isCompared(one, 'meta nfproto', other === 'ip' ? 'ipv4' : 'ipv6')))
  const named = world.tables.some((table) =>
    rulesOfSources(table).some(
      ({ conditions }) =>
        isOfOther(table, conditions) && conditions.some((one) => isCompared(one, 'meta oifname', out)),
    ),
  )
  if (named) return true
  const twin = twinOf(journey.packet, out, other, world)
  const taken =
    twin && natFromTheStart({ ...context, journey: { ...journey, family: other } }, twin, 'postrouting', 'holds')
  const rule = taken?.walked.last?.rule
  return rule !== undefined && SOURCE.includes(verdictOf(rule).text) && isOfOther(taken!.table, rule.conditions)
}

/** Has the interface by which it left private addresses alone, as a tunnel's? Who is behind that may know these alone. */
export function leftByPrivateLink(context: Context): boolean {
  const { addresses = [] } = linkNamed(context.world.host, lastPacket(context).out) ?? {}
  const own = addresses.filter(({ family, scope }) => family === context.journey.family && scope !== 'link')
  return own.length > 0 && own.every(({ address }) => isPrivate(address))
}

/** A packet of the other IP version on the same way, from the network of the interface that it came in by. */
function twinOf(
  { in: from }: Packet,
  out: string | undefined,
  family: 'ip' | 'ip6',
  { host }: World,
): Packet | undefined {
  const { addresses = [] } = linkNamed(host, from) ?? {}
  const src = addresses.find((one) => one.family === family && one.scope !== 'link')?.address
  if (src === undefined || from === undefined || out === undefined) return undefined
  // what is for documentation is in nobody's rules
  const dst = family === 'ip' ? '203.0.113.1' : '2001:db8::1'
  return { src, dst, in: from, out }
}

const isCompared = (condition: Condition, field: string, value: Scalar | undefined): boolean =>
  condition.kind === 'compare' && condition.field === field && condition.op === '==' && condition.value === value

/** Do rules rewrite sources of the other IP version alone? A table may be of both. */
export const sparesVersion = ({ world, journey: { family } }: Context): boolean =>
  world.tables.every(
    (table) =>
      !(table.family === family || table.family === 'inet') || !(family === 'ip' ? rewritesIn4 : rewritesIn6)(table),
  )

const rewritesIn4 = memo((table: Table): boolean => rulesOfSources(table).some(isOfVersion('ip')))
const rewritesIn6 = memo((table: Table): boolean => rulesOfSources(table).some(isOfVersion('ip6')))

const isOfVersion =
  (family: 'ip' | 'ip6') =>
  ({ conditions }: Rule): boolean =>
    !conditions.some(
      (one) =>
        isCompared(one, 'meta nfproto', family === 'ip' ? 'ipv6' : 'ipv4') ||
        (one.kind === 'compare' && one.field.startsWith(family === 'ip' ? 'ip6 ' : 'ip ')),
    )
