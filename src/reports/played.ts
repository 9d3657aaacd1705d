/** Journeys of played packets, in order: for people with what all have in common on top, for programs one by one. */
import type { Ending } from '../analysis/ending.ts'
import { Exchanges } from '../analysis/exchanges/exchanges.ts'
import { tellExchanges } from '../analysis/exchanges/told.ts'
import { type Group, single } from '../analysis/groups.ts'
import { isProblem } from '../analysis/is-problem.ts'
import type { Played } from '../analysis/simulate.ts'
import { isFailed } from '../model/exchange.ts'
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
  const groups: Group[] = []
  const exchanges = new Exchanges({ keepsOwn: true, played: true })
  return {
    take(one) {
      groups.push(single(one.explain()))
      const joined = exchanges.note(one)
      if (joined !== undefined) exchanges.list.show(joined)
    },
    end(tail) {
      const byId = new Map(groups.map((group) => [group.journey.id, group]))
      let problem = groups.some(({ journey }) => isProblem(journey))
      for (const exchange of tellExchanges(exchanges)) {
        problem ||= isFailed(exchange.status)
        const group = byId.get(exchange.id)
        if (group) group.exchanges = { counts: { [exchange.status]: 1 }, worst: exchange }
      }
      out.write(writer.begin(groups))
      for (const group of groups) out.write(writer.journey(group))
      out.write(writer.end(tail, groups))
      return problem
    },
  }
}
