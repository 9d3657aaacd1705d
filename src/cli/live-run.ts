/** Sessions on one place or on several, from their start until an end is asked for or reached. */

import { randomInt } from 'node:crypto'
import type { RunStats } from '../analysis/capture.ts'
import type { ClosedJourney } from '../analysis/closed-journey.ts'
import { JourneyIds } from '../journey/assembling.ts'
import { overloadWarnings, sumOf } from '../live/overload-warnings.ts'
import type { Wish } from '../live/plan.ts'
import { Interrupted } from '../live/problem.ts'
import { type Prepared, prepare, Session } from '../live/session.ts'
import type { TraceHost } from '../live/trace-host.ts'
import { shellWord } from '../model/command.ts'
import type { Diagnostic } from '../model/diagnostic.ts'
import type { Drop, TraceSession } from '../model/host.ts'
import type { Journey } from '../model/journey.ts'
import { printable } from '../model/printable.ts'
import { UserError } from '../model/user-error.ts'
import type { CaptureFormat } from '../read/captures/format.ts'
import { type FormOptions, warningsText } from '../reports/index.ts'
import type { JourneyReport } from '../reports/journeys.ts'
import type { EndSignals } from './end-signals.ts'
import type { Face } from './trace-face.ts'
import { missingInterfaces } from './trace-interfaces.ts'
import type { TraceOptions } from './trace-options.ts'

/** Takes all that a bundle holds, as it comes. `place`: its folder, where there are several. */
export interface Bundle {
  /** What is traced; told again at the end, when it is known how long. */
  session(session: TraceSession): void
  /** `at`: of rules that may change, since when they are so (ISO 8601). */
  files(place: string | undefined, files: ReadonlyMap<string, Uint8Array>, at?: string): void
  drops(place: string | undefined, drops: readonly Drop[]): void
  /** Of a stream, counted from 0. */
  chunk(place: string | undefined, stream: number, format: CaptureFormat, chunk: Uint8Array): void
  /** Nothing more comes. */
  close(): void
}

/** What journeys are told to. */
export type Told = Pick<JourneyReport, 'take' | 'leaveOut' | 'pause'>

/** How what is told is taken. */
export interface Taking {
  /** Each packet is told by itself. */
  readonly each: boolean
  /** No new kind of packet can be told. */
  readonly isFull: boolean
  /** Resolves when there is room for more, or where it cannot be waited for. */
  room(cannotWait: () => boolean): Promise<void>
}

export interface LiveRunOptions {
  filter: string
  prepared: readonly Prepared[]
  limits: Pick<TraceOptions, 'count' | 'for' | 'deadline' | 'idle' | 'drops'>
  terminal: FormOptions
  face: Face
  signals: EndSignals
  telling: Taking
  bundle?: Bundle | undefined
  onDrops?(drops: readonly Drop[]): void
}

/** Where one fails, the others have ended, too, when that is told. */
export async function prepareAll(places: readonly TraceHost[], wish: Wish, ending: AbortSignal): Promise<Prepared[]> {
  const all = places.map((place) => prepare(place, wish, `nfwhy-${randomInt(1e8, 1e9)}`, ending))
  const prepared = await Promise.all(all).finally(() => ending.aborted && Promise.allSettled(all))
  if (ending.aborted) throw new Interrupted()
  return prepared
}

/** The trace contradicts the rules; or by these it passed, and the kernel says that netfilter dropped it. */
const doubtsRules = ({ outcome, findings }: Journey, { dropSummary = '' }: ClosedJourney): boolean =>
  findings.some(({ code }) => code === 'ruleset-mismatch') ||
  (dropSummary.startsWith('NETFILTER_DROP ') && PASSED.has(outcome))

const PASSED: ReadonlySet<Journey['outcome']> = new Set(['delivered', 'forwarded', 'sent'])

/** Milliseconds that packets of `--exec`'s command have to come in. */
const TRAILING = 500
/** Milliseconds. */
const COUNT_EVERY = 500
/** Warnings that are kept for the end; each was said as it came. */
const MOST_WARNINGS = 1000
/** Milliseconds that taking back may last before it is told of. */
const SOON = 1000

export class LiveRun {
  readonly warnings: Diagnostic[] = []
  private readonly options: LiveRunOptions
  /** When every packet is traced; ISO 8601, UTC. Absent until then. */
  since: string | undefined
  private readonly sessions: Session[] = []
  private readonly ended: Promise<void>
  private shown = 0
  private failure: unknown
  /** An end was asked for, or reached. */
  private over = false
  /** `--exec`'s, which ended by itself. */
  private commandFailed: { words: readonly string[]; code: number | null; signal: NodeJS.Signals | null } | undefined
  private finish: () => void = () => {}

  constructor(options: LiveRunOptions) {
    this.options = options
    this.ended = new Promise((resolve) => {
      this.finish = () => {
        this.over = true
        resolve()
      }
    })
    // a person was told before it began
    for (const { place, plan } of options.prepared)
      this.warnings.push(...plan.notes.map((note) => ({ input: place.name, ...note })))
  }

  /** As Ctrl-C does. */
  end(): void {
    this.finish()
  }

  /** What was read, as contract.md's `inputs`. */
  get inputs() {
    return this.sessions.flatMap((session) =>
      session.streams.map(({ format }, i) => ({
        name: session.prepared.place.name,
        format: format.id,
        bytes: session.explained(i).bytes,
      })),
    )
  }

  async until(report: Told, command: readonly string[] | undefined): Promise<RunStats> {
    const starting = new AbortController()
    let isReady = false
    this.options.signals.whenWanted(() => {
      if (!isReady) starting.abort()
      this.finish()
    })
    this.options.face.onStop(this.options.signals.ask)
    const counting = setInterval(() => {
      this.options.face.stats(this.stats)
      this.look(report)
    }, COUNT_EVERY)
    const timers: NodeJS.Timeout[] = []
    let child: { kill(): void } | undefined
    try {
      const ids = new JourneyIds()
      const all = this.options.prepared.map((one) => this.start(one, report, ids, starting.signal))
      for (const session of await Promise.allSettled(all)) {
        if (session.status === 'fulfilled') this.sessions.push(session.value)
        // that something is left behind is more than that it was ended
        else if (this.failure === undefined || this.failure instanceof Interrupted) this.failure = session.reason
      }
      isReady = true
      if (this.failure) throw this.failure
      this.since = new Date().toISOString()
      this.options.bundle?.session(this.session)
      for (const session of this.sessions) session.ended().then(this.finish, this.fail)
      this.options.face.ready(`Ready: ${this.readers}.${command ? '' : ' Send the packet that fails; Ctrl-C ends.'}\n`)
      if (this.options.limits.for !== undefined) timers.push(setTimeout(this.finish, this.options.limits.for * 1000))
      timers.push(setTimeout(this.finish, this.options.limits.deadline * 1000))
      if (command) child = this.execute(command, (timer) => timers.push(timer))
      await this.ended
    } finally {
      for (const timer of timers) clearTimeout(timer)
      clearInterval(counting)
      child?.kill()
      await this.stopAll()
      if (isReady && !this.failure) this.options.bundle?.session({ ...this.session, until: new Date().toISOString() })
      this.options.bundle?.close()
    }
    this.tellCommand()
    for (const warning of overloadWarnings(this.sessions)) this.warn(warning)
    if (this.failure) throw this.failure
    return this.stats
  }

  private get session(): TraceSession {
    return { filter: this.options.filter, from: this.since! }
  }

  /** What the trace is read with. */
  private get readers(): string {
    return [...new Set(this.sessions.flatMap(({ streams }) => streams.map(({ by }) => by)))].join(' and ')
  }

  private async start(prepared: Prepared, report: Told, ids: JourneyIds, ending: AbortSignal): Promise<Session> {
    const host = this.options.prepared.length > 1 ? prepared.place.name : undefined
    const folder = host === undefined ? undefined : `${this.options.prepared.indexOf(prepared) + 1}-${fileName(host)}`
    // packets may have ended before it says that it is ready
    let session: Session | undefined
    session = await Session.start(prepared, {
      ending,
      ids,
      ...(this.options.limits.idle === undefined ? {} : { idle: this.options.limits.idle }),
      ...(host === undefined ? {} : { host }),
      onClosed: (closed) => this.take(closed, report, session),
      onLeftOut: (id) => report.leaveOut(id),
      tellsEach: this.options.telling.each,
      isFull: () => this.options.telling.isFull,
      places: this.options.prepared.length,
      onPause: () => {
        this.look(report)
        return this.options.telling.room(() => this.over || (session?.isBehind ?? false))
      },
      onWorld: ({ host }) => missingInterfaces(this.options.filter, host, prepared.place.name).forEach(this.warn),
      drops: this.options.limits.drops,
      onDrops: (drops) => {
        this.options.onDrops?.(drops)
        this.options.bundle?.drops(folder, drops)
      },
      onFiles: (files, at) => this.options.bundle?.files(folder, files, at),
      onChunk: (stream, format, chunk) => this.options.bundle?.chunk(folder, stream, format, chunk),
      warn: this.warn,
    })
    return session
  }

  private take(closed: ClosedJourney, report: Told, session: Session | undefined): void {
    // what comes behind the last is not shown
    if (this.options.limits.count !== undefined && this.shown >= this.options.limits.count) return
    try {
      const taken = report.take(closed)
      if (!taken) return
      this.shown++
      this.options.face.journey(taken, closed)
      if (doubtsRules(taken.journey, closed)) session?.rulesDoNotFit()
      if (this.shown === this.options.limits.count) this.finish()
    } catch (error) {
      this.fail(error)
    }
  }

  /** Time passes: of some exchanges no reply has come. */
  private look(report: Told): void {
    try {
      report.pause(performance.now())
    } catch (error) {
      this.fail(error)
    }
  }

  private execute([program, ...words]: readonly string[], note: (timer: NodeJS.Timeout) => void): { kill(): void } {
    const { spawn } = process.getBuiltinModule('node:child_process')
    // what it says is not our data
    // and would spoil the view
    const output = this.options.face.showsJourneys ? 'ignore' : 2
    const child = spawn(program!, words, { stdio: ['ignore', output, output] })
    child.on('error', (error: NodeJS.ErrnoException) =>
      this.fail(
        new UserError(
          `--exec: ${error.code === 'ENOENT' ? `there is no program ${printable(program!)}` : error.message}.`,
        ),
      ),
    )
    child.on('close', (code, signal) => {
      if (code !== 0 && !this.over) this.commandFailed = { words: [program!, ...words], code, signal }
      note(setTimeout(this.finish, TRAILING))
    })
    return child
  }

  /** In the end, where it is not lost among packets. A program that is not there is a failure of its own. */
  private tellCommand(): void {
    if (!this.commandFailed || this.failure) return
    const { words, code, signal } = this.commandFailed
    const how = code === null ? `was ended by ${signal}` : `failed with exit status ${code}`
    this.warn({
      input: '--exec',
      code: 'command-failed',
      message: `${words.map((word) => shellWord(word)).join(' ')} ${how}`,
    })
  }

  private readonly fail = (error: unknown): void => {
    this.failure ??= error
    this.finish()
  }

  readonly warn = (warning: Diagnostic): void => {
    // a trace may run for days
    if (this.warnings.length < MOST_WARNINGS) this.warnings.push(warning)
    this.options.face.say(warningsText([warning], this.options.terminal))
  }

  private async stopAll(): Promise<void> {
    const late = setTimeout(() => this.options.face.say(STILL), SOON)
    for (const result of await Promise.allSettled(this.sessions.map((session) => session.stop())))
      if (result.status === 'rejected') this.failure ??= result.reason
    clearTimeout(late)
  }

  /** Of all places, so far. */
  get stats(): RunStats {
    return sumOf(this.sessions.map((session) => session.stats))
  }
}

const STILL = 'Cleaning up, and reading the last events. Ctrl-C ends at once; the clean-up then continues by itself.\n'

const fileName = (name: string): string => name.replace(/[^A-Za-z0-9._-]+/g, '_').slice(0, 60)
