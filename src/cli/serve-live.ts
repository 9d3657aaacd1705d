/** `nfwhy serve --live`: a trace that a page follows, and that ends with the last page that shows it. */
import { killedLines } from '../live/notes/tell.ts'
import { beginningText } from '../live/plan-text.ts'
import type { Prepared } from '../live/session.ts'
import { printable } from '../model/printable.ts'
import { listed } from '../server/app.ts'
import type { LiveFeed } from '../server/live.ts'
import type { Serving } from '../server/server.ts'
import type { LiveState } from '../ui/protocol.ts'
import { BundleInMemory } from './bundle-in-memory.ts'
import { EndSignals } from './end-signals.ts'
import { LiveRun, prepareAll, type Told } from './live-run.ts'
import { terminalOptions } from './terminal.ts'
import { type Face, lines } from './trace-face.ts'
import type { SetupOptions } from './trace-setup.ts'
import { placesOf, wishOf } from './trace-wish.ts'

/** Bytes of captures, and of rulesets that change; a page reads all of them. */
const MOST = 64 << 20
/** Milliseconds without a page until the trace ends: a page may be loaded again. */
const LEFT_ALONE = 10_000
/** Milliseconds that pages have to read the last of it, once Ctrl-C ends the server as well; a busy browser takes its time. */
const LAST_READ = 15_000
/** Milliseconds of these after which whoever waits is told why. */
const TELL_WAIT = 1000
/** Milliseconds without anything new after which no packet is under way: a second, and what reading it takes. */
const QUIET = 1500
/** Lines that are kept. */
const MOST_SAID = 100

/** Pages tell of journeys; here each is only held against the rules, which may have been changed. */
const TO_PAGES: Told = {
  take: (closed) => ({
    get journey() {
      return closed.explain()
    },
  }),
  leaveOut() {},
  pause() {},
}

/**
 * Resolves when the trace is over; by Ctrl-C, the server has ended, too. `start`: the server; `ready` is told its link.
 * Throws UserError and LiveProblem, and then everything is taken back.
 */
export async function serveLive(
  filter: string,
  options: SetupOptions,
  start: (feed: LiveFeed) => Promise<Serving>,
  ready: (link: string) => void,
): Promise<void> {
  const wish = wishOf(filter, options)
  const signals = new EndSignals(() => {})
  const starting = new AbortController()
  signals.whenWanted(() => starting.abort())
  let serving: Serving | undefined
  let isOver = false
  try {
    const prepared = await prepareAll(placesOf(options), wish, starting.signal)
    for (const { place, facts } of prepared)
      for (const line of killedLines(place, facts.killed)) lines.say(`nfwhy: ${printable(line)}\n`)
    const bundle = new BundleInMemory(MOST)
    const feed = new TraceFeed(filter, prepared, bundle, Date.now() + options.deadline * 1000)
    serving = await start(feed)
    const { link } = serving
    for (const one of prepared) lines.say(beginningText(one, filter, wish))
    const face: Face = {
      ...lines,
      say(text) {
        lines.say(text)
        feed.say(text)
      },
      ready(text) {
        lines.ready(text)
        ready(link)
      },
    }
    const run = new LiveRun({
      ...{ filter, prepared, face, signals, bundle, limits: options },
      terminal: terminalOptions({}, false),
      telling: { each: false, isFull: false, room: async () => {} },
    })
    bundle.onFull = () => {
      run.warn({
        input: 'the page',
        code: 'page-full',
        message: `it shows ${MOST >> 20} MB of trace and of changed rulesets; the trace ends`,
      })
      run.end()
    }
    feed.onStop = () => run.end()
    signals.whenWanted(() => feed.stop())
    await run.until(TO_PAGES, undefined)
    feed.ended()
    isOver = signals.wanted
    lines.say(
      isOver
        ? 'Everything was restored.\n'
        : 'The trace has ended, and everything was restored. The page still shows it, until Ctrl-C.\n',
    )
    if (isOver) await feed.lastRead()
  } catch (error) {
    isOver = true
    throw error
  } finally {
    signals.close()
    if (isOver) serving?.end()
  }
}

class TraceFeed implements LiveFeed {
  onStop: () => void = () => {}
  private readonly filter: string
  private readonly where: string
  private readonly bundle: BundleInMemory
  private readonly deadline: number
  private readonly said: string[] = []
  private readonly told = new Set<() => void>()
  private phase: LiveState['phase'] = 'tracing'
  private lastCame = Date.now()
  private quiet: NodeJS.Timeout | undefined
  private pages = 0
  private alone: NodeJS.Timeout | undefined
  private onLeft: () => void = () => {}

  constructor(filter: string, prepared: readonly Prepared[], bundle: BundleInMemory, deadline: number) {
    this.filter = filter
    this.where = prepared.map(({ place, plan }) => `${place.name} by ${plan.backend}`).join(', ')
    this.bundle = bundle
    this.deadline = deadline
    bundle.onChange = () => {
      this.lastCame = Date.now()
      clearTimeout(this.quiet)
      this.quiet = setTimeout(() => this.tell(), QUIET)
      this.tell()
    }
  }

  get inputs() {
    return this.bundle.inputs
  }

  async state(): Promise<LiveState> {
    return {
      phase: this.phase,
      filter: printable(this.filter),
      where: printable(this.where),
      deadline: this.deadline,
      said: this.said.map(printable),
      files: await Promise.all(this.inputs.map(listed)),
      isQuiet: this.phase === 'ended' || Date.now() - this.lastCame >= QUIET,
    }
  }

  onChange(told: () => void): () => void {
    this.told.add(told)
    return () => this.told.delete(told)
  }

  say(text: string): void {
    this.said.push(...text.split('\n').filter((line) => line.trim() !== ''))
    this.said.splice(0, this.said.length - MOST_SAID)
    this.tell()
  }

  stop(): void {
    if (this.phase !== 'tracing') return
    this.phase = 'stopping'
    this.onStop()
    this.tell()
  }

  ended(): void {
    this.phase = 'ended'
    clearTimeout(this.quiet)
    clearTimeout(this.alone)
    this.tell()
  }

  watched(pages: number): void {
    this.pages = pages
    clearTimeout(this.alone)
    if (pages > 0 || this.phase !== 'tracing') {
      if (pages === 0) this.onLeft()
      return
    }
    this.alone = setTimeout(() => {
      lines.say('No page shows the trace any more: it ends.\n')
      this.stop()
    }, LEFT_ALONE)
  }

  /** Pages hang up when they have read all of it. */
  lastRead(): Promise<void> {
    return new Promise((resolve) => {
      if (this.pages === 0) return resolve()
      const told = setTimeout(
        () => lines.say('A page is still reading the last packets of the trace. Ctrl-C again ends at once.\n'),
        TELL_WAIT,
      )
      const over = () => {
        clearTimeout(told)
        clearTimeout(late)
        resolve()
      }
      const late = setTimeout(over, LAST_READ)
      this.onLeft = over
    })
  }

  private tell(): void {
    for (const told of this.told) told()
  }
}
