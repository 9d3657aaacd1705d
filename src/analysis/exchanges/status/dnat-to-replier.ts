/** A program replies from another address of this host than its request was for: a rule of nat leads the request to that one. */
import { changesOf, propose, spotOf } from '../../../explain/changes/change.ts'
import type { Chosen, Doing } from '../../../explain/changes/rule-changes.ts'
import { sayable } from '../../../explain/changes/sayable.ts'
import { isNatChain } from '../../../explain/counterfactual/skipped-rules.ts'
import { nftOnly } from '../../../explain/nft-only/later.ts'
import { refOfStep } from '../../../explain/refs.ts'
import { baseChainsAt } from '../../../journey/base-chains.ts'
import type { Fix, Journey } from '../../../model/journey.ts'
import type { World } from '../../../model/world.ts'
import type { Told } from '../join/joined.ts'

/** At the priority dstnat. */
const PREROUTING = { name: 'prerouting', type: 'nat', hook: 'prerouting', prio: -100 } as const

export function dnatToReplier(
  { journey, world }: Pick<Told, 'journey' | 'world'>,
  address: string,
  port: number,
): Fix[] {
  const { packet, steps, outcome } = journey
  if (outcome !== 'delivered' || packet.in === undefined || packet.in === 'lo') return []
  const chosen = { kind: 'such', packet, hints: { hook: 'prerouting' } } as const
  const doing = { kind: 'dnat', to: { address, port } } as const
  const step = steps.findLast(({ changes }) => changes.some(({ field }) => field === 'dst'))
  const change = step ? inFrontOf(step, chosen, doing) : inPrerouting(journey, world, chosen, doing)
  const note = step ? undefined : `it is better to bind the program's socket to ${packet.dst}`
  return propose(`send such packets to ${address}, from which the program replies`, change, note).map(sayable)
}

type Change = Parameters<typeof propose>[1]

function inFrontOf(step: Journey['steps'][number], chosen: Chosen, doing: Doing): Change {
  const ref = step.hook === 'prerouting' ? refOfStep(step) : undefined
  const spot = ref && spotOf(ref)
  return ref && spot?.before ? changesOf(ref).add(ref, spot, chosen, doing) : undefined
}

/** At the end of the chain of nat; nft's is made where there is none. */
function inPrerouting({ family }: Journey, world: World, chosen: Chosen, doing: Doing): Change {
  if (family !== 'ip' && family !== 'ip6') return undefined
  const own = baseChainsAt(world, family, 'prerouting', true).find(({ table, chain }) => isNatChain(table, chain))
  if (own?.table.kind === 'nft') {
    const ref = {
      family: own.table.family,
      table: own.table.name,
      chain: own.chain.name,
      rule: 'policy accept',
    } as const
    return changesOf(ref).add(ref, { chain: own.chain.name }, chosen, doing)
  }
  const isNftAlone = world.tables.length > 0 && world.tables.every(({ kind }) => kind === 'nft')
  if (isNftAlone) return nftOnly.loaded.addInNewChain(world, { family, name: 'nat' }, PREROUTING, chosen, doing)
  const ref = { family, table: 'nat', chain: 'PREROUTING' } as const
  return changesOf(ref).add(ref, { chain: 'PREROUTING' }, chosen, doing)
}
