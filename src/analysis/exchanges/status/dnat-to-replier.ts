/** A program replies from another address of this host than its request was for: a rule of nat leads the request to that one. */
import { changesOf, propose, spotOf } from '../../../explain/changes/change.ts'
import { addInNat } from '../../../explain/changes/in-nat.ts'
import { sayable } from '../../../explain/changes/sayable.ts'
import { rulesAt } from '../../../explain/counterfactual/chain-graph.ts'
import { fieldOf } from '../../../explain/counterfactual/failed-condition.ts'
import { refOfStep } from '../../../explain/refs.ts'
import type { Fix } from '../../../model/journey.ts'
import type { Family } from '../../../model/packet.ts'
import type { World } from '../../../model/world.ts'
import type { Told } from '../join/joined.ts'

/** In front of the rule of nat that leads it elsewhere, or where none does at the end of its chain. */
export function dnatToReplier(
  { journey, world }: Pick<Told, 'journey' | 'world'>,
  address: string,
  port: number,
): Fix[] {
  const { packet, steps, outcome, family } = journey
  if (outcome !== 'delivered' || packet.in === undefined || packet.in === 'lo') return []
  const chosen = { kind: 'such', packet, hints: { hook: 'prerouting' } } as const
  const doing = { kind: 'dnat', to: { address, port } } as const
  const what = `send such packets to ${address}, from which the program replies`
  const step = steps.findLast(({ changes }) => changes.some(({ field }) => field === 'dst'))
  if (!step) {
    if (asksDestination(world, family)) return []
    const note = `it is better to bind the program's socket to ${packet.dst}`
    return propose(what, addInNat({ world, family, hook: 'prerouting' }, chosen, doing), note).map(sayable)
  }
  const ref = step.hook === 'prerouting' ? refOfStep(step) : undefined
  const spot = ref && spotOf(ref)
  return ref && spot?.before ? propose(what, changesOf(ref).add(ref, spot, chosen, doing)).map(sayable) : []
}

/** Rules in front of the program that go by the address: they may not let through what is for the other one. */
const asksDestination = (world: World, family: Family): boolean =>
  rulesAt(world, family, 'input').some(({ conditions }) =>
    conditions.some((one) => /^dst$| daddr$/.test(fieldOf(one) ?? '')),
  )
