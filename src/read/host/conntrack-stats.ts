/**
 * `conntrack -S` (conntrack-tools, src/conntrack.c nfct_stats_attr) and /proc/net/stat/nf_conntrack (Linux,
 * net/netfilter/nf_conntrack_standalone.c ct_cpu_seq_show): what each CPU has counted since boot, in this namespace.
 * The latter has hexadecimal columns, and in each row how many entries there are in all.
 */
import type { HostFormat } from './format.ts'
import { firstLine, forEachLine, quoted } from './lines.ts'

const CPU = /^cpu=(\d+)\s+((?:\w+=\d{1,20}(?:\s+|$))+)$/
const COLUMNS = /^entries\s+(?:\w+\s+)+early_drop\s/
const ROW = /^[0-9a-f]{8}(?:\s+[0-9a-f]{8})+\s*$/

export const conntrackStats: HostFormat = {
  id: 'conntrack-stats',
  describe: 'conntrack -S, /proc/net/stat/nf_conntrack',
  sniff(head) {
    const first = firstLine(head)
    return first !== undefined && ((CPU.test(first) && /\binsert_failed=/.test(first)) || COLUMNS.test(`${first} `))
  },
  read(text, report) {
    const counters: Record<string, number>[] = []
    let columns: string[] | undefined
    forEachLine(text, (line, number) => {
      if (line.trim() === '') return
      const pairs = CPU.exec(line)?.[2]
      if (pairs !== undefined) counters.push(Object.fromEntries(pairs.trim().split(/\s+/).map(pair)))
      else if (COLUMNS.test(`${line} `)) columns = line.trim().split(/\s+/)
      else if (columns && ROW.test(line)) {
        const values = line.trim().split(/\s+/)
        const names = columns
        counters.push(Object.fromEntries(names.map((name, i) => [name, Number.parseInt(values[i] ?? '0', 16)])))
      } else report('line-not-understood', `not a line of conntrack's counters: ${quoted(line)}`, number)
    })
    return { host: { conntrackCounters: counters } }
  },
}

const pair = (text: string): [string, number] => {
  const [name = '', value] = text.split('=')
  return [name, Number(value)]
}
