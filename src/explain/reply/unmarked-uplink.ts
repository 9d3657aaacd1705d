/** An uplink that is missing from the map by which connections get the mark of theirs. */
import { basesOf } from '../../journey/base-chains.ts'
import type { Condition } from '../../model/condition.ts'
import type { Journey } from '../../model/journey.ts'
import type { NamedSet } from '../../model/ruleset.ts'
import type { MapLookup, Statement } from '../../model/statement.ts'
import type { World } from '../../model/world.ts'
import { entryOpened } from '../../rules/conntrack/entries.ts'
import { evaluate } from '../../rules/evaluate.ts'
import { hex } from '../../rules/iptables/values/numbers.ts'
import { linkNamed } from '../../rules/links.ts'
import { named } from '../../rules/nft/lookup.ts'
import { asksForMark, leadsOutOf, lookupRoute, wayBackOf } from '../../rules/route.ts'
import { propose } from '../changes/change.ts'
import { addElement } from '../changes/sets.ts'
import { asksInput, fieldsOf } from '../counterfactual/failed-condition.ts'
import { nameRef, refIn } from '../refs.ts'
import type { LedByMark } from './connection-mark.ts'
import { RESTORES_MARK } from './mark-restored.ts'

/**
 * The connection got no mark, as `came` is not in the map; a routing rule leads some mark out of `came`, and a rule gives
 * replies the mark of their connection.
 */
export function uplinkWithoutMark(request: Journey, world: World, came: string): LedByMark | undefined {
  const { packet, steps } = request
  const family = request.family === 'ip6' ? 'ip6' : 'ip'
  const server = steps.at(-1)?.dst ?? packet.dst
  if (server === undefined || entryOpened(packet, world)?.mark) return undefined
  const found = mapWithout(request, world, came)
  if (!found || !isRestored(request, world)) return undefined
  const { ref, map, set } = found
  const leads = world.host.routingRules?.find(
    (one) =>
      one.family === family &&
      one.mark !== undefined &&
      !one.not &&
      asksForMark(one, one.mark) &&
      leadsOutOf(lookupRoute(wayBackOf(packet, server, one.mark), world.host), came),
  )
  if (leads?.mark === undefined) return undefined
  const { mark, priority } = leads
  const [gone] = set.elements.flatMap(({ parts: [name = ''], data }) =>
    Number(data?.[0]) === mark && !linkNamed(world.host, name) ? name : [],
  )
  const other = gone === undefined ? '' : ` The map gives that mark to ${gone}, which this host does not have.`
  const change = addElement({ world }, { kind: 'lookup', ...map }, set, came, [came], String(mark))
  return {
    words: ` ${came} is not in map ${set.name}, by which ${nameRef(ref)} marks connections. Routing rule ${priority} leads mark ${hex(mark)} out of ${came}.${other}`,
    rules: [ref],
    fix: propose(
      `add ${came} to the map, with the mark that leads out of it`,
      change,
      `affects every connection that comes in on ${came} from then on`,
    ),
  }
}

/** A rule that the request was held against, and that marks connections by the interface that they come in by. */
function mapWithout({ steps }: Journey, world: World, came: string) {
  for (const table of world.tables)
    for (const chain of basesOf(table)) {
      if (chain.hook !== 'prerouting' || chain.type === 'nat') continue
      if (!steps.some((step) => step.table === table.name && step.chain === chain.name)) continue
      for (const rule of chain.rules) {
        const map = rule.statements.flatMap(mapOfUplinks)[0]
        const set = map && rule.conditions.every(asksForUplinks) ? named(world, map.nft, map.set) : undefined
        if (!map || set?.dataType !== 'mark' || has(set, came)) continue
        return { ref: refIn(table, chain.name, rule), map, set }
      }
    }
  return undefined
}

const mapOfUplinks = (one: Statement): MapLookup[] =>
  one.kind === 'set' && one.field === 'ct mark' && one.map?.set && one.map.fields.join() === 'meta iifname'
    ? [one.map]
    : []

/** By the map, and of connections that begin. */
function asksForUplinks(condition: Condition): boolean {
  const fields = fieldsOf(condition)
  return fields.length > 0 && fields.every((field) => field === 'meta iifname' || field === 'ct state')
}

const has = ({ elements }: NamedSet, name: string): boolean =>
  elements.some(({ parts: [part = ''] }) => (part.endsWith('*') ? name.startsWith(part.slice(0, -1)) : part === name))

/** Does a rule give replies the mark of their connection, before they are routed? This host's own are routed anew by chains of type route. */
function isRestored({ outcome, steps }: Journey, world: World): boolean {
  const isOwn = outcome === 'delivered'
  const inner = steps.at(-1)?.out
  const isElsewhere = (one: Condition) =>
    asksInput(one) &&
    (isOwn || (inner !== undefined && evaluate(one, { packet: { in: inner }, family: 'ip', world }) === false))
  return world.tables.some((table) =>
    basesOf(table).some(
      ({ hook, type, rules }) =>
        (isOwn ? hook === 'output' && type === 'route' : hook === 'prerouting') &&
        rules.some(({ text, conditions }) => RESTORES_MARK.test(text) && !conditions.some(isElsewhere)),
    ),
  )
}
