import { MANGLE } from '../../model/hook.ts'
import type { RuleRef } from '../../model/journey.ts'
import type { Packet } from '../../model/packet.ts'
import type { Table } from '../../model/ruleset.ts'
import type { World } from '../../model/world.ts'
import { hex } from '../../rules/iptables/values/numbers.ts'
import { lookupRoute, questionOf, routeDevices } from '../../rules/route.ts'
import { changesOf, propose } from '../changes/change.ts'
import { type Proposal, together } from '../changes/proposal.ts'
import type { Chosen, Doing } from '../changes/rule-changes.ts'
import { type Context, type Detected, finding } from '../context.ts'
import { markBehind } from '../counterfactual/mark-behind.ts'
import { ALL_BITS, isSameWay } from '../counterfactual/marked-way.ts'
import { passes, type TableTraversal } from '../counterfactual/skipped-rules.ts'
import { nftOnly } from '../nft-only/later.ts'
import { nameRef, refAt } from '../refs.ts'

/**
 * A chain marks what this host sends, and its kind has nothing routed again: only nft's chains of type route
 * (nft_chain_route.c) and iptables' table mangle (iptable_mangle.c) do.
 */
export function markedInVain(context: Context, last: number): Detected[] {
  const { journey, evidence, world } = context
  if (journey.packet.in !== undefined) return []
  for (const { table, base, hook, steps } of passes(context)) {
    const why = hook === 'output' ? whyNotAgain(table, base) : undefined
    if (why === undefined) continue
    for (const step of steps) {
      const [before, mark] = [markBehind(context, step - 1) ?? 0, markBehind(context, step)]
      const ref = refAt(context, step)
      const { packet } = evidence.arrivals[step]!
      const question = questionOf(packet)
      if (step > last || mark === undefined || mark === before || !ref || !question) continue
      const [was, meant] = [before, mark].map((one) => lookupRoute({ ...question, mark: one }, world.host))
      if (!was || !meant || isSameWay(was, meant) || !routeDevices(was).includes(packet.out ?? '')) continue
      const ways = routeDevices(meant).join(' or ')
      const message = `${nameRef(ref)} gives it mark ${hex(mark)}, which leads out of ${ways}, but ${why}.`
      return [
        finding('mark-missing', 'warning', message, {
          steps: [step + 1],
          rules: [ref],
          culprit: step,
          fix: markedInTime(world, ref, { table, base }, { ...packet, mark }),
        }),
      ]
    }
  }
  return []
}

/** nat routes again what it sends elsewhere, and not for a mark; that is told of nobody. */
function whyNotAgain(table: Table, { name, type }: TableTraversal['base']): string | undefined {
  if (table.kind === 'nft')
    return type === 'filter'
      ? `${name} is of type filter: only a chain of type route makes the kernel route it again`
      : undefined
  return table.name === 'mangle' || table.name === 'nat'
    ? undefined
    : 'in OUTPUT only rules of table mangle make the kernel route it again'
}

/**
 * The same mark where that has it routed again. What gives it a mark that it already has changes nothing (both compare
 * what was in front of the chain and what is behind it): so it is given in front of the rule that gives it now.
 */
function markedInTime(
  world: World,
  ref: RuleRef,
  { table, base }: Pick<TableTraversal, 'table' | 'base'>,
  packet: Packet,
): Proposal[] {
  const { priority: given = 0 } = base
  if (table.kind !== 'nft') return given < MANGLE ? movedToMangle(ref) : inMangle(ref, packet)
  const known = [...table.chains.values()].find(
    ({ type, hook, priority = 0 }) => type === 'route' && hook === 'output' && priority < given,
  )
  const prio = Math.min(MANGLE, given - 1)
  const [chosen, doing] = [chosenAs(packet), marks(packet)]
  const change = known
    ? changesOf(ref).add({ ...ref, chain: known.name }, { chain: known.name }, chosen, doing)
    : nftOnly.loaded.addInNewChain(
        world,
        table,
        { name: 'route_output', type: 'route', hook: 'output', prio },
        chosen,
        doing,
      )
  return propose('mark such packets in a chain of type route', change, ROUTED_AGAIN)
}

function inMangle(ref: RuleRef, packet: Packet): Proposal[] {
  const change = changesOf(ref).add(mangleOf(ref), { chain: 'OUTPUT' }, chosenAs(packet), marks(packet))
  return propose('mark such packets in table mangle', change, ROUTED_AGAIN)
}

/** Of a chain of the user's, who else comes there is not known. */
function movedToMangle(ref: RuleRef): Proposal[] {
  if (ref.chain !== 'OUTPUT') return []
  const [away, there] = [changesOf(ref).remove(ref), changesOf(ref).copy(mangleOf(ref), { chain: 'OUTPUT' })]
  if (!away || !there || 'unsayable' in away || 'unsayable' in there) return []
  return propose('move the rule to table mangle', together(there, away), ROUTED_AGAIN)
}

const mangleOf = (ref: RuleRef): RuleRef => ({ ...ref, table: 'mangle', chain: 'OUTPUT' })

const chosenAs = (packet: Packet): Chosen => ({ kind: 'such', packet, hints: { hook: 'output' } })

const marks = ({ mark = 0 }: Packet): Doing => ({ kind: 'mark', mark: { value: mark, mask: ALL_BITS } })

const ROUTED_AGAIN = 'the kernel routes them again there'
