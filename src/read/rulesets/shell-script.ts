/**
 * A shell script of iptables, nft, ipset, sysctl … commands, read as what it leaves behind on a host without any rules: the
 * same parser as `--apply` has, applied to the empty World. Nothing is ever run; what is not understood is told.
 */

import { Editor } from '../../edits/apply.ts'
import { Budget } from '../../edits/script/budget.ts'
import { ScriptRun } from '../../edits/script/run.ts'
import type { Report } from '../../model/diagnostic.ts'
import type { RuleFamily } from '../../model/ruleset.ts'
import { shortened } from '../../model/shortened.ts'
import { emptyWorld } from '../../model/world.ts'
import type { Ruleset } from './iptables-save.ts'

/** Never throws. Rules of both families may come of one script. */
export function readScript(text: string, report: Report): Ruleset<RuleFamily>[] {
  const script = text.replaceAll('\r\n', '\n').replace(/^\ufeff/, '')
  const budget = new Budget(script)
  const editor = new Editor(emptyWorld(), budget)
  const lines = new LineCounter(script)
  const run = new ScriptRun(
    script,
    {
      apply: (edit) => editor.apply(edit),
      problem: ({ error: { column, word, message, suggestion } }, kind) => {
        const meant = suggestion === undefined ? '' : `; did you mean ${suggestion}?`
        const shown = word === '' || message.includes(`"${word}"`) ? '' : `"${shortened(word, 60)}": `
        report(kind, `${shown}${message}${meant}`, lines.at(column - 1))
      },
    },
    budget,
  )
  run.run()
  const { tables, sets, host } = editor.world
  const families = [...new Set(tables.map((table) => table.family))].sort()
  const rulesets = families.map(
    (family): Ruleset<RuleFamily> => ({
      family,
      familyKnown: true,
      tables: tables.filter((table) => table.family === family),
    }),
  )
  const [first = { family: 'ip', familyKnown: false, tables: [] }, ...others] = rulesets
  return [{ ...first, sets, host }, ...others]
}

class LineCounter {
  private readonly starts: number[] = [0]

  constructor(text: string) {
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) this.starts.push(end + 1)
  }

  /** 1-based */
  at(offset: number): number {
    let [low, high] = [0, this.starts.length]
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if (this.starts[middle]! <= offset) low = middle
      else high = middle
    }
    return low + 1
  }
}
