/** Journeys of played packets, in order: for people with what all have in common on top, for programs one by one. */
import type { Ending } from '../analysis/ending.ts'
import { isFailing } from '../analysis/exchange-counts.ts'
import { Exchanges } from '../analysis/exchanges/exchanges.ts'
import { isProblem } from '../analysis/is-problem.ts'
import { PlayedGroups } from '../analysis/play-groups.ts'
import type { Played } from '../analysis/simulate.ts'
import { writeExchanges } from './exchange-lines.ts'
import type { Form, FormOptions } from './form.ts'
import { JourneyLines } from './journey-lines.ts'
import type { Sink } from './journeys.ts'

export interface PlayedReport {
  take(one: Played): void
  /** Tells the rest. Was one of the journeys a problem? */
  end(tail: Ending): boolean
}

export function openPlayed(form: Form, terminal: FormOptions, out: Sink): PlayedReport {
  const writer = form.open(terminal)
  let problem = false
  if (writer.line) {
    const { before, behind } = writer.line
    const lines = new JourneyLines(behind)
    const exchanges = new Exchanges({ keepsOwn: true, played: true })
    out.write(writer.begin())
    return {
      take(one) {
        const joined = exchanges.note(one)
        if (joined !== undefined) exchanges.list.show(joined)
        const line = lines.lineOf(one)
        problem ||= line.problem
        out.write(before())
        out.write(line.text)
      },
      end(tail) {
        const failed = writeExchanges(exchanges, writer, out)
        out.write(writer.end(tail))
        return problem || failed
      },
    }
  }
  const played = new PlayedGroups()
  return {
    take: (one) => played.take(one),
    end(tail) {
      played.tellExchanges()
      const { groups } = played
      out.write(writer.begin(groups))
      for (const group of groups) out.write(writer.journey(group))
      out.write(writer.end(tail, groups))
      return groups.some((group) => isProblem(group.journey) || isFailing(group))
    },
  }
}
