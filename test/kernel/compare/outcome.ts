/** Where a journey ended against where its packet arrived, or that it arrived nowhere. */

import type { Topology } from '../lab/topology.ts'
import { isOutcome } from '../truth/fate.ts'
import type { Saved } from '../truth/rules.ts'
import type { Seen } from '../truth/truth.ts'
import type { Pair } from './pair.ts'

interface Known {
  saved: Saved
  clashes: number
}

/** `followed`: lines of other packets came after this one's. */
export function compareOutcome({ seen, journey }: Pair, topology: Topology, known: Known, followed: boolean): string[] {
  const { fate } = seen
  const told = `${journey.outcome} (${journey.basis}; ${journey.findings.map(({ code }) => code).join(' ')})`
  const lines = seen.lines.map(({ text }) => text).join('\n')
  if (!isOutcome(journey.outcome, fate)) {
    if (fate.outcome === 'vanished' && known.clashes > 0 && isPastAll(seen)) return []
    if (journey.outcome === 'undetermined' && isBlind(seen, known.saved)) return []
    // where the log ends, nobody knows what had come
    const ends = journey.findings.some(({ code }) => code === 'capture-ends')
    if (fate.outcome === 'vanished' && journey.outcome === 'undetermined' && !followed && ends) return []
    return [`the packet was ${fate.outcome}, the journey says ${told}\n${lines}`]
  }
  const differences: string[] = []
  if (fate.outcome === 'vanished' && journey.basis !== 'inferred')
    differences.push(`a kernel log cannot prove that a packet vanished, the journey says ${told}\n${lines}`)
  if (fate.arrived && fate.arrived.at !== 'router') {
    // before POSTROUTING, a known flow may still be turned to another way without a line
    const { hook } = seen.steps.at(-1)!
    const { out } = hook === 'postrouting' ? journey.steps.at(-1)! : {}
    const wire = topology.sides[fate.arrived.at].interface
    if (out !== undefined && out !== wire)
      differences.push(`it left by ${wire}, the journey's last step says ${out}\n${lines}`)
  }
  if ((fate.outcome === 'dropped' || fate.outcome === 'rejected') && journey.cause.at(-1) === undefined)
    differences.push(`the journey says ${told} and names no cause\n${lines}`)
  for (const { code, message } of journey.findings)
    if (NEVER.includes(code)) differences.push(`nothing of the kind happened: ${code}: ${message}\n${lines}`)
  return differences
}

/** Behind the last chain connection tracking may still drop it, when its flow clashes with another; nothing shows that. */
const isPastAll = ({ steps }: Seen): boolean => ['input', 'postrouting'].includes(steps.at(-1)!.hook)

/**
 * A flow that nat knows, and no chain behind the place where it is rewritten without a line: where the packet goes then,
 * no trace shows.
 */
function isBlind({ steps }: Seen, saved: Saved): boolean {
  const { hook } = steps.at(-1)!
  const shown = steps.some((step) => step.table === 'nat' && step.hook === hook)
  const behind = hook === 'prerouting' ? ['INPUT', 'FORWARD', 'POSTROUTING'] : hook === 'output' ? ['POSTROUTING'] : []
  const chains = [...saved.values()].filter(({ table }) => table !== 'nat').map(({ name }) => name)
  return behind.length > 0 && !shown && saved.has('nat PREROUTING') && !behind.some((name) => chains.includes(name))
}

const NEVER = ['lost-events', 'ruleset-mismatch', 'no-ruleset']
