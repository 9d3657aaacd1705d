/** A rule of nat sends the packet elsewhere than its chain's name says, or the comment of the rule that leads there. */
import type { RuleRef } from '../../model/journey.ts'
import { canonicalAddress } from '../../rules/prefixes.ts'
import { deleteRule, propose } from '../changes/change.ts'
import type { Destination } from '../changes/rule-changes.ts'
import { type Context, type Detected, describeEnd, finding } from '../context.ts'
import { saidPlace } from '../counterfactual/said-place.ts'
import { hadItNotMatched } from '../counterfactual/what-if.ts'
import { nameRef, refAt, refOf } from '../refs.ts'
import { destinationOf } from './other-nat.ts'
import { sendTo } from './send-to.ts'
import { FOR_ALL, numberedRef } from './verdicts.ts'

/** As kube-proxy words it: `default/web:http -> 10.0.0.5:8080`; of nft's chains the name says it. */
export function byComment(context: Context, step: number, ref: RuleRef): Detected[] {
  const { arrivals } = context.evidence
  const { rule, caller } = arrivals[step]!
  const said = caller === undefined ? undefined : arrivals[caller]!.rule?.comment
  const chain = arrivals[step]!.chain?.name ?? ''
  const meant = saidPlace(chain, said)
  const to = rule?.statements.find((one) => one.kind === 'dnat')
  if (!meant || to?.kind !== 'dnat' || !to.addresses) return []
  const { address, port, byName } = meant
  const same =
    canonicalAddress(to.addresses[0] ?? '') === address && (to.ports === undefined || to.ports[0] === meant.port)
  const leads = caller === undefined ? undefined : refAt(context, caller)
  if (same || !leads) return []
  const where = byName ? `the name of chain ${chain}` : `the comment of ${nameRef(leads)}, which leads to that chain,`
  const message = `${nameRef(ref)} sends it to ${describeEnd(to.addresses[0], to.ports?.[0])}, while ${where} says ${describeEnd(address, port)}.`
  const behind = behindIt(context, step, meant)
  return [
    finding(
      'dnat-mismatch',
      'warning',
      `${message}${behind ? ` ${nameRef(behind)}, which sends it there, is never reached.` : ''}`,
      {
        steps: [step + 1],
        rules: [ref, leads],
        fix: behind
          ? propose(`delete ${numberedRef(ref)}, so that ${numberedRef(behind)} is reached`, deleteRule(ref), FOR_ALL)
          : sendTo(ref, meant, arrivals[step]!.packet.dport),
      },
    ),
  ]
}

/** The rule that would have sent it there, had this one not taken it. */
function behindIt(context: Context, step: number, { address, port }: Destination): RuleRef | undefined {
  const then = hadItNotMatched(context, step)
  const to = then && destinationOf(then)
  const { table, packet } = context.evidence.arrivals[step]!
  const isThere = to && canonicalAddress(to.addresses![0]) === address && (to.ports?.[0] ?? packet.dport) === port
  return isThere && table ? refOf(context, table.name, then.last!.chain, then.last!.rule) : undefined
}
