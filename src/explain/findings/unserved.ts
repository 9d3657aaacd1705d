/** A packet to an address of a Service without endpoints, which no route leads on. */
import type { RuleRef } from '../../model/journey.ts'
import type { Packet } from '../../model/packet.ts'
import { evaluateAll } from '../../rules/evaluate.ts'
import { type Context, type Detected, describeEnd, finding, moment } from '../context.ts'
import { nameRef, refAt, refOf } from '../refs.ts'
import { saysNone } from '../without-endpoints.ts'
import { NOT_READY } from './no-endpoints.ts'

/** Of a packet that no route leads on: it was not for that address, but for who stands behind it. */
export function withoutAnyone(context: Context, packet: Packet): Detected | undefined {
  const found = unserved(context, packet)
  if (!found) return undefined
  const { service, rule, words } = found
  const name = service === undefined ? 'a Service' : `the Service ${service}`
  return finding(
    'no-endpoints',
    'error',
    `${describeEnd(packet.dst, packet.dport)} is an address of ${name}, which has no endpoints: ${words}. So nat does not rewrite the packet, and no route leads to a Service's address.`,
    {
      steps: [context.ended.step + 1],
      rules: [rule],
      fix: [{ description: NOT_READY, unverified: 'this is not a netfilter change' }],
    },
  )
}

/** What says that a Service is without endpoints, of a packet to its address that came no further than the routes. */
interface Unserved {
  service: string | undefined
  rule: RuleRef
  words: string
}

/**
 * kube-proxy stops what is for a Service without endpoints in FORWARD and OUTPUT: a packet for which there is no route does
 * not come so far. `packet`: as it was routed.
 */
function unserved(context: Context, packet: Packet): Unserved | undefined {
  const { family } = context.journey
  const at = moment(context, { ...packet, ctState: 'new' }, undefined)
  for (const table of context.world.tables) {
    if (table.family !== family && table.family !== 'inet') continue
    for (const chain of table.chains.values())
      for (const rule of chain.rules) {
        const said = saysNone(context, rule, table, () => at)
        if (!said || (said.by === 'comment' && evaluateAll(rule.conditions, at) !== true)) continue
        const ref = refOf(context, table.name, chain, rule)
        return { service: said.service || undefined, rule: ref, words: `${nameRef(ref)} says so` }
      }
  }
  return leftUnchosen(context)
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
