import type { RuleRef } from '../../model/journey.ts'
import type { Packet } from '../../model/packet.ts'
import { findTable } from '../../model/world.ts'
import { walk } from '../../rules/walk.ts'
import { describeConditions } from '../cause.ts'
import { deleteRule } from '../commands.ts'
import { type Context, type Detected, type Detector, finding } from '../context.ts'
import { openingOf } from '../conversation.ts'
import { nameRef, refAt, refOf } from '../refs.ts'
import { withoutRule } from './verdicts.ts'

/** Kept from connection tracking: nat does not see it, and no rule knows whose it is. */
export const untracked: Detector = {
  code: 'untracked',
  detect(context) {
    const { arrivals } = context.evidence
    const i = arrivals.findIndex(({ rule }, at) => leavesAlone(rule?.statements) && isRule(context, at))
    if (i >= 0) {
      const ref = refAt(context, i)
      return ref ? [tell(context, ref, i + 1, 'it')] : []
    }
    return answered(context)
  },
}

const leavesAlone = (statements: readonly { kind: string }[] | undefined): boolean =>
  statements?.some(({ kind }) => kind === 'notrack') ?? false

const isRule = ({ journey }: Context, i: number): boolean => journey.steps[i]!.kind === 'rule'

function tell(context: Context, ref: RuleRef, step: number, what: string): Detected {
  const rule = context.evidence.arrivals[step - 1]?.rule
  const why = (rule && step > 0 && describeConditions(rule.conditions)) || ''
  const stopped = !['delivered', 'forwarded', 'sent'].includes(context.journey.outcome)
  const remove = deleteRule(ref)
  return finding(
    'untracked',
    stopped ? 'warning' : 'note',
    `${nameRef(ref)} keeps ${what} from connection tracking${why === '' ? '' : ` (${why})`}: nat does not rewrite it, and no rule can tell that it belongs to a connection.`,
    {
      steps: step > 0 ? [step] : [],
      rules: [ref],
      fix:
        step > 0
          ? withoutRule(context, step - 1, ref)
          : remove
            ? [{ description: `delete rule ${ref.ruleNumber} of ${ref.chain}`, ...remove, unverified: 'not tried' }]
            : [],
    },
  )
}

/** Of an answer that belongs to nothing: was what it answers left alone? */
function answered(context: Context): Detected[] {
  const { journey, world } = context
  if (journey.outcome !== 'dropped' && journey.outcome !== 'rejected') return []
  const opening = openingOf(journey.packet, world)
  const found = opening && ruleThatLeavesAlone(context, opening)
  return found ? [tell(context, found, 0, 'the packets that it answers')] : []
}

function ruleThatLeavesAlone(context: Context, packet: Packet): RuleRef | undefined {
  const { world, journey } = context
  const [hook, name] =
    packet.in === undefined ? (['output', 'OUTPUT'] as const) : (['prerouting', 'PREROUTING'] as const)
  const raw = findTable(world, journey.family, 'raw')
  const chain = raw?.chains.get(name)
  if (!raw || !chain) return undefined
  const moment = { packet: { mark: 0, ...packet }, family: journey.family, world, hook }
  const visit = walk(raw, [{ chain, index: 0 }], moment).matched.find(({ rule }) => leavesAlone(rule.statements))
  return visit && refOf(context, 'raw', visit.chain, visit.rule)
}
