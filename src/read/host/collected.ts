/**
 * `collected.txt`, which `nfwhy collect` and its script lay into each bundle: whose machine it is, and how it went with
 * each file. What is not whole is told whenever the bundle is read, since what is concluded from it may be wrong.
 */
import type { Host } from '../../model/host.ts'
import { wordTable } from '../../model/word-table.ts'
import type { HostFormat } from './format.ts'
import { forEachLine } from './lines.ts'

/** The first line. */
export const COLLECTED = '# What nfwhy collect gathered; nfwhy reads it with the files beside it.'

/** `cut conntrack.txt 16000000 0 conntrack -L: …`: how, file, bytes, exit status, what it is and the remark. */
const ANSWER = /^(cut|refused|failed) (\S+) \d+ \S+ (.*)$/

/** Files whose emptiness says that there are no rules. */
const OF_RULES: Readonly<Record<string, NonNullable<Host['withoutRules']>[number]>> = wordTable({
  'ruleset.nft': 'nf_tables',
  'iptables-legacy.rules': 'ip',
  'ip6tables-legacy.rules': 'ip6',
})

export const collected: HostFormat = {
  id: 'collected',
  describe: 'collected.txt of nfwhy collect',
  sniff: (head) => head.startsWith(COLLECTED),
  read(text, report) {
    const host: Partial<Host> = {}
    let inNotes = false
    forEachLine(text, (line, number) => {
      // notes hold what commands print
      inNotes ||= line.startsWith('== ')
      if (inNotes) return
      const name = /^host (\S+)$/.exec(line)?.[1]
      if (name !== undefined) host.name = name
      const boot = /^boot ([\da-f-]{36})$/.exec(line)?.[1]
      if (boot !== undefined) host.boot = boot
      if (line.startsWith('empty conntrack.txt ')) host.conntrack = []
      if (line.startsWith('empty ip-neigh.txt ')) host.neighbours = []
      const ofRules = OF_RULES[/^empty (\S+) /.exec(line)?.[1] ?? '']
      if (ofRules) host.withoutRules = [...(host.withoutRules ?? []), ofRules]
      const [, how, file, what] = ANSWER.exec(line) ?? []
      if (how === 'cut') report('collected-in-part', `${file} has only the beginning of ${what}`, number)
      else if (how !== undefined) report('not-collected', `${file} is missing or incomplete: ${what}`, number)
      if (line.startsWith('broken ')) report('not-collected', `collecting was cut short: ${line.slice(7)}`, number)
    })
    return { host }
  },
}
