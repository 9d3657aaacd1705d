/** Without the ruleset a trace names the last rule that it saw, and no more: which one that is, and how to look at it. */

import { listChain } from '../../edits/nft/list-chain.ts'
import { positional } from '../../edits/words.ts'
import { type Command, command } from '../../model/command.ts'
import { endWords } from '../../model/end-words.ts'
import type { RuleRef } from '../../model/journey.ts'
import { ONLY_LOOKS } from '../../model/only-looks.ts'
import { type Detector, finding } from '../context.ts'
import { nameRef, refAt } from '../refs.ts'

const WITHOUT_RULES: ReadonlySet<string> = new Set(['no-ruleset', 'unknown-target', 'unknown-policy'])

export const lastRuleSeen: Detector = {
  code: 'last-rule-seen',
  detect(context) {
    const { evidence, ended, journey } = context
    const step = journey.steps[ended.step]
    const ref = refAt(context, ended.step)
    if (journey.outcome !== 'undetermined' || !step || !ref || evidence.arrivals[ended.step]!.table) return []
    if (ended.because === undefined || !WITHOUT_RULES.has(ended.because)) return []
    const isSure = step.kind !== 'unknown'
    return [
      finding(
        'last-rule-seen',
        'note',
        isSure
          ? `The last rule seen is ${nameRef(ref)}; only the ruleset shows the verdict of this rule.`
          : `The trace ends at ${nameRef(ref)} or at ${endWords(step.reported)}; only the ruleset shows which of the two, and its verdict.`,
        {
          steps: [ended.step + 1],
          rules: [ref],
          fix: [
            {
              description: isSure ? 'show that rule' : 'show that chain',
              look: show(isSure ? ref : { ...ref, ruleNumber: undefined }, evidence.lossless),
              unverified: ONLY_LOOKS,
            },
          ],
        },
      ),
    ]
  },
}

/** `lossless`: told by nft's own tracing. */
function show(
  { family, table, chain, ruleNumber }: Omit<RuleRef, 'ruleNumber'> & { ruleNumber?: number | undefined },
  lossless: boolean | undefined,
): Command {
  if (lossless !== undefined) return listChain(family, table, chain)
  const number = ruleNumber === undefined ? [] : [String(ruleNumber)]
  return command(
    family === 'ip6' ? 'ip6tables' : 'iptables',
    '-t',
    positional(table),
    '-S',
    positional(chain),
    ...number,
  )
}
