/** Random cases, played and judged. */
import { judge } from '../nft-rare/judge.ts'
import { play } from '../nft-rare/play.ts'
import { printRow, type RandomCase, tiedRules } from './case.ts'
import { isChance } from './chance.ts'

export interface Compared {
  /** What nft has against all of it. */
  refused?: string
  /** The rules that nft took. */
  loaded: string
  differences: string[]
  /** What the model could not tell, but for what is left to chance. */
  untold: string[]
  /** Why a packet of it was left to chance. */
  chance: string[]
  packets: number
  /** Its last packets, whose connection has what the kernel drew. */
  unjudged: number
  /** Of the rules that the kernel counted, by packet. */
  counted: string[]
}

export function compareCases(cases: readonly RandomCase[]): Compared[] {
  const rows = cases.map(printRow)
  const { shown, played } = play(rows, true)
  return rows.map((row, i): Compared => {
    const one = played[i]!
    if ('refused' in one)
      return {
        refused: one.refused,
        loaded: '',
        differences: [],
        untold: [],
        chance: [],
        packets: 0,
        unjudged: 0,
        counted: [],
      }
    const { differences: all, open, drawnAt = row.send.length } = judge(row, one, shown, tiedRules(cases[i]!))
    const differences = all.filter((text) => Number(/\d+/.exec(text)![0]) <= drawnAt + 1)
    return {
      loaded: one.loaded,
      differences,
      // behind what is left to chance, what it may have done is not known either
      untold: drawnAt < row.send.length || open.some(isChance) ? [] : open,
      chance: open.filter(isChance),
      packets: row.send.length,
      unjudged: Math.max(0, row.send.length - drawnAt - 1),
      counted: one.seen.flatMap(({ counted }) => counted),
    }
  })
}
