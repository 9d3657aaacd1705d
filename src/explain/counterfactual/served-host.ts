/** The host that rules accept a packet's service for, where nat sends nobody there: what a rule or an element that is gone said. */
import type { Family, Packet } from '../../model/packet.ts'
import type { Chain, NamedSet, Rule, Table } from '../../model/ruleset.ts'
import type { World } from '../../model/world.ts'
import { isLocal } from '../../rules/fib.ts'
import { knowsSockets } from '../../rules/sockets.ts'
import { verdictOf } from '../../rules/verdict.ts'
import type { Context } from '../context.ts'
import type { Goal } from './goals.ts'
import { type Lookup, nftSetOf } from './map-keys.ts'
import { hostOf } from './paired-host.ts'
import type { SkippedRule } from './skipped-rules.ts'
import { isOnlyByDefault } from './undeliverable.ts'

interface Served {
  table: Table
  chain: Chain
  rule: Rule
  host: string
}

/** Undefined where they name several, or none. */
export function servedHost(world: World, family: Family, packet: Packet): Served | undefined {
  const { dst, dport, protocol } = packet
  if (dst === undefined || dport === undefined || protocol === undefined) return undefined
  const isMadeUp = isOnlyByDefault(packet, world.host)
  // what this host may serve itself needs no other host
  if (!isMadeUp && !(isLocal(dst, world.host) && knowsSockets(world.host, protocol))) return undefined
  const found = world.tables
    .filter((table) => table.family === family || table.family === 'inet')
    .flatMap((table) =>
      [...table.chains.values()].flatMap((chain) =>
        chain.rules.flatMap((rule): Served[] => {
          const unused = rule.counters ? rule.counters.packets === 0 : isMadeUp
          const host = unused && verdictOf(rule).ending === 'accept' ? hostServed(rule, packet) : undefined
          return host === undefined || isLocal(host, world.host) !== false ? [] : [{ table, chain, rule, host }]
        }),
      ),
    )
  const [first] = found
  if (!first || new Set(found.map(({ host }) => host)).size > 1) return undefined
  return isSentTo(world, first.host, dport) ? undefined : first
}

/** What a map gave for the packet, whose other elements say where to go: rules accept the service for one host, whom nobody sends it to. */
export function dataServed(context: Context, goal: Goal, { moment: { packet } }: SkippedRule, lookup: Lookup) {
  const { world, journey } = context
  const type = goal.kind === 'destination' ? nftSetOf(context, lookup)?.dataType : undefined
  const host = type?.startsWith('ipv') ? servedHost(world, journey.family, packet)?.host : undefined
  return host && (type?.includes(' . ') ? `${host} . ${packet.dport}` : host)
}

/** The single host that the rule names with the packet's very service. */
function hostServed({ conditions }: Rule, { protocol, dport }: Packet): string | undefined {
  const compared = conditions.filter((one) => one.kind === 'compare')
  const asks = (field: RegExp) => compared.find((one) => field.test(one.field))
  if (asks(/^meta l4proto$/)?.value !== protocol || asks(/ dport$/)?.value !== dport) return undefined
  const host = asks(/ daddr$/)
  return host && hostOf(host)
}

/** A map that was left behind sends nobody anywhere. */
const isAskedFor = (tables: World['tables'], { family, table, name }: NamedSet): boolean =>
  tables.some(
    (one) =>
      one.family === family &&
      one.name === table &&
      [...one.chains.values()].some(({ rules }) => rules.some(({ text }) => text.includes(`@${name}`))),
  )

const isSentTo = ({ tables, sets }: World, host: string, port: number): boolean =>
  sets.some((set) => set.elements.some(({ data = [] }) => data.includes(host)) && isAskedFor(tables, set)) ||
  tables.some(({ chains }) =>
    [...chains.values()].some(({ rules }) =>
      rules.some(({ statements }) =>
        statements.some(
          (one) =>
            one.kind === 'dnat' && one.addresses?.includes(host) && (one.ports === undefined || one.ports[0] === port),
        ),
      ),
    ),
  )
