/** Journeys as lines of JSON: what journeys of a class share is written once, and filled in for each. */
import { isProblem } from '../analysis/is-problem.ts'
import { weightOf } from '../analysis/order.ts'
import type { Journey } from '../model/journey.ts'
import type { Member } from '../model/member.ts'
import { isThoughtVanished } from '../model/outcome-kinds.ts'
import { printableJson } from '../model/printable.ts'
import { journeyDocument } from './journey-document.ts'
import { LineTemplates } from './line-templates.ts'

export interface Telling {
  explain(): Journey
  /** Absent: nothing is known of others like it. */
  member?(): Member | undefined
}

export interface JourneyLine {
  /** Bytes are good until the next line. */
  text: string | Uint8Array
  problem: boolean
  shown: boolean
  /** That it vanished is concluded from lines that are missing. */
  isThought: boolean
  /** Bytes that the journey takes, roughly. */
  weight: number
}

export class JourneyLines {
  private readonly templates = new LineTemplates<Omit<JourneyLine, 'text'>>()
  private readonly behind: string
  private readonly shows: (journey: Journey) => boolean

  /** `behind`: what stands behind each line. `shows`: by what a whole class shares (outcome, rules). What is not shown has no text. */
  constructor(behind: string, shows: (journey: Journey) => boolean = () => true) {
    this.behind = behind
    this.shows = shows
  }

  lineOf(one: Telling): JourneyLine {
    const full = () => {
      const journey = one.explain()
      const shown = this.shows(journey)
      const isThought = isThoughtVanished(journey)
      const note = { problem: isProblem(journey), shown, isThought, weight: weightOf(journey) }
      return { text: shown ? printableJson(journeyDocument(journey)) + this.behind : '', note }
    }
    const member = one.member?.()
    const { text, note } = member ? this.templates.write(member, full) : full()
    return { text, ...note }
  }
}
