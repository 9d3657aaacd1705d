/** One rule line: read as it is, or, where that leaves questions, in the way that leaves the fewest. */
import { type ReadRule, readRule } from '../../rules/iptables/read.ts'
import { type CommandLine, classifyLine, readCommand, withoutCounters } from './iptables-lines.ts'
import { mendings } from './mend.ts'

export interface RuleLine extends CommandLine {
  chain: string
  text: string
  read: ReadRule
}

/** What a reading of a rule is measured against. */
export interface Surroundings {
  family: 'ip' | 'ip6'
  table: string
  /** Is a chain of this name declared? */
  hasChain(name: string): boolean
}

export type Reading = RuleLine & { doubts: number }

/** Undefined where the text is no rule. */
export function readAsIs(text: string, around: Surroundings): Reading | undefined {
  const command = readCommand(text)
  if (command?.chain === undefined) return undefined
  const read = readRule(command.words, around.family, around.table, around.hasChain)
  const target = read.specs[0]?.target
  const doubts =
    read.problems.length +
    (target?.chain && !around.hasChain(target.name) ? 1 : 0) +
    (around.hasChain(command.chain) ? 0 : 1)
  // a new object already, and one of many thousands: a copy of it would take as long as reading it
  return Object.assign(command as CommandLine & { chain: string }, { text: withoutCounters(text), read, doubts })
}

/** The best of all mendings, if any has fewer doubts than `reading`. */
export function readMended(text: string, reading: Reading, around: Surroundings): Reading {
  let best = reading
  const tried = new Set([text])
  for (const mended of mendings(text)) {
    if (tried.has(mended)) continue
    tried.add(mended)
    const candidate = readAsIs(mended, around)
    if (candidate && candidate.doubts < best.doubts) best = candidate
    if (best.doubts === 0) break
  }
  return best
}

/** How many questions the best reading of `text` leaves; 1 where it is no line of iptables-save at all. */
export function fewestProblems(text: string, family: 'ip' | 'ip6', table = 'filter'): number {
  const line = classifyLine(text)
  if (line.kind === 'other') return 1
  if (line.kind !== 'command') return 0
  const around: Surroundings = { family, table, hasChain: () => false }
  const reading = readAsIs(text, around)
  if (!reading) return 0
  return readMended(text, reading, around).read.problems.length
}
