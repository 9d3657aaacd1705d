/** Services that kube-proxy drops or rejects packets for, as its own comments say (pkg/proxy/iptables, pkg/proxy/nftables). */
import { isStoppedByRule } from '../model/outcome-kinds.ts'
import type { Rule, Table } from '../model/ruleset.ts'
import type { SetElement } from '../model/set-element.ts'
import type { EvalContext } from '../rules/eval-context.ts'
import { listener } from '../rules/sockets.ts'
import { type Context, momentAt } from './context.ts'
import { keyHeld, type Lookup, nftSetOf } from './counterfactual/map-keys.ts'

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

/** What a rule says of the Service that the packet is for, by its comment or by the element of its map. */
export interface SaysNone extends Pick<WithoutEndpoints, 'service' | 'local'> {
  by: 'comment' | 'element'
}

/** Undefined: it speaks of no such thing; or its map has no element for this packet. Whether its conditions hold is not asked. */
export function saysNone(
  context: Context,
  rule: Rule | undefined,
  table: Table | undefined,
  at: () => EvalContext,
): SaysNone | undefined {
  const [, service, local] = COMMENT.exec(rule?.comment ?? '') ?? []
  if (service !== undefined) return { by: 'comment', service, local: local !== undefined }
  const lookup = table?.name === 'kube-proxy' ? rule?.statements.find(({ kind }) => kind === 'vmap') : undefined
  if (lookup?.kind !== 'vmap' || !MAP.test(lookup.map.set)) return undefined
  const element = elementFor(context, at(), { kind: 'lookup', ...lookup.map })
  return element && { by: 'element', service: element.comment, local: element.data?.[0] === 'drop' }
}

/** Undefined where it was not stopped for that. */
export function withoutEndpoints(context: Context): WithoutEndpoints | undefined {
  const { journey, evidence, ended } = context
  if (!isStoppedByRule(journey.outcome)) return undefined
  for (let step = ended.step; step >= 0; step--) {
    const { rule, table } = evidence.arrivals[step]!
    const said = saysNone(context, rule, table, () => momentAt(context, step))
    if (!said) continue
    const { by, service, local } = said
    // it stops the packet itself, or marks it for a rule behind it that drops what is marked
    const isMarked = by === 'comment' && step !== ended.step
    if (!isMarked || marks(context, step)) return { service, local, step, isMarked }
  }
  return undefined
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
