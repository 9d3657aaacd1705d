/** Journeys of played packets, in order: for people with what all have in common on top, for programs one by one. */
import type { Ending } from '../analysis/ending.ts'
import { single } from '../analysis/groups.ts'
import { isProblem } from '../analysis/is-problem.ts'
import type { Journey } from '../model/journey.ts'
import type { Form, FormOptions } from './form.ts'
import { JourneyLines, type Telling } from './journey-lines.ts'
import type { Sink } from './journeys.ts'

export interface PlayedReport {
  take(one: Telling): void
  /** Tells the rest. Was one of the journeys a problem? */
  end(tail: Ending): boolean
}

export function openPlayed(form: Form, terminal: FormOptions, out: Sink): PlayedReport {
  const writer = form.open(terminal)
  let problem = false
  if (writer.line) {
    const { before, behind } = writer.line
    const lines = new JourneyLines(behind)
    out.write(writer.begin())
    return {
      take(one) {
        const line = lines.lineOf(one)
        problem ||= line.problem
        out.write(before())
        out.write(line.text)
      },
      end(tail) {
        out.write(writer.end(tail))
        return problem
      },
    }
  }
  const journeys: Journey[] = []
  return {
    take: (one) => journeys.push(one.explain()),
    end(tail) {
      const groups = journeys.map(single)
      out.write(writer.begin(groups))
      for (const group of groups) out.write(writer.journey(group))
      out.write(writer.end(tail, groups))
      return journeys.some(isProblem)
    },
  }
}
