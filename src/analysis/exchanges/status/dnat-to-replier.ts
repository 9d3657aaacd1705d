/** nat leads a request to an address of this host from which its program does not reply: another rule of nat leads it to the one that replies. */
import { changesOf, propose, spotOf } from '../../../explain/changes/change.ts'
import { sayable } from '../../../explain/changes/sayable.ts'
import { refOfStep } from '../../../explain/refs.ts'
import type { Fix, Journey } from '../../../model/journey.ts'

export function dnatToReplier({ packet, steps, outcome }: Journey, address: string, port: number): Fix[] {
  const step = steps.findLast(({ changes }) => changes.some(({ field }) => field === 'dst'))
  const ref = outcome === 'delivered' && step?.hook === 'prerouting' ? refOfStep(step) : undefined
  const spot = ref && spotOf(ref)
  if (!ref || !spot?.before) return []
  const chosen = { kind: 'such', packet, hints: { hook: 'prerouting' } } as const
  const change = changesOf(ref).add(ref, spot, chosen, { kind: 'dnat', to: { address, port } })
  return propose(`send such packets to ${address}, from which the program replies`, change).map(sayable)
}
