/** What a person sees while packets are traced: the live view on a terminal, lines elsewhere. */
import type { RunStats } from '../analysis/capture.ts'
import type { ClosedJourney } from '../analysis/closed-journey.ts'
import { printable } from '../model/printable.ts'
import type { FormOptions, Group } from '../reports/index.ts'
import type { Taken } from '../reports/journeys.ts'
import { canShowLiveView, openLiveView } from './live-view/view.ts'

export interface Face {
  /** Journeys are told when it is over, since it shows them itself meanwhile. */
  readonly showsJourneys: boolean
  journey(taken: Taken, closed: ClosedJourney): void
  /** Something became known of the exchanges of packets that it has shown. */
  amended(group: Group): void
  /** Something that goes on or went wrong; lines. */
  say(text: string): void
  /** All is set up: what is sent from now on is seen. A line. */
  ready(text: string): void
  stats(stats: RunStats): void
  onStop(callback: () => void): void
  close(): void
}

/** To standard error, at once: standard output is for journeys. */
export const lines: Face = {
  showsJourneys: false,
  journey() {},
  amended() {},
  say: (text) => process.stderr.write(text),
  ready: (text) => process.stderr.write(text),
  stats() {},
  onStop() {},
  close() {},
}

/** Texts that are said again when the view is closed. */
const MOST_LATER = 1000

export interface FaceOptions {
  title: string
  /** Milliseconds since 1970. */
  deadline: number
  terminal: FormOptions
}

/** Is there somebody at a terminal whom the view can be shown to? */
export const canShow = (): boolean => canShowLiveView(process.stdin, process.stdout)

export function openView({ title, deadline, terminal }: FaceOptions): Face {
  const view = openLiveView({
    title,
    deadline,
    colour: terminal.colour,
    unicode: terminal.unicode,
    hosts: terminal.hosts ?? false,
    quiet: terminal.quiet ?? false,
    stdin: process.stdin,
    stdout: process.stdout,
  })
  view.status('setting up')
  let closed = false
  const later: string[] = []
  return {
    showsJourneys: true,
    journey({ folded }, closedJourney) {
      if (!folded) return
      if (folded.first) view.journey(folded.group)
      else view.journey(folded.group, closedJourney.packet())
    },
    amended: (group) => view.amended(group),
    say(text) {
      if (closed) {
        process.stderr.write(text)
        return
      }
      if (later.length < MOST_LATER) later.push(text)
      for (const line of text.split('\n')) if (line.trim() !== '') view.notice(printable(line.trim()))
    },
    // the list says so itself
    ready: () => view.status(''),
    stats: (stats) => view.stats(stats),
    onStop: (callback) => view.onStop(callback),
    close() {
      if (closed) return
      closed = true
      view.close()
      // it was on the other screen, which is gone now
      for (const text of later) process.stderr.write(text)
    },
  }
}
