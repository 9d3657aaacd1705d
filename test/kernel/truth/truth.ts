/** All that the kernel itself says of one case: each packet's way through the rules and what became of it. */
import type { Played } from '../play.ts'
import { Arrivals, type Fate } from './fate.ts'
import { type Line, readLine } from './lines.ts'
import { readSaved, type Saved } from './rules.ts'
import { groupLines, type Traversal } from './traversals.ts'
import { type WalkedStep, walkLines } from './walk.ts'

export interface Truth {
  saved: Saved
  /** The case's lines in the order of the log. */
  lines: Line[]
  packets: Seen[]
  /** Arrived somewhere without having been traced. */
  untraced: NonNullable<Fate['arrived']>[]
}

export interface Seen extends Traversal {
  steps: WalkedStep[]
  fate: Fate
}

/** Throws where lines cannot be what this kernel printed for these rules, or some are lost. */
export function readTruth({ saved: text, rounds }: Played): Truth {
  const lost = rounds.reduce((sum, { gathered }) => sum + gathered.lost, 0)
  if (lost > 0) throw new Error(`the kernel log was overwritten ${lost} times before it was read`)
  // no packet is on its way from one round to the next, so the same may come again
  const byRound = rounds.map(({ gathered }) => gathered.log.map(parse))
  const saved = readSaved(text)
  const arrivals = new Arrivals(rounds.map(({ gathered }) => gathered))
  const traversals = byRound.flatMap(groupLines)
  const packets = traversals.map((traversal): Seen => {
    const steps = walkLines(traversal, saved)
    return { ...traversal, steps, fate: arrivals.fate(traversal, steps, traversals) }
  })
  return { saved, lines: byRound.flat(), packets, untraced: arrivals.left }
}

function parse(text: string): Line {
  const line = readLine(text)
  if (!line) throw new Error(`no line of netfilter's: ${text}`)
  return line
}
