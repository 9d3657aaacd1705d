/** Services that kube-proxy drops or rejects packets for, as its own comments say (pkg/proxy/iptables, pkg/proxy/nftables). */
import { isStoppedByRule } from '../model/outcome-kinds.ts'
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
export const COMMENT = /^(.*?):? has no (local )?endpoints$/
export const MAP = /^no-endpoint-(services|nodeports)$/

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

/** By way of kube-proxy's chain for that. What a program of this host listens for was not meant for the Service (nodeport-clash). */
const marks = ({ journey, evidence, world }: Context, step: number): boolean =>
  !listener(world.host, journey.packet) &&
  evidence.arrivals[step]!.rule?.statements.some((one) => one.kind === 'jump' && one.chain === 'KUBE-MARK-DROP') ===
    true &&
  journey.steps.some(({ chain }, i) => i > step && chain === 'KUBE-MARK-DROP')

/** By which the map found the packet. */
export function elementFor(context: Context, at: EvalContext, lookup: Lookup): SetElement | undefined {
  const key = keyHeld(lookup, at)?.map(String).join()
  const elements = lookup.nft?.elements ?? nftSetOf(context, lookup)?.elements ?? []
  return key === undefined ? undefined : elements.find(({ parts }) => parts.join() === key)
}
