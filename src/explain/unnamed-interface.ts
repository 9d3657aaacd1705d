/** A chain that leads packets to a chain for each interface, and has none for the one that this packet came in by. */
import { wayTo } from '../journey/step-context.ts'
import type { Condition, Value } from '../model/condition.ts'
import type { Rule, Table } from '../model/ruleset.ts'
import { verdictOf } from '../rules/verdict.ts'
import type { Context } from './context.ts'
import { nameRef, refAt } from './refs.ts'

/** The rule to which the packet came for want of a chain for its interface. */
export interface Unnamed {
  step: number
  device: string
  /** Of the other interfaces, each of which has a chain. */
  names: readonly string[]
  chain: string
}

/** Zones of fw3, fw4 and VyOS, by whatever hand: two chains for interfaces make a dispatch. Undefined where there is none, or it has one for this interface. */
export function unnamedInterface({ evidence: { arrivals }, ended }: Context): Unnamed | undefined {
  for (const step of wayTo(arrivals, ended.step)) {
    const { rule, chain, table, packet } = arrivals[step]!
    if (chain?.hook === undefined || !table) continue
    const device = packet.in
    if (!rule || rule.conditions.length > 0 || device === undefined) return undefined
    const named = chain.rules.slice(0, rule.ruleNumber - 1).flatMap((one) => interfacesLed(one, table))
    const names = [...new Set(named.flat())]
    if (named.length < 2 || names.some((name) => isName(device, name))) return undefined
    return { step, device, names, chain: chain.name }
  }
  return undefined
}

export function unnamedInterfaceWords(context: Context): string | undefined {
  const { step, device, names, chain } = unnamedInterface(context) ?? {}
  if (step === undefined) return undefined
  const ref = refAt(context, step)
  const sent = step === context.ended.step || !ref ? '' : `. ${nameRef(ref)} sent it there`
  return `${sent}: ${chain} has a chain for packets from ${names!.join(', ')}, but none for ${device}`
}

/** The interfaces whose packets the rule leads to a chain, where it asks for nothing else: one list, or none. */
function interfacesLed(rule: Rule, { chains }: Table): string[][] {
  const [condition, more] = rule.conditions
  if (!condition || more || !chains.has(verdictOf(rule).chain ?? '')) return []
  const names = interfacesOf(condition)
  return names ? [names] : []
}

function interfacesOf(one: Condition): string[] | undefined {
  if (one.kind !== 'compare' || one.field !== 'meta iifname' || one.op !== '==') return undefined
  const values: Value[] = typeof one.value === 'object' && 'set' in one.value ? one.value.set : [one.value]
  const names = values.map((value) =>
    typeof value === 'string' ? value : typeof value === 'object' && 'wildcard' in value ? `${value.wildcard}*` : '',
  )
  return names.includes('') ? undefined : names
}

const isName = (device: string, name: string): boolean =>
  name.endsWith('*') ? device.startsWith(name.slice(0, -1)) : device === name
