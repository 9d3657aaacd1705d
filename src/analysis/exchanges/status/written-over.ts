/** A rule that writes another port into replies: what comes of them is for somebody else than who asked. */
import type { Step } from '../../../model/journey.ts'
import { isAsking, type Part } from '../join/joined.ts'

/** nft's payload statement on a destination port, or what may be one; `@th,16,16 set`: the same by its place in the header. */
const WRITES = /(?:dport|@th\S+) set /

/** Comments and log prefixes may say anything. */
const writes = ({ rule = '' }: Step): boolean => WRITES.test(rule) && WRITES.test(rule.replace(/"[^"]*"/g, ''))

/** There conntrack has not led a reply back to who asked, whoever that is. */
const BEFORE_TRACKING: readonly Step['hook'][] = [undefined, 'ingress', 'prerouting']
/** There nat may have given a request its source port already. */
const BEHIND_NAT: readonly Step['hook'][] = ['postrouting', 'input']

export interface WrittenOver {
  step: Step
  /** As it went on. */
  last: Step
}

/** The reply went on to another port than the one that waits for it, and a rule on its way wrote that. */
export function writtenOver(parts: readonly Part[], answer: Part): WrittenOver | undefined {
  const first = parts.find(isAsking)
  if (!first?.own || !answer.own || first.told.host !== answer.told.host) return undefined
  const { packet: asked, steps: way } = first.told.journey
  const { packet, steps } = answer.told.journey
  const last = steps.at(-1)
  if (last?.known !== 'observed' || !asked.sport || !last.dport || last.dport === asked.sport) return undefined
  if (BEFORE_TRACKING.includes(last.hook) || BEHIND_NAT.includes(way[0]?.hook)) return undefined
  // what it made of the port, no later chain shows
  if (writes(last)) return undefined
  const step = steps.findLast((one, i) => (steps[i - 1] ?? packet).dport !== last.dport && writes(one))
  return step && { step, last }
}
