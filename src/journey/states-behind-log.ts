/**
 * Which states a packet can have that a rule logged: a LOG line does not show it, but rules in front would have kept some
 * of them from that rule.
 */
import { memo } from '../model/memo.ts'
import type { CtState } from '../model/packet.ts'
import type { World } from '../model/world.ts'
import { entryAnswered, entryOpened } from '../rules/conntrack/entries.ts'
import type { EvalContext } from '../rules/eval-context.ts'
import { evaluate } from '../rules/evaluate.ts'
import { walk } from '../rules/walk.ts'
import type { WalkBudget } from '../rules/walk-budget.ts'
import { conditionsBefore, logIndex } from './log-rules.ts'
import type { Candidate } from './resolved.ts'

const STATES: readonly CtState[] = ['new', 'established', 'related', 'invalid', 'untracked']

/** Where connection tracking looks at packets: chains in front of it know no state (NF_IP_PRI_CONNTRACK). */
const TRACKING = -200

/** All that are possible; none where the chain may come before connection tracking. */
export function statesLogged(
  { table, chain, rule }: Candidate,
  start: EvalContext,
  nflog: boolean,
  budget: WalkBudget,
): readonly CtState[] {
  const bases = [...table.chains.values()].filter(({ hook }) => hook !== undefined)
  if (bases.some(({ priority = 0 }) => priority <= TRACKING)) return []
  const asked = rule.conditions.slice(0, conditionsBefore(rule, logIndex(rule, nflog)))
  const inFront = { ...chain, rules: chain.rules.slice(0, rule.ruleNumber - 1) }
  return STATES.filter((ctState) => {
    const moment = { ...start, packet: { ...start.packet, ctState } }
    if (asked.some((one) => evaluate(one, moment) === false) || isWithoutConnection(ctState, start)) return false
    const { ending } = walk(table, [{ chain: inFront, index: 0 }], moment, budget)
    // what may have ended it may have let it pass as well
    return ending === 'policy' || ending === 'unknown'
  })
}

/** A SYN of which conntrack lists no connection, and none with a helper, which alone could have announced it. */
function isWithoutConnection(state: CtState, { packet, world }: EvalContext): boolean {
  const { protocol, tcpFlags = [] } = packet
  if ((state !== 'established' && state !== 'related') || !world.host.conntrack?.length || hasHelper(world))
    return false
  if (protocol !== 'tcp' || !tcpFlags.includes('syn') || tcpFlags.includes('ack')) return false
  return !entryAnswered(packet, world) && !entryOpened(packet, world)
}

const hasHelper = memo(
  ({ host }: World): boolean => host.conntrack?.some(({ helper }) => helper !== undefined) === true,
)
