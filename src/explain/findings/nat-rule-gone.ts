import type { Packet } from '../../model/packet.ts'
import { changesOf, propose } from '../changes/change.ts'
import type { Destination } from '../changes/rule-changes.ts'
import { type Context, type Detected, type Detector, describeEnd, finding, momentAt } from '../context.ts'
import { destinationIn } from '../counterfactual/goals.ts'
import { isOfPair, type NearMiss, nearMisses } from '../counterfactual/near-misses.ts'
import { pairedHost } from '../counterfactual/paired-host.ts'
import { servedHost } from '../counterfactual/served-host.ts'
import { isNat, passes, type TableTraversal } from '../counterfactual/skipped-rules.ts'
import { needsDestination } from '../counterfactual/undeliverable.ts'
import { endOf, nameRef, placeAt, refOf } from '../refs.ts'

/** No rule rewrites its destination, and other rules say what it should be. */
export const natRuleGone: Detector = {
  code: 'missing-rule',
  detect(context) {
    if (needsDestination(context) !== 'surely') return []
    const pass = passes(context).find((one) => isNat(one) && (one.hook === 'prerouting' || one.hook === 'output'))
    const step = pass?.steps[0]
    if (!pass || step === undefined) return []
    const near = nearMisses(context, destinationIn(pass, true))
    return [...ofPair(context, pass, step, near), ...ofAccept(context, pass, step, near)].slice(0, 1)
  },
}

/** Of a one-to-one NAT one half is there. */
function ofPair(context: Context, pass: TableTraversal, step: number, near: readonly NearMiss[]): Detected[] {
  const { dst } = momentAt(context, step).packet
  const pair = pairedHost(context.world, dst)
  // the other one is there, and asks for another address
  const isNear = near.some((one) => isOfPair(context, one, one.miss))
  if (!pair || dst === undefined || pair.table !== pass.table || isNear) return []
  const other = refOf(context, pair.table.name, pair.chain, pair.rule)
  const message = `${nameRef(other)} pairs ${dst} with ${pair.host}, and no rule of ${pass.base.name} rewrote the destination.`
  const to = { address: pair.host, port: undefined }
  const fix = send(context, pass, { dst }, to, 'sends all services of this address there')
  return [finding('missing-rule', 'warning', message, { steps: [step + 1], rules: [other], fix, doubt: 0.1 })]
}

/** A rule that nothing has ever met accepts the service for another host, and nat sends nobody there. */
function ofAccept(context: Context, pass: TableTraversal, step: number, near: readonly NearMiss[]): Detected[] {
  const { world, journey } = context
  const { packet } = momentAt(context, step)
  const { dport, protocol } = packet
  const first = near.length === 0 && servedHost(world, journey.family, packet)
  if (!first) return []
  const ref = refOf(context, first.table.name, first.chain, first.rule)
  const place = describeEnd(first.host, dport)
  const map = world.sets.find(({ elements }) =>
    elements.some(({ parts, data = [] }) => parts.includes(`${dport}`) && data.includes(first.host)),
  )
  const missing = map
    ? `map ${map.name} sends port ${dport} there, but no rule uses this map: the DNAT rule is missing`
    : `no rule of nat sends packets there: if this packet is for ${first.host}, the DNAT rule is missing`
  const message = `No rule rewrote its destination. ${nameRef(ref)} accepts ${protocol} to ${place}, and ${missing}.`
  const to = { address: first.host, port: dport }
  const fix = send(context, pass, packet, to, 'first check that it is meant for this host')
  const rules = [ref, endOf(pass.table, pass.base)]
  const [severity, doubt] = map ? (['warning', 0.1] as const) : (['note', 0.7] as const)
  return [finding('missing-rule', severity, message, { steps: [step + 1], rules, fix, doubt })]
}

function send(context: Context, { table, base }: TableTraversal, packet: Packet, to: Destination, note: string) {
  const [rule] = base.rules
  const ref = rule ? refOf(context, table.name, base, rule) : placeAt(table, endOf(table, base))
  const change = changesOf(ref).add(ref, { chain: base.name }, { kind: 'destination', packet }, { kind: 'dnat', to })
  return propose(`send what is for ${packet.dst} to ${describeEnd(to.address, to.port)}`, change, note)
}
