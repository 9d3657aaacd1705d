/** A rule that writes another port into replies: what comes of them is for somebody else than who asked. */
import type { Step } from '../../../model/journey.ts'
import { isAsking, type Part } from '../join/joined.ts'

/** nft's payload statement on a destination port, or what may be one; `@th,16,16 set`: the same by its place in the header. */
const WRITES = /(?:dport|@th\S+) set /

export interface WrittenOver {
  /** By its rule; absent: its rule is not known. */
  step: Step
  /** As it went on. */
  last: Step
}

/** The reply went on to another port than the one that waits for it, and a rule on its way wrote that. */
export function writtenOver(parts: readonly Part[], answer: Part): WrittenOver | undefined {
  const first = parts.find(isAsking)
  if (!first?.own || !answer.own || first.told.host !== answer.told.host) return undefined
  const { sport } = first.told.journey.packet
  const { packet, steps } = answer.told.journey
  const last = steps.at(-1)
  // behind prerouting conntrack has led it back to who asked, whoever that is
  if (last?.known !== 'observed' || last.hook === 'prerouting' || !sport || !last.dport) return undefined
  if (last.dport === sport) return undefined
  const step = steps.findLast(({ rule = '' }, i) => WRITES.test(rule) && (steps[i - 1] ?? packet).dport !== last.dport)
  return step && { step, last }
}
