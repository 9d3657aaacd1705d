/** The live view: what `nfwhy trace` shows on a terminal while it traces. */
import type { ReadStream, WriteStream } from 'node:tty'
import type { Packet } from '../../model/packet.ts'
import type { Group } from '../../reports/form.ts'
import { add, amend, type Came, notice } from './add.ts'
import { PASTE, readKeys } from './keys.ts'
import { paste, press } from './press.ts'
import { render } from './render.ts'
import { about, begin, count, type LiveState, type LiveStats, resize, status, tick } from './state.ts'
import { Terminal } from './terminal.ts'

export interface LiveViewOptions {
  /** What is traced, where, and how. */
  title: string
  /** When the trace ends by itself, in milliseconds since 1970. */
  deadline?: number
  colour: boolean
  unicode: boolean
  /** Several machines are traced. */
  hosts?: boolean
  /** One line for each exchange. */
  quiet?: boolean
  stdin: ReadStream
  stdout: WriteStream
}

export interface LiveView {
  /**
   * A packet's journey has come. `group`: that of its fate, as Groups gives it, already counted; `packet`: this one as it
   * first appeared, if it is not the group's first.
   */
  journey(group: Group, packet?: Packet): void
  /** Something became known of the exchanges of a group that was shown. */
  amended(group: Group): void
  stats(stats: LiveStats): void
  /** What is known only when the trace has begun: the way it is done, when it ends. */
  about(facts: Pick<Partial<LiveViewOptions>, 'title' | 'deadline'>): void
  /** What goes on at the moment. */
  status(text: string): void
  /** A line in the list: the rules were read again, a command wrote something. */
  notice(text: string): void
  /** Called when the person wants to end it, or a signal says so; perhaps more than once. */
  onStop(callback: () => void): void
  /** Gives the terminal back. What is written before that spoils the view, on standard error too. */
  close(): void
}

/** Milliseconds between two drawings: of what comes, and of what keys do. */
const EVERY = 100
const EVERY_KEY = 30
/** Milliseconds in which the rest of a key's sequence comes; Esc comes alone. */
const SEQUENCE = 50
/** Not kept longer than this until they are drawn. */
const MOST_WAITING = 1000

/** Is this a terminal that can be drawn on, with somebody at its keys? Elsewhere journeys are told in plain lines. */
export const canShowLiveView = (
  stdin: { isTTY?: boolean },
  stdout: { isTTY?: boolean },
  { TERM = '' }: { TERM?: string | undefined } = process.env,
): boolean => stdin.isTTY === true && stdout.isTTY === true && TERM !== '' && TERM !== 'dumb'

/** Takes the terminal until `close`. */
export function openLiveView({
  title,
  deadline,
  colour,
  unicode,
  hosts = false,
  quiet = false,
  ...streams
}: LiveViewOptions): LiveView {
  let stop: (() => void) | undefined
  let asked = false
  let waiting: Came[] = []
  let typed = ''
  let timer: NodeJS.Timeout | undefined
  let due = 0
  let lonely: NodeJS.Timeout | undefined
  let drawn = 0
  let closed = false

  const terminal = new Terminal(streams.stdin, streams.stdout, {
    typed: (text) => {
      clearTimeout(lonely)
      take(typed + text)
      if (typed !== '' && !typed.startsWith(PASTE)) lonely = setTimeout(escaped, SEQUENCE)
    },
    changed: () => change(resize(state, ...terminal.size), 0),
    ended: () => end(),
  })
  const [columns, rows] = terminal.size
  let state: LiveState = begin({
    title,
    columns,
    rows,
    now: Date.now(),
    ...(deadline === undefined ? {} : { deadline }),
    look: { colour, unicode, hosts, quiet },
  })

  const end = () => {
    asked = true
    stop?.()
  }
  const change = (next: LiveState, within = EVERY) => {
    state = next
    schedule(within)
  }
  const schedule = (within: number) => {
    const now = Date.now()
    const at = Math.max(now, drawn + within)
    if (closed || (timer !== undefined && due <= at)) return
    clearTimeout(timer)
    due = at
    timer = setTimeout(draw, at - now)
  }
  const draw = () => {
    timer = undefined
    drawn = Date.now()
    flush()
    state = tick(state, drawn)
    terminal.draw(render(state))
  }
  const flush = () => {
    state = add(state, waiting)
    waiting = []
  }

  /** What has come of keys; the beginning of a sequence waits for its end. */
  const take = (text: string) => {
    const { keys, rest } = readKeys(text)
    typed = rest
    for (const key of keys) act(key)
  }
  const escaped = () => {
    const text = typed
    typed = ''
    act('escape')
    // what came behind Esc are keys of their own
    if (text.length > 1) take(text.slice(1))
  }
  const act = (key: string | { pasted: string }) => {
    // keys are about what is on the screen, and that knows of all that came
    flush()
    if (typeof key !== 'string') change(paste(state, key.pasted), EVERY_KEY)
    else if (key === 'ctrl-z') terminal.suspend()
    else if (key === 'ctrl-l') {
      terminal.forget()
      schedule(EVERY_KEY)
    } else {
      const before = state.stopping
      change(press(state, key), EVERY_KEY)
      if (state.stopping && !before) end()
      // the second time it is meant as anywhere else
      else if (before && key === 'ctrl-c') {
        close()
        process.kill(process.pid, 'SIGINT')
      }
    }
  }

  const clock = setInterval(() => schedule(EVERY), 1000)
  clock.unref()
  const close = () => {
    closed = true
    clearTimeout(timer)
    clearTimeout(lonely)
    clearInterval(clock)
    terminal.close()
  }
  draw()

  return {
    journey(group, packet = group.journey.packet) {
      waiting.push({ journey: group.journey, group, packet })
      if (waiting.length >= MOST_WAITING) flush()
      schedule(EVERY)
    },
    amended(group) {
      flush()
      change(amend(state, group))
    },
    stats: (stats) => change(count(state, stats)),
    about: (facts) => change(about(state, facts)),
    status: (text) => change(status(state, text)),
    notice: (text) => {
      flush()
      change(notice(state, text))
    },
    onStop: (callback) => {
      stop = callback
      if (asked) callback()
    },
    close,
  }
}
