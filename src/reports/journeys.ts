/** Journeys told as they complete: each by itself for programs, folded by fate for people. */

import type { ClosedJourney } from '../analysis/closed-journey.ts'
import type { Ending } from '../analysis/ending.ts'
import { isFailing } from '../analysis/exchange-counts.ts'
import { Exchanges } from '../analysis/exchanges/exchanges.ts'
import type { ExchangeNews, News } from '../analysis/exchanges/news.ts'
import { shownThrough, withLostLines } from '../analysis/exchanges/shown-through.ts'
import { seenBy, statusOf } from '../analysis/exchanges/told.ts'
import { isShownThrough } from '../analysis/group-shown.ts'
import { type Folded, type Group, Groups } from '../analysis/groups.ts'
import type { HostCorrelator } from '../analysis/hosts.ts'
import { isProblem } from '../analysis/is-problem.ts'
import { InOrder } from '../analysis/order.ts'
import type { Selection } from '../analysis/select.ts'
import { worstFirst } from '../analysis/worst-first.ts'
import type { Exchange } from '../model/exchange.ts'
import type { Journey } from '../model/journey.ts'
import { writeExchanges } from './exchange-lines.ts'
import type { Form, FormOptions } from './form.ts'
import { type JourneyLine, JourneyLines } from './journey-lines.ts'
import { json } from './json.ts'

/** Takes a report's pieces; what was collected is written by `flush`. */
export interface Sink {
  /** Bytes: UTF-8, which are not kept. */
  write(text: string | Uint8Array): void
  flush(): void
}

export interface ReportOptions {
  form: Form
  terminal: FormOptions
  out: Sink
  selection: Selection
  /** Journeys are still being made: a person is told of each fate when it is first met, not the worst first at the end. */
  live: boolean
  /** Packets come right now: what becomes known of exchanges is told then, not in the end alone. */
  openNews?(exchanges: Exchanges): ExchangeNews
  /** Takes what became known of an exchange, and its group, where fates are told. */
  onAmended?(group: Group, exchange: Exchange): void
  /** Bytes of journeys that are held back to bring them into order; absent: some hundred megabytes. */
  mostHeld?: number
  /** Where packets may be seen on several machines. */
  correlator?: HostCorrelator | undefined
}

export interface Taken {
  /** Where fates are told, that of the first packet of its fate. Only while it is handed over. */
  readonly journey: Journey
  /** The fate that it shares, where fates are told. */
  folded?: Folded
}

export interface JourneyReport {
  /** Undefined where the journey is not shown. */
  take(closed: ClosedJourney): Taken | undefined
  /** The journey of this number is not told. */
  leaveOut(id: number): void
  /** Bytes of the journeys that are kept until the end, roughly. */
  readonly held: number
  /** Nothing more is there at the moment: what was told is written. `now`: milliseconds. */
  pause(now?: number): void
  /** Tells the rest. Was one of the shown journeys a problem? */
  end(tail: Ending): boolean
}

/** Its beginning is written at once. All of it may throw what the sink does. */
export const openReport = (options: ReportOptions): JourneyReport =>
  options.form.folds ? foldJourneys(options) : streamJourneys(options)

/** For programs. JSON keeps the order of first events; JSON lines come as journeys complete. */
function streamJourneys(options: ReportOptions): JourneyReport {
  const { form, terminal, out, selection, mostHeld, correlator } = options
  const writer = form.open(terminal)
  const { before, behind } = writer.line!
  const lines = new JourneyLines(behind, selection.journey)
  const exchanges = new Exchanges({ keepsOwn: true })
  const news = form === json ? undefined : options.openNews?.(exchanges)
  let problem = false
  const tell = (exchange: Exchange) => out.write(writer.exchange!(exchange))
  const write = ({ text, problem: isOne }: JourneyLine) => {
    problem ||= isOne
    out.write(before())
    out.write(text)
  }
  /** It is known in the end alone that another packet shows that they got through. */
  const late: { id: number; exchange: number; line: JourneyLine; journey: Journey }[] = []
  const writeLate = () => {
    const seen = late.length > 0 ? seenBy(exchanges) : undefined
    for (const { id, exchange, line, journey } of late.splice(0)) {
      const joined = exchanges.list.at(exchange)
      const part = joined.parts.find((one) => one.id === id)
      const by = part && statusOf(joined, seen!) === 'answered' ? shownThrough(part, joined.parts) : undefined
      const told = by ? lines.lineOf({ explain: () => withLostLines(journey, String(by.id)) }) : line
      if (ordered) ordered.add(id, told.shown ? told : undefined)
      else if (told.shown) write(told)
    }
  }
  const ordered = form === json ? new InOrder(write, ({ weight }) => weight, mostHeld) : undefined
  out.write(writer.begin())
  return {
    held: 0,
    take(closed) {
      const wanted = selection.packet(closed)
      if (correlator !== undefined && !correlator.full) correlator.note(closed.explain())
      const joined = exchanges.note(closed)
      const line = wanted ? lines.lineOf(closed) : undefined
      const shown = line?.shown ? line : undefined
      if (joined !== undefined && shown) exchanges.list.show(joined)
      if (joined !== undefined && exchanges.list.isShown(joined)) news?.note(joined)
      if (shown && joined !== undefined && !news && late.length < MOST_LATE && shown.isThought)
        late.push({
          id: closed.id,
          exchange: joined,
          line: { ...shown, text: kept(shown.text) },
          journey: closed.explain(),
        })
      else if (ordered) ordered.add(closed.id, shown && { ...shown, text: kept(shown.text) })
      else if (shown) write(shown)
      return (
        shown && {
          get journey() {
            return closed.explain()
          },
        }
      )
    },
    leaveOut: (id) => ordered?.add(id, undefined),
    pause(now) {
      if (news && now !== undefined) for (const { exchange } of news.look(now)) tell(exchange)
      out.flush()
    },
    end(tail) {
      writeLate()
      ordered?.end()
      if (news) {
        for (const { exchange } of news.end()) tell(exchange)
        problem ||= news.hasFailed
      } else if (writeExchanges(exchanges, writer, out)) problem = true
      out.write(writer.end(correlator ? { ...tail, joined: correlator.joined() } : tail))
      return problem
    },
  }
}

/** Journeys that wait for the end: more of them are told as they complete. */
const MOST_LATE = 2000

const kept = (text: string | Uint8Array) => (typeof text === 'string' ? text : text.slice())

/** For people: packets of one fate are told once, and counted at the end. */
function foldJourneys(options: ReportOptions): JourneyReport {
  const { form, terminal, out, selection, live, correlator } = options
  const groups = new Groups(selection.journey, { joins: correlator !== undefined })
  const exchanges = new Exchanges()
  const news = options.openNews?.(exchanges)
  const writer = form.open(terminal)
  if (live) out.write(writer.begin())
  const amend = (one: News) => {
    const group = groups.amend(one)
    if (group) options.onAmended?.(group, one.exchange)
  }
  return {
    get held() {
      return groups.held
    },
    take(closed) {
      if (correlator && !correlator.full) correlator.note(closed.explain())
      const joined = exchanges.note(closed)
      if (!selection.packet(closed)) return undefined
      if (joined !== undefined) news?.note(joined)
      // a line for each exchange that is shown, as they come
      const begins = joined !== undefined && exchanges.list.beganWith(joined) === closed.id
      const follows = terminal.quiet === true && joined !== undefined && !begins && exchanges.list.isShown(joined)
      const folded = groups.add(closed, follows)
      if (folded && joined !== undefined) exchanges.list.show(joined)
      if (live && folded?.first) {
        out.write(writer.journey({ ...folded.group }))
        out.flush()
      }
      return folded && { journey: folded.group.journey, folded }
    },
    leaveOut() {},
    pause(now) {
      if (!news || now === undefined) return
      for (const one of news.look(now)) amend(one)
      if (live) out.flush()
    },
    end(tail) {
      if (correlator) groups.join(correlator.joined())
      // what was told as it came stays as it is
      groups.tellExchanges(exchanges, { parts: !live })
      const { list } = groups
      if (!live) {
        const ordered = worstFirst(list)
        out.write(writer.begin(ordered))
        for (const group of ordered) out.write(writer.journey(group))
      }
      out.write(writer.end(tail, list))
      return list.some((group) => (isProblem(group.journey) && !isShownThrough(group)) || isFailing(group))
    },
  }
}
