/** A chain that leads packets to a chain for each interface, and has none for the one that this packet came in by. */
import { wayTo } from '../journey/step-context.ts'
import type { Condition, Value } from '../model/condition.ts'
import { memo } from '../model/memo.ts'
import type { Chain, Rule, Table } from '../model/ruleset.ts'
import type { EvalContext } from '../rules/eval-context.ts'
import { evaluate } from '../rules/evaluate.ts'
import { type SimpleCondition, simpleConditions } from '../rules/simple-conditions.ts'
import { verdictOf } from '../rules/verdict.ts'
import { type Context, momentAt } from './context.ts'
import { rulesFrom } from './counterfactual/chain-graph.ts'
import { hasDefaultRoute } from './host/routes.ts'
import { stopsWhoeverComes } from './only-stops.ts'
import type { Owner } from './owners/owner.ts'
import { nameRef, refAt } from './refs.ts'

/** The rule to which the packet came for want of a chain for its interface. */
export interface Unnamed {
  step: number
  device: string
  /** Of the other interfaces, each of which has a chain. */
  names: readonly string[]
  chain: string
}

/**
 * Zones of fw3, fw4 and VyOS, by whatever hand: two chains for interfaces make a dispatch. Undefined where there is none, where it
 * has one that this interface's packets may go to as well, and where another chain chose the packet.
 */
export const unnamedInterface = memo((context: Context): Unnamed | undefined => {
  const { evidence, ended, world } = context
  const { arrivals } = evidence
  for (const step of wayTo(arrivals, ended.step)) {
    const { rule, chain, table, packet } = arrivals[step]!
    if (chain?.hook === undefined || !table) continue
    const device = packet.in
    if (!rule || rule.conditions.length > 0 || device === undefined) return undefined
    if (step !== ended.step && !stopsWhoeverComes(context)) return undefined
    const earlier = chain.rules.slice(0, rule.ruleNumber - 1)
    const moment = momentAt(context, step)
    if (earlier.some((one) => mayLead(one, table, moment, new Set()))) return undefined
    const led = earlier.flatMap((one) => interfacesLed(one, table))
    // chains that only count or log are no zones
    if (led.length < 2 || !led.some(({ to }) => rulesFrom(table, to, world.sets).some(mayAccept))) return undefined
    return { step, device, names: [...new Set(led.flatMap(({ names }) => names))], chain: chain.name }
  }
  return undefined
})

/**
 * The zone that takes the packet for want of another one: its chain is the last of a dispatch that names other interfaces, and
 * not the packet's. `zoned` finds a zone in the name of its chain.
 */
function defaultZone({ evidence: { arrivals }, world: { host } }: Context, last: number, zoned: RegExp) {
  for (const step of wayTo(arrivals, last)) {
    const { rule, chain, table, hook, packet } = arrivals[step]!
    const zone = rule && zoned.exec(verdictOf(rule).chain ?? '')?.[1]
    if (!chain || !table || zone === undefined || zoned.test(chain.name)) continue
    // a policy may be for all zones
    if (step !== last && zoned.exec(arrivals[last]!.chain?.name ?? '')?.[1] !== zone) return undefined
    const { in: device } = packet
    const isLast = rule!.conditions.length === 0 && hook === 'input'
    // the default zone is meant for the uplink
    if (device === undefined || !host.routes || hasDefaultRoute(host.routes, device)) return undefined
    const earlier = chain.rules.slice(0, rule!.ruleNumber - 1)
    return isLast && earlier.some((one) => interfacesLed(one, table).length > 0) ? { device, zone } : undefined
  }
  return undefined
}

/** What the owner's users do where the packet's interface has no zone of its own. */
export function adviceWithoutZone(
  context: Context,
  { unzoned, byDefault, zoned }: Owner,
  step: number,
): string | undefined {
  const { device } = (unzoned && unnamedInterface(context)) || {}
  if (device !== undefined) return unzoned!.replace('DEVICE', () => device)
  const found = byDefault && zoned && defaultZone(context, step, zoned)
  return found && byDefault.replaceAll('DEVICE', () => found.device).replaceAll('ZONE', () => found.zone)
}

export function unnamedInterfaceWords(context: Context): string | undefined {
  const { step, device, names, chain } = unnamedInterface(context) ?? {}
  if (step === undefined) return undefined
  const ref = refAt(context, step)
  const sent = step === context.ended.step || !ref ? '' : `. ${nameRef(ref)} sent it there`
  return `${sent}: ${chain} has a chain for packets from ${names!.join(', ')}, but none for ${device}`
}

/** It leads packets elsewhere by their interface, and nobody can say that this one's are not among them, whatever else it asks for. */
function mayLead(rule: Rule, table: Table, moment: EvalContext, seen: Set<Chain>): boolean {
  const { conditions, statements } = rule
  if (statements.some((one) => one.kind === 'vmap' && one.map.fields.some(isOfInterface))) return true
  const to = table.chains.get(verdictOf(rule).chain ?? '')
  if (!to) return false
  if (conditions.length === 0 && !seen.has(to)) {
    seen.add(to)
    return to.rules.some((one) => mayLead(one, table, moment, seen))
  }
  return conditions.some((one) => simpleConditions(one).some(asksInterface) && evaluate(one, moment) !== false)
}

const isOfInterface = (field: string): boolean => /^meta (?:iif|sdif)|^src$/.test(field)

const asksInterface = (one: SimpleCondition): boolean =>
  one.kind === 'compare' ? isOfInterface(one.field) : one.kind === 'lookup' && one.fields.some(isOfInterface)

/** The interfaces whose packets the rule leads to a chain, where it asks for nothing else: one dispatch, or none. */
function interfacesLed(rule: Rule, { chains }: Table): { names: string[]; to: Chain }[] {
  const [condition, more] = rule.conditions
  const to = chains.get(verdictOf(rule).chain ?? '')
  const names = condition && !more && to ? interfacesOf(condition) : undefined
  return names && to ? [{ names, to }] : []
}

function mayAccept(rule: Rule): boolean {
  const { ending, text } = verdictOf(rule)
  return ending === 'accept' || text === 'vmap'
}

function interfacesOf(one: Condition): string[] | undefined {
  if (one.kind !== 'compare' || one.field !== 'meta iifname' || one.op !== '==') return undefined
  const values: Value[] = typeof one.value === 'object' && 'set' in one.value ? one.value.set : [one.value]
  const names = values.map((value) =>
    typeof value === 'string' ? value : typeof value === 'object' && 'wildcard' in value ? `${value.wildcard}*` : '',
  )
  return names.includes('') ? undefined : names
}
