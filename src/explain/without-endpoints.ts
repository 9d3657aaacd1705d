/** Services that kube-proxy drops or rejects packets for, as its own comments say (pkg/proxy/iptables, pkg/proxy/nftables). */
import type { RuleRef } from '../model/journey.ts'
import { isStoppedByRule } from '../model/outcome-kinds.ts'
import type { Packet } from '../model/packet.ts'
import type { Rule, Table } from '../model/ruleset.ts'
import type { SetElement } from '../model/set-element.ts'
import type { EvalContext } from '../rules/eval-context.ts'
import { evaluateAll } from '../rules/evaluate.ts'
import { listener } from '../rules/sockets.ts'
import { type Context, moment, momentAt } from './context.ts'
import { keyHeld, type Lookup, nftSetOf } from './counterfactual/map-keys.ts'
import { nameRef, refAt, refOf } from './refs.ts'

export interface WithoutEndpoints {
  /** `default/web:http`; undefined where the element of the map has no comment. */
  service: string | undefined
  /** This node has none, and the Service's traffic policy is Local: other nodes may have some. */
  local: boolean
  /** Index of the step whose rule says so. */
  step: number
  /** It marks the packet, and a rule behind it drops what is marked. */
  isMarked: boolean
}

/** The name of a port may be empty. */
const COMMENT = /^(.*?):? has no (local )?endpoints$/
const MAP = /^no-endpoint-(services|nodeports)$/

/** Undefined where it was not stopped for that. */
export function withoutEndpoints(context: Context): WithoutEndpoints | undefined {
  const { journey, evidence, ended } = context
  if (!isStoppedByRule(journey.outcome)) return undefined
  for (let step = ended.step; step >= 0; step--) {
    const { rule, table } = evidence.arrivals[step]!
    const [, service, local] = COMMENT.exec(rule?.comment ?? '') ?? []
    // it stops the packet itself, or marks it for a rule behind it that drops what is marked
    const isMarked = step !== ended.step
    if (service !== undefined && (!isMarked || marks(context, step)))
      return { service, local: local !== undefined, step, isMarked }
    const lookup = table?.name === 'kube-proxy' ? rule?.statements.find(({ kind }) => kind === 'vmap') : undefined
    if (lookup?.kind !== 'vmap' || !MAP.test(lookup.map.set)) continue
    const element = elementFor(context, momentAt(context, step), { kind: 'lookup', ...lookup.map })
    if (element) return { service: element.comment, local: element.data?.[0] === 'drop', step, isMarked: false }
  }
  return undefined
}

/** What says that a Service is without endpoints, of a packet to its address that came no further than the routes. */
export interface Unserved {
  service: string | undefined
  rule: RuleRef
  words: string
}

/**
 * kube-proxy stops what is for a Service without endpoints in FORWARD and OUTPUT: a packet for which there is no route does
 * not come so far. `packet`: as it was routed.
 */
export function unserved(context: Context, packet: Packet): Unserved | undefined {
  const { family } = context.journey
  const at = moment(context, { ...packet, ctState: 'new' }, undefined)
  for (const table of context.world.tables) {
    if (table.family !== family && table.family !== 'inet') continue
    for (const chain of table.chains.values())
      for (const rule of chain.rules) {
        const service = sayingNone(context, table, rule, at)
        if (service === undefined) continue
        const ref = refOf(context, table.name, chain, rule)
        return { service: service || undefined, rule: ref, words: `${nameRef(ref)} stops packets to it for that` }
      }
  }
  return leftUnchosen(context)
}

/** The name of the Service; empty where that is not told. Undefined: it speaks of no such thing, or not of this packet. */
function sayingNone(context: Context, table: Table, rule: Rule, at: EvalContext): string | undefined {
  const [, service] = COMMENT.exec(rule.comment ?? '') ?? []
  if (service !== undefined) return evaluateAll(rule.conditions, at) === true ? service : undefined
  const lookup = table.name === 'kube-proxy' ? rule.statements.find(({ kind }) => kind === 'vmap') : undefined
  if (lookup?.kind !== 'vmap' || !MAP.test(lookup.map.set)) return undefined
  const element = elementFor(context, at, { kind: 'lookup', ...lookup.map })
  return element && (element.comment ?? '')
}

/** kube-proxy's chain of a Service sends to an endpoint each; the packet came out of it as it was. */
function leftUnchosen(context: Context): Unserved | undefined {
  const { evidence, journey } = context
  const step = evidence.arrivals.findLastIndex(({ rule }) =>
    rule?.statements.some((one) => one.kind === 'jump' && /^KUBE-(SVC|SVL|XLB)-/.test(one.chain)),
  )
  const { rule, table } = evidence.arrivals[step] ?? {}
  const jump = rule?.statements.find((one) => one.kind === 'jump')
  const chain = jump?.kind === 'jump' ? table?.chains.get(jump.chain) : undefined
  const ref = step < 0 ? undefined : refAt(context, step)
  if (!chain || !ref || chain.rules.some(({ statements }) => statements.some(({ kind }) => kind === 'jump')))
    return undefined
  if (journey.steps.some(({ changes }) => changes.some(({ field }) => field === 'dst'))) return undefined
  const service = /^(\S+\/\S+)/.exec(rule?.comment ?? '')?.[1]
  return {
    service,
    rule: ref,
    words: `${nameRef(ref)} leads to chain ${chain.name}, which has no rule for an endpoint`,
  }
}

/** By way of kube-proxy's chain for that. What a program of this host listens for was not meant for the Service (nodeport-clash). */
const marks = ({ journey, evidence, world }: Context, step: number): boolean =>
  !listener(world.host, journey.packet) &&
  evidence.arrivals[step]!.rule?.statements.some((one) => one.kind === 'jump' && one.chain === 'KUBE-MARK-DROP') ===
    true &&
  journey.steps.some(({ chain }, i) => i > step && chain === 'KUBE-MARK-DROP')

/** By which the map found the packet. */
function elementFor(context: Context, at: EvalContext, lookup: Lookup): SetElement | undefined {
  const key = keyHeld(lookup, at)?.map(String).join()
  const elements = lookup.nft?.elements ?? nftSetOf(context, lookup)?.elements ?? []
  return key === undefined ? undefined : elements.find(({ parts }) => parts.join() === key)
}
