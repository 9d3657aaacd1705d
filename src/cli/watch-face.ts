/** What a watch shows while it goes on: a screen on a terminal; lines, or JSON, elsewhere. */
import type { FormOptions } from '../reports/index.ts'
import { glance } from '../reports/watch/glance.ts'
import { newKindLine, watchJson } from '../reports/watch/json.ts'
import type { NewKind, WatchSnapshot } from '../reports/watch/snapshot.ts'
import { newKindText, summaryText } from '../reports/watch/text.ts'
import { Terminal } from './live-view/terminal.ts'
import type { Output } from './stdout.ts'

export interface WatchFace {
  /** A kind that came for the first time. Throws as Output does. */
  add(one: NewKind): void
  /** Once a second. */
  look(snapshot: WatchSnapshot): void
  /** Nothing more comes. */
  end(snapshot: WatchSnapshot): void
  /** Gives a terminal back. */
  close(): void
}

/** Milliseconds between two summaries, where something was dropped in between. */
const SUMMARY_EVERY = 60_000

/** One paragraph a kind, a summary now and then. */
export const textLines = (out: Output, terminal: FormOptions): WatchFace =>
  lines(
    out,
    (one) => newKindText(one, terminal),
    (snapshot) => `${summaryText(snapshot, terminal)}\n`,
  )

/** One JSON document a line. */
export const jsonLines = (out: Output): WatchFace => lines(out, newKindLine, watchJson)

function lines(
  out: Output,
  ofKind: (one: NewKind) => string,
  ofSummary: (snapshot: WatchSnapshot) => string,
): WatchFace {
  let said = Date.now()
  let counted = 0
  const tell = (text: string) => {
    out.write(text)
    out.flush()
  }
  return {
    add: (one) => tell(ofKind(one)),
    look(snapshot) {
      const { now, tally } = snapshot
      if (now - said < SUMMARY_EVERY) return
      said = now
      if (tally.count > counted) tell(ofSummary(snapshot))
      counted = tally.count
    },
    end: (snapshot) => tell(ofSummary(snapshot)),
    close() {},
  }
}

/** One JSON document at the end. */
export const jsonAtEnd = (out: Output): WatchFace => ({
  add() {},
  look() {},
  end(snapshot) {
    out.write(watchJson(snapshot))
    out.flush()
  },
  close() {},
})

/** Keys that end it: q, Ctrl-C, Ctrl-D, Esc alone. */
const ENDING: readonly string[] = ['q', '\x03', '\x04', '\x1b']
const SUSPEND = '\x1a'

/** The last ten minutes on the whole terminal; what was seen is told in lines when it is given back. `link`: of the page. */
export function screen(out: Output, terminal: FormOptions, stop: () => void, link?: string): WatchFace {
  let shown: WatchSnapshot | undefined
  const draw = () => {
    const [columns, rows] = taken.size
    const { colour, unicode } = terminal
    if (!shown) taken.draw({ lines: ['nfwhy watch: reading the rules of this machine …'] })
    else
      taken.draw({
        lines: glance(
          { ...shown, now: Date.now() },
          { columns, rows, colour, unicode, ...(link === undefined ? {} : { link }) },
        ),
      })
  }
  const taken = new Terminal(process.stdin, process.stdout, {
    typed(text) {
      if (text === SUSPEND) taken.suspend()
      else if (ENDING.includes(text)) stop()
    },
    changed: () => draw(),
    ended: stop,
  })
  let closed = false
  const close = () => {
    if (closed) return
    closed = true
    taken.close()
  }
  draw()
  return {
    add() {},
    look(snapshot) {
      shown = snapshot
      draw()
    },
    end(snapshot) {
      close()
      out.write(summaryText(snapshot, terminal))
      out.flush()
    },
    close,
  }
}
