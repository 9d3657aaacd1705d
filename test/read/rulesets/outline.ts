/** What was read of iptables-save text, in a form that a person compares at a glance. */
import type { Ruleset } from '../../../src/read/rulesets/iptables-save.ts'
import { readIptablesSave } from '../../../src/read/rulesets/iptables-save.ts'

export interface Read {
  rulesets: Ruleset[]
  /** `LINE code: message` */
  told: string[]
}

export function read(text: string): Read {
  const told: string[] = []
  const rulesets = readIptablesSave(text, (code, message, line = 0) => told.push(`${line} ${code}: ${message}`))
  return { rulesets, told }
}

export function outline({ rulesets, told }: Read): string {
  const lines: string[] = []
  for (const { family, familyKnown, backend, tool, version, date, tables } of rulesets) {
    lines.push(
      ['ruleset', `${family}${familyKnown ? '' : '?'}`, backend, tool, version, date].filter(Boolean).join(' '),
    )
    for (const { name, chains } of tables) {
      lines.push(`  table ${name}`)
      for (const { name, hook, priority, type, policy, counters, rules } of chains.values()) {
        lines.push(`    ${words(name, hook, priority, type, policy, counted(counters))}`)
        for (const { ruleNumber, line, text, counters, conditions, statements } of rules) {
          const unknown = [...conditions, ...statements].flatMap((node) => (node.kind === 'unknown' ? [node.text] : []))
          lines.push(`      ${words(ruleNumber, `line ${line}:`, text, counted(counters))}`)
          for (const text of unknown) lines.push(`        unknown: ${text}`)
        }
      }
    }
  }
  return `${[...lines, ...told].join('\n')}\n`
}

const words = (...all: (string | number | undefined)[]) => all.filter((one) => one !== undefined).join(' ')
const counted = (counters: { packets: number; bytes: number } | undefined) =>
  counters && `[${counters.packets}:${counters.bytes}]`
