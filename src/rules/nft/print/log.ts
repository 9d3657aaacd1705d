/** `log prefix "…" group 2 …` in the order in which nft prints it. */
import type { LogBody } from '../ast.ts'
import { quoted } from './values.ts'

export function printLog(log: LogBody | null): string {
  if (!log) return 'log'
  let text = 'log'
  if (log.prefix !== undefined) text += ` prefix ${quoted(log.prefix)}`
  for (const key of ['group', 'snaplen', 'queue-threshold'] as const)
    if (log[key] !== undefined) text += ` ${key} ${log[key]}`
  // warn is what nft takes where nothing is said
  if (log.level !== undefined && log.level !== 'warn') text += ` level ${log.level}`
  return text + printFlags(new Set([log.flags ?? []].flat()))
}

const ALL = ['tcp sequence', 'tcp options', 'ip options', 'skuid', 'ether']

function printFlags(flags: ReadonlySet<string>): string {
  if (flags.has('all') || ALL.every((flag) => flags.has(flag))) return ' flags all'
  const tcp = ['sequence', 'options'].filter((flag) => flags.has(`tcp ${flag}`)).join(',')
  const others = ['ip options', 'skuid', 'ether'].filter((flag) => flags.has(flag))
  return `${tcp ? ` flags tcp ${tcp}` : ''}${others.map((flag) => ` flags ${flag}`).join('')}`
}
