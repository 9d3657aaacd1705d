import { iptablesHead, ruleWords, shellWord } from '../commands.ts'
import { type Detector, finding } from '../context.ts'
import { goals } from '../goals.ts'
import { isParticular } from '../miss.ts'
import { nameRef, refAt, refOf } from '../refs.ts'
import { hadItNotMatched } from '../what-if.ts'

/** A rule that accepts such packets stands behind the one that stopped it. */
export const acceptedTooLate: Detector = {
  code: 'accepted-too-late',
  detect(context) {
    const { step } = context.ended
    const goal = goals(context).find(({ kind }) => kind === 'pass')
    const culprit = refAt(context, step)
    const onwards = goal && culprit?.ruleNumber !== undefined ? hadItNotMatched(context, step) : undefined
    const accepts = onwards?.last
    if (!goal || !culprit || !accepts || !goal.wanted(onwards) || !accepts.rule.conditions.some(isParticular)) return []
    const ref = refOf(context, goal.pass.table.name, accepts.chain, accepts.rule)
    const place = `${iptablesHead(culprit)} -I ${shellWord(culprit.chain)} ${culprit.ruleNumber}`
    // a rule of another chain may be behind conditions of its own
    const same = ref.chain === culprit.chain
    return [
      finding(
        'accepted-too-late',
        'note',
        `${nameRef(ref)} accepts such packets, but stands behind ${nameRef(culprit)}.`,
        {
          steps: [step + 1],
          rules: [ref, culprit],
          fix: same
            ? [
                {
                  description: `put the rule in front of rule ${culprit.ruleNumber}`,
                  command: [place, ...ruleWords(ref).map(shellWord)].join(' '),
                  undo: `${iptablesHead(culprit)} -D ${shellWord(culprit.chain)} ${culprit.ruleNumber}`,
                  unverified: 'not tried',
                  note: 'rule and copy do no harm beside each other',
                },
              ]
            : [],
        },
      ),
    ]
  },
}
