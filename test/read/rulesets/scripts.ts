/** What a script leaves behind, as the tools would print it. */
import { printIptablesSave } from '../../../src/read/rulesets/print-iptables.ts'
import { readScript } from '../../../src/read/rulesets/shell-script.ts'

export interface ScriptText {
  /** `iptables-save`, with `ip6tables-save` behind it, and the sets' elements. */
  text: string
  /** `LINE CODE: MESSAGE` */
  told: string[]
}

export function readScriptFile(script: string): ScriptText {
  const told: string[] = []
  const rulesets = readScript(script, (code, message, line) => told.push(`${line} ${code}: ${message}`))
  const rules = rulesets.map(({ family, tables }) => `# ${family}\n${printIptablesSave(tables, { counters: false })}`)
  const sets = rulesets.flatMap(({ sets = [] }) =>
    sets.map(({ name, type, elements }) => `${name} ${type}: ${elements.map(({ parts }) => parts.join()).sort()}`),
  )
  return { text: [...rules, ...sets].join('\n'), told }
}

/** Without counters and dates; tables in which nothing is, and the order of tables and chains, say nothing. */
export function outlineOf(text: string): string {
  const lines: string[] = []
  let family = ''
  let table = ''
  for (const line of text.split('\n')) {
    if (line.startsWith('# ip')) family = line.slice(2)
    else if (line.startsWith('*')) table = line.slice(1)
    else if (line.startsWith(':') && !/ ACCEPT/.test(line))
      lines.push(`${family} ${table} ${line.replace(/ \[.*/, '')}`)
    else if (line.startsWith('-A')) lines.push(`${family} ${table} ${line}`)
    else if (/^\S+ (hash|bitmap|list):/.test(line)) lines.push(line)
  }
  const chainOf = (line: string) => line.split(' ').slice(0, 4).join(' ')
  const chains = [...new Set(lines.map(chainOf))].sort()
  return chains.flatMap((chain) => lines.filter((line) => chainOf(line) === chain)).join('\n')
}
