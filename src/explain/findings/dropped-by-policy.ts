import { FOR_REPORTS } from '../../model/for-reports.ts'
import type { RuleRef } from '../../model/journey.ts'
import { verdictOf } from '../../rules/verdict.ts'
import { describeConditions } from '../cause.ts'
import { acceptByPolicy, propose } from '../changes/change.ts'
import type { Proposal } from '../changes/proposal.ts'
import { type Context, type Detector, finding } from '../context.ts'
import { allowedBy } from '../owners/let-in.ts'
import { isNft, nameRef, ownerOfRef, refAt } from '../refs.ts'
import { unaffected } from '../why-there.ts'
import { acceptPeerNetwork } from './peer-network.ts'
import { rulePassedOver } from './unknown-outcome.ts'
import { acceptSuch, blame } from './verdicts.ts'

/** No rule accepted it, and the chain's policy drops what is left. */
export const droppedByPolicy: Detector = {
  code: 'dropped-by-policy',
  detect(context) {
    if (context.journey.outcome !== 'dropped' || context.journey.steps[context.ended.step]!.kind !== 'policy') return []
    const told = blame(context)
    if (!told) return []
    const { end } = told
    const { change, opens } = acceptSuch(context, end)
    const byOwner = [...ofPassing(context, end), ...allowedByOwner(context, end)]
    const fix: Proposal[] = [
      ...byOwner,
      ...propose('accept such packets', change, opens),
      ...acceptPeerNetwork(context),
      ...propose(
        `set the policy of ${end.chain} to ${isNft(end) ? 'accept' : 'ACCEPT'}`,
        acceptByPolicy(end),
        'opens everything that no rule matches; for diagnosis only',
      ),
    ]
    const aside = unaffected(context)
    const chain = nameRef(end).replace(/ policy$/, '')
    const policy = isNft(end) ? 'drop' : 'DROP'
    const returned = returnedBy(context)
    const why = returned
      ? `${nameRef(returned.ref)} returned it${returned.asks === '' ? '' : ` (${returned.asks})`} from a base chain: no later rule of ${chain} saw it, and the policy is ${policy}.`
      : rulePassedOver(context)
        ? `The policy of ${chain} is ${policy}, and the trace shows that it dropped the packet.`
        : `No rule of ${chain} accepts it, and its policy is ${policy}.`
    return [
      finding('dropped-by-policy', aside.isCopy ? 'warning' : 'error', `${why}${aside.words}`, {
        steps: told.steps,
        rules: [...(returned ? [returned.ref] : []), ...told.rules],
        fix,
        culprit: told.walked.culprit,
        [FOR_REPORTS]: { takesRest: true },
      }),
    ]
  },
}

/** The rule of the base chain itself that has sent it to the policy, whatever comes behind. */
function returnedBy(context: Context): { ref: RuleRef; asks: string } | undefined {
  const { journey, evidence, ended } = context
  const step = journey.steps[ended.step - 1]
  const rule = evidence.arrivals[ended.step - 1]?.rule
  if (!rule || step?.kind !== 'rule' || step.chain !== journey.steps[ended.step]!.chain) return undefined
  if (verdictOf(rule).ending !== 'return') return undefined
  const ref = refAt(context, ended.step - 1)
  return ref && { ref, asks: describeConditions(rule.conditions) ?? '' }
}

/** The table itself is there for a while, as while firewalld reloads. */
function ofPassing(context: Context, { family, table, chain }: RuleRef): Proposal[] {
  const owner = ownerOfRef(context, { family, table, chain })
  return owner?.passing
    ? [
        {
          description: owner.instead,
          unverified: 'this is not a rule change',
          note: `${owner.name} has this table only ${owner.when}`,
        },
      ]
    : []
}

/** The policy is nobody's by its name; who has its chains called from there has commands for what is to pass. */
function allowedByOwner(context: Context, end: RuleRef): Proposal[] {
  const { evidence, ended, world } = context
  const { chain, packet } = evidence.arrivals[ended.step]!
  for (const { ruleNumber } of chain?.rules ?? []) {
    const owner = ownerOfRef(context, { ...end, ruleNumber })
    if (owner?.allows) return allowedBy(owner, packet, world)
  }
  return []
}
