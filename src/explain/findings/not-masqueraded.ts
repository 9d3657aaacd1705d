import type { RuleRef } from '../../model/journey.ts'
import { memo } from '../../model/memo.ts'
import type { Table } from '../../model/ruleset.ts'
import { verdictOf } from '../../rules/verdict.ts'
import { changesOf, propose } from '../changes.ts'
import { type Context, type Detected, type Detector, finding, lastPacket } from '../context.ts'
import { SOURCE } from '../counterfactual/goals.ts'
import { chainRuns, isNat, passes } from '../counterfactual/skipped-rules.ts'
import { isHairpin, needsSource } from '../counterfactual/undeliverable.ts'
import { endOf, refAt } from '../refs.ts'
import type { Chosen } from '../rule-changes.ts'

/** It left with a source to which no answer finds back, or only past this host. */
export const notMasqueraded: Detector = {
  code: 'not-masqueraded',
  detect(context) {
    if (needsSource(context) !== 'surely') return []
    const { src, dst, out } = lastPacket(context)
    if (isHairpin(context)) {
      const past = `${dst} answers past this host, with an address that was not asked`
      return tell(context, `It went back out of ${out}, where it came from, with its own source ${src}: ${past}.`, true)
    }
    // where this host rewrites no source at all, that may be another one's work
    const own = rewritesSources(context)
    const unless = own ? '' : ', unless a router behind rewrites it'
    return tell(
      context,
      `It left for ${dst} with its private source ${src}: no answer finds back to that${unless}.`,
      own,
    )
  },
}

/** Has table nat a rule that rewrites sources on the way out? */
const rewritesSources = (context: Context): boolean =>
  passes(context).some((pass) => isNat(pass) && hasSourceRule(pass.table))

const hasSourceRule = memo(({ chains }: Table) =>
  [...chains.values()].some(({ rules }) => rules.some((rule) => SOURCE.includes(verdictOf(rule).text))),
)

function tell(context: Context, message: string, sure: boolean): Detected[] {
  const place = placeOfMasquerade(context)
  const chosen: Chosen = { kind: 'source', packet: lastPacket(context), to: isHairpin(context) }
  return [
    finding('not-masqueraded', sure ? 'warning' : 'note', message, {
      steps: [context.ended.step + 1],
      rules: lastOfNat(context),
      fix: propose(
        "give such packets this host's own source",
        place && changesOf(place).add(place, { chain: place.chain }, chosen, { kind: 'masquerade' }),
        'whoever answers sees this host, and no longer who asked',
      ),
    }),
  ]
}

/** iptables has one chain for it; of nft's, the last that the packet came to. */
function placeOfMasquerade(context: Context): RuleRef | undefined {
  const pass = passes(context).findLast((one) => isNat(one) && one.hook === 'postrouting')
  const { family } = context.journey
  if (pass?.table.kind === 'nft')
    return { family: pass.table.family, table: pass.table.name, chain: pass.base.name, rule: 'policy accept' }
  return { family, table: 'nat', chain: 'POSTROUTING' }
}

/** Where the rule would have had to stand: in front of what ended table nat. */
function lastOfNat(context: Context): RuleRef[] {
  const pass = passes(context).findLast((one) => isNat(one) && one.hook === 'postrouting')
  const ref = pass && refAt(context, pass.steps.at(-1)!)
  if (!pass || !ref) return []
  // a chain of its own that the packet left at its end
  const [deepest] = chainRuns(context, pass)
  return deepest ? [endOf(pass.table, deepest.chain), ref] : [ref]
}
