/** Lines of a journey are missing, and other packets of its exchange show that it did not vanish. */
import { finding } from '../../explain/context.ts'
import { nameRef } from '../../explain/refs.ts'
import type { Journey } from '../../model/journey.ts'
import { isThoughtVanished } from '../../model/outcome-kinds.ts'
import type { Part } from './join/joined.ts'
import { hasGoneOn } from './status/gone-on.ts'
import { replyTo } from './status/was-answered.ts'

/** The packet that shows it: a reply to a request, or what whoever asked sent behind a reply. */
export function shownThrough(part: Part, parts: readonly Part[]): Part | undefined {
  const { id, capture, role, told } = part
  if (role === 'errors' || !isThoughtVanished(told.journey)) return undefined
  if (role !== 'replies')
    // a reply may be to the retransmission
    return parts.some((one) => one.role === 'retransmissions') ? undefined : replyTo(part, parts)
  const isNext = (one: Part) =>
    one.role === 'request' && one.id > id && one.capture === capture && one.told.says === 'any'
  return hasGoneOn(parts) ? parts.find(isNext) : undefined
}

/** The same journey, of which it is not said that it vanished. */
export function withLostLines<F>(journey: Journey<F>, shownBy: string): Journey<F> {
  const last = journey.steps.findLast(
    ({ kind, table, chain }) => kind !== 'log' && table !== undefined && chain !== undefined,
  )
  const ref = last && nameRef({ ...last, table: last.table!, chain: last.chain! })
  const { findings } = journey
  const lost = finding(
    'lost-events',
    'note',
    `Trace lines after ${ref ?? 'its last line'} are missing: #${shownBy} shows that the packet got through.`,
    {
      steps: last ? [last.n] : [],
    },
  )
  return {
    ...journey,
    outcome: 'undetermined',
    findings: [
      { ...lost, fix: [] },
      ...findings.filter(({ code }) => code !== 'not-netfilter' && code !== 'lost-events'),
    ],
  }
}
