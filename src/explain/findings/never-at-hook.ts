import { baseChainsAt } from '../../journey/base-chains.ts'
import type { Hook } from '../../model/hook.ts'
import type { Packet } from '../../model/packet.ts'
import type { Chain, Rule, Table } from '../../model/ruleset.ts'
import { evaluate } from '../../rules/evaluate.ts'
import { isLocal } from '../../rules/fib.ts'
import { propose } from '../changes/change.ts'
import { type Context, type Detector, finding, lastPacket, moment } from '../context.ts'
import { fieldOf, isExact, isNegated } from '../counterfactual/failed-condition.ts'
import { type Goal, goals } from '../counterfactual/goals.ts'
import { isNatChain } from '../counterfactual/skipped-rules.ts'
import { onwards } from '../counterfactual/what-if.ts'
import { nameRef, refAt, refOf } from '../refs.ts'
import { asItCame, isAnswer } from '../reply/request-reply.ts'
import { acceptSuch } from './verdicts.ts'

/** Somebody opened the service at the other of the two hooks: what is forwarded never comes to input, nor what is for this host to forward. */
export const neverAtHook: Detector = {
  code: 'never-reached',
  detect(context) {
    const goal = goals(context).find(({ kind }) => kind === 'pass')
    const { hook, base } = goal?.pass ?? {}
    if (!goal || !base || (hook !== 'forward' && hook !== 'input')) return []
    if (isAnswer(context.journey.packet, context.world)) return []
    const found = acceptingAt(context, goal, hook === 'forward' ? 'input' : 'forward')
    if (!found) return []
    const ref = refOf(context, found.table.name, found.chain, found.rule)
    const end = refAt(context, context.ended.step)
    const { dst } = lastPacket(context)
    const such = end && acceptSuch(context, end)
    const [others, own] =
      hook === 'forward'
        ? ['packets to this host itself', `forwarded to ${dst}`]
        : ['forwarded packets', 'for this host itself']
    return [
      finding(
        'never-reached',
        'note',
        `${nameRef(ref)} would accept it, but only ${others} traverse ${found.base.name}. This packet is ${own}: it traverses ${base.name}.`,
        {
          steps: [context.ended.step + 1],
          rules: [ref],
          fix: such && goal.mendable ? propose(`accept it in ${base.name} as well`, such.change, such.opens) : [],
          doubt: 0.2,
        },
      ),
    ]
  },
}

interface Accepting {
  table: Table
  base: Chain
  chain: Chain
  rule: Rule
}

/** By the service, as it was asked for or as nat has rewritten it, and by nobody else's packets. */
function acceptingAt(context: Context, { pass }: Goal, hook: 'input' | 'forward'): Accepting | undefined {
  const { evidence, world, journey } = context
  const [asked, last] = [asItCame(evidence, world), lastPacket(context)]
  for (const packet of asked.dst === last.dst && asked.dport === last.dport ? [last] : [asked, last])
    for (const { table, chain: base } of baseChainsAt(world, journey.family, hook, false)) {
      if (isNatChain(table, base) || table.kind !== pass.table.kind) continue
      const then = onwards(context, table, [{ chain: base, index: 0 }], momentOf(context, packet, hook), 'unused')
      const { chain, rule } = then.last ?? {}
      if (then.ending !== 'accept' || !chain || !rule || (rule.counters && rule.counters.packets > 0)) continue
      if (isMeant(context, rule, packet, asked, hook)) return { table, base, chain, rule }
    }
  return undefined
}

function isMeant(context: Context, { conditions, counters }: Rule, packet: Packet, asked: Packet, hook: Hook): boolean {
  const now = momentOf(context, packet, hook)
  const names = (field: RegExp) =>
    conditions.some(
      (one) => isExact(one) && !isNegated(one) && field.test(fieldOf(one) ?? '') && evaluate(one, now) === true,
    )
  if (names(/^ip6? daddr$/)) return true
  if (!names(/^(tcp|udp|th|sctp) dport$/)) return false
  // a router lets many through to such a port; what was for this host's own address it has sent on by nat
  return hook === 'input' ? isLocal(asked.dst ?? '', context.world.host) === true : counters !== undefined
}

/** As a first packet would come there. */
function momentOf(context: Context, { out, ...packet }: Packet, hook: Hook) {
  const first = { ...packet, ctState: 'new', ctDir: 'original' } as const
  return moment(context, hook === 'forward' && out !== undefined ? { ...first, out } : first, hook)
}
