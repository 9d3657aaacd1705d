import type { RuleRef } from '../../model/journey.ts'
import type { Packet } from '../../model/packet.ts'
import type { Table } from '../../model/ruleset.ts'
import type { World } from '../../model/world.ts'
import { hex } from '../../rules/iptables/values/numbers.ts'
import { lookupRoute, questionOf, routeDevices } from '../../rules/route.ts'
import { changesOf, propose } from '../changes/change.ts'
import { addInNewChain } from '../changes/nft-base-chain.ts'
import type { Proposal } from '../changes/proposal.ts'
import type { Chosen, Doing } from '../changes/rule-changes.ts'
import { type Context, type Detected, finding } from '../context.ts'
import { markBehind } from '../counterfactual/mark-behind.ts'
import { ALL_BITS, isSameWay } from '../counterfactual/marked-way.ts'
import { passes } from '../counterfactual/skipped-rules.ts'
import { nameRef, refAt } from '../refs.ts'

/** A chain of type filter marks what this host sends: only one of type route has it routed again (nft_chain_route.c). */
export function markedInVain(context: Context, last: number): Detected[] {
  const { journey, evidence, world } = context
  if (journey.packet.in !== undefined) return []
  for (const { table, base, hook, steps } of passes(context)) {
    if (hook !== 'output' || table.kind !== 'nft' || base.type !== 'filter') continue
    for (const step of steps) {
      const [before, mark] = [markBehind(context, step - 1) ?? 0, markBehind(context, step)]
      const ref = refAt(context, step)
      const { packet } = evidence.arrivals[step]!
      const question = questionOf(packet)
      if (step > last || mark === undefined || mark === before || !ref || !question) continue
      const [was, meant] = [before, mark].map((one) => lookupRoute({ ...question, mark: one }, world.host))
      if (!was || !meant || isSameWay(was, meant) || !routeDevices(was).includes(packet.out ?? '')) continue
      const ways = routeDevices(meant).join(' or ')
      const message = `${nameRef(ref)} gives it mark ${hex(mark)}, which leads out of ${ways}, but ${base.name} is of type filter: only a chain of type route makes the kernel route it again.`
      return [
        finding('mark-missing', 'warning', message, {
          steps: [step + 1],
          rules: [ref],
          culprit: step,
          fix: markedInTime(world, ref, table, { ...packet, mark }),
        }),
      ]
    }
  }
  return []
}

/** The same mark in a chain of type route, which is made where the table has none. */
function markedInTime(world: World, ref: RuleRef, table: Table, packet: Packet): Proposal[] {
  const known = [...table.chains.values()].find(({ type, hook }) => type === 'route' && hook === 'output')
  const chosen: Chosen = { kind: 'such', packet, hints: { hook: 'output' } }
  const doing: Doing = { kind: 'mark', mark: { value: packet.mark ?? 0, mask: ALL_BITS } }
  const change = known
    ? changesOf(ref).add({ ...ref, chain: known.name }, { chain: known.name }, chosen, doing)
    : addInNewChain(world, table, { name: 'route_output', type: 'route', hook: 'output', prio: MANGLE }, chosen, doing)
  return propose('mark such packets in a chain of type route', change, 'the kernel routes them again there')
}

const MANGLE = -150
