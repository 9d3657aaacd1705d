import type { RuleRef } from '../../model/journey.ts'
import { iptablesHead, shellWord } from '../commands.ts'
import { type Context, type Detected, type Detector, finding, lastPacket } from '../context.ts'
import { isHairpin, isPrivateAbroad, needsSource } from '../nowhere.ts'
import { passes } from '../passed.ts'
import { refAt } from '../refs.ts'

/** It left with a source to which no answer finds back, or only past this host. */
export const notMasqueraded: Detector = {
  code: 'not-masqueraded',
  detect(context) {
    if (needsSource(context) !== 'surely') return []
    const { src, dst, out } = lastPacket(context)
    if (isPrivateAbroad(context))
      return tell(context, `It left for ${dst} with its private source ${src}: no answer can be sent back to that.`)
    if (isHairpin(context))
      return tell(
        context,
        `It went back out of ${out}, where it came from, with its own source ${src}: ${dst} answers past this host, with an address that was not asked.`,
      )
    return []
  },
}

function tell(context: Context, message: string): Detected[] {
  const { src, dst, out } = lastPacket(context)
  const { family } = context.journey
  const width = family === 'ip6' ? 128 : 32
  const head = iptablesHead({ family, table: 'nat' })
  const to = isHairpin(context) ? ` -d ${dst}/${width}` : ''
  const rule = `POSTROUTING -s ${src}/${width}${to} -o ${shellWord(out ?? '+')} -j MASQUERADE`
  return [
    finding('not-masqueraded', 'warning', message, {
      steps: [context.ended.step + 1],
      rules: lastOfNat(context),
      fix: [
        {
          description: "give such packets this host's own source",
          command: `${head} -A ${rule}`,
          undo: `${head} -D ${rule}`,
          unverified: 'not tried',
          note: 'whoever answers sees this host, and no longer who asked',
        },
      ],
    }),
  ]
}

/** Where the rule would have had to stand: in front of what ended table nat. */
function lastOfNat(context: Context): RuleRef[] {
  const pass = passes(context).findLast(({ table, hook }) => table.name === 'nat' && hook === 'postrouting')
  const ref = pass && refAt(context, pass.steps.at(-1)!)
  return ref ? [ref] : []
}
