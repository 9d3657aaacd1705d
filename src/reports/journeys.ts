/** Journeys told as they complete: each by itself for programs, folded by fate for people. */

import type { ClosedJourney } from '../analysis/closed-journey.ts'
import type { Ending } from '../analysis/ending.ts'
import { type Folded, Groups, single } from '../analysis/groups.ts'
import type { Joiner } from '../analysis/hosts.ts'
import { isProblem } from '../analysis/is-problem.ts'
import { InOrder, worstFirst } from '../analysis/order.ts'
import type { Selection } from '../analysis/select.ts'
import type { Journey } from '../model/journey.ts'
import type { Form, FormOptions } from './form.ts'
import { json } from './json.ts'

/** Takes a report's pieces; what was collected is written by `flush`. */
export interface Sink {
  write(text: string): void
  flush(): void
}

export interface ReportOptions {
  form: Form
  terminal: FormOptions
  out: Sink
  selection: Selection
  /** Journeys are still being made: a person is told of each fate when it is first met, not the worst first at the end. */
  live: boolean
  /** Bytes of journeys that are held back to bring them into order; absent: some hundred megabytes. */
  mostHeld?: number
  /** Where packets may be seen on several machines. */
  joiner?: Joiner | undefined
}

export interface Taken {
  /** Where fates are told, that of the first packet of its fate. */
  journey: Journey
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
  /** Nothing more is there at the moment: what was told is written. */
  pause(): void
  /** Tells the rest. Was one of the shown journeys a problem? */
  end(tail: Ending): boolean
}

/** Its beginning is written at once. All of it may throw what the sink does. */
export const openReport = (options: ReportOptions): JourneyReport =>
  options.form.folds ? foldJourneys(options) : streamJourneys(options)

/** For programs. JSON keeps the order of first events; JSON lines come as journeys complete. */
function streamJourneys({ form, terminal, out, selection, mostHeld, joiner }: ReportOptions): JourneyReport {
  const writer = form.open(terminal)
  let problem = false
  const write = (journey: Journey) => {
    if (isProblem(journey)) problem = true
    out.write(writer.journey(single(journey)))
  }
  const ordered = form === json ? new InOrder(write, mostHeld) : undefined
  out.write(writer.begin())
  return {
    held: 0,
    take(closed) {
      const wanted = selection.packet(closed)
      const joins = joiner !== undefined && !joiner.full
      const journey = wanted || joins ? closed.explain() : undefined
      if (journey && joins) joiner.note(journey)
      const shown = journey && wanted && selection.journey(journey) ? journey : undefined
      if (ordered) ordered.add(closed.id, shown)
      else if (shown) write(shown)
      return shown && { journey: shown }
    },
    leaveOut: (id) => ordered?.add(id, undefined),
    pause: () => out.flush(),
    end(tail) {
      ordered?.end()
      out.write(writer.end(joiner ? { ...tail, joined: joiner.joined() } : tail))
      return problem
    },
  }
}

/** For people: packets of one fate are told once, and counted at the end. */
function foldJourneys({ form, terminal, out, selection, live, joiner }: ReportOptions): JourneyReport {
  const groups = new Groups(selection.journey, { joins: joiner !== undefined })
  const writer = form.open(terminal)
  if (live) out.write(writer.begin())
  return {
    get held() {
      return groups.held
    },
    take(closed) {
      if (joiner && !joiner.full) joiner.note(closed.explain())
      if (!selection.packet(closed)) return undefined
      const folded = groups.add(closed)
      if (live && folded?.first) {
        out.write(writer.journey({ ...folded.group }))
        out.flush()
      }
      return folded && { journey: folded.group.journey, folded }
    },
    leaveOut() {},
    pause() {},
    end(tail) {
      if (joiner) groups.join(joiner.joined())
      const { list } = groups
      if (!live) {
        const ordered = worstFirst(list)
        out.write(writer.begin(ordered))
        for (const group of ordered) out.write(writer.journey(group))
      }
      out.write(writer.end(tail, list))
      return list.some(({ journey }) => isProblem(journey))
    },
  }
}
