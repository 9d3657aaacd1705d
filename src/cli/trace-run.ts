/** A live trace, from the first look to the last word. */

import { randomInt } from 'node:crypto'
import { closeSync } from 'node:fs'
import type { RunStats } from '../analysis/capture.ts'
import type { ClosedJourney } from '../analysis/closed-journey.ts'
import { HostCorrelator } from '../analysis/hosts.ts'
import { makeSelection, readFilter } from '../analysis/select.ts'
import { UnseenDrops } from '../analysis/unseen-drops.ts'
import { shellTokens } from '../edits/shell.ts'
import { JourneyIds } from '../journey/assemble.ts'
import { BUDGET, mostJoined } from '../live/budget.ts'
import { killedLines } from '../live/notes/tell.ts'
import { NOT_ALL_JOINED, overloadWarnings, sumOf } from '../live/overload-warnings.ts'
import type { Wish } from '../live/plan.ts'
import { beginningText, nothingSeenText, planText } from '../live/plan-text.ts'
import { Interrupted } from '../live/problem.ts'
import { type Prepared, prepare, Session } from '../live/session.ts'
import type { TraceHost } from '../live/trace-host.ts'
import { shellWord } from '../model/command.ts'
import type { Diagnostic } from '../model/diagnostic.ts'
import type { Journey } from '../model/journey.ts'
import { printable } from '../model/printable.ts'
import { UserError } from '../model/user-error.ts'
import { chooseForm } from '../reports/choose-form.ts'
import { FORMS, type FormOptions, warningsText } from '../reports/index.ts'
import { type JourneyReport, openReport } from '../reports/journeys.ts'
import { EndSignals } from './end-signals.ts'
import { EXIT } from './errors.ts'
import { PatientOutput } from './patient-output.ts'
import { Output, openOutput } from './stdout.ts'
import { terminalOptions } from './terminal.ts'
import { canShow, type Face, lines, openView } from './trace-face.ts'
import { missingInterfaces } from './trace-interfaces.ts'
import { newsOptions } from './trace-news.ts'
import type { TraceOptions } from './trace-options.ts'
import { Saved } from './trace-save.ts'
import { Telling } from './trace-telling.ts'

/** The exit code; throws UserError, LiveProblem and ClosedPipe, and then everything is taken back, too. */
export async function runTrace(
  filter: string,
  places: readonly TraceHost[],
  wish: Wish,
  options: TraceOptions,
): Promise<number> {
  const form = chooseForm(options)
  const command = options.exec === undefined ? undefined : wordsOf(options.exec)
  const selection = makeSelection({
    ...(filter === '' ? {} : { filter }),
    ...(options.outcome ? { outcome: options.outcome } : {}),
    ...(options.rule ? { rule: options.rule } : {}),
  })
  const terminal: FormOptions = { ...terminalOptions(options, options.output === undefined), hosts: places.length > 1 }
  let face: Face = lines
  const signals = new EndSignals(() => face.close())
  const starting = new AbortController()
  signals.whenWanted(() => starting.abort())
  // before anything is asked or set up over there
  const saved = options.save === undefined || options.dryRun ? undefined : new Saved(options.save)
  const prepared = await prepareAll(places, wish, starting.signal).catch((error) => {
    saved?.close()
    throw error
  })
  for (const { place, facts } of prepared)
    for (const line of killedLines(place, facts.killed)) lines.say(`nfwhy: ${printable(line)}\n`)
  if (options.dryRun) {
    const out = new Output()
    out.write(prepared.map(planText).join('\n'))
    out.flush()
    return EXIT.done
  }
  for (const one of prepared) lines.say(beginningText(one, filter, wish))
  const file = options.output === undefined ? undefined : openOutput(options.output, () => false)
  const out = file === undefined ? new PatientOutput() : new Output(file, options.output)
  const correlator = places.length > 1 ? new HostCorrelator((host) => host ?? '', mostJoined) : undefined
  if (form === FORMS.text && file === undefined && !options.plain && canShow())
    face = openView({ title: titleOf(filter, prepared), deadline: Date.now() + options.deadline * 1000, terminal })
  try {
    const dropped = new UnseenDrops(readFilter(filter))
    const live = file === undefined && !face.showsJourneys
    const report = openReport({
      ...{ form, terminal, out, selection, live, correlator, mostHeld: BUDGET.kept },
      ...newsOptions(live && form === FORMS.text ? out : undefined, terminal, () => face, options.idle),
    })
    const telling = new Telling(report, out, !form.folds || correlator !== undefined)
    const run = new LiveRun(filter, prepared, options, terminal, face, dropped, signals, saved, telling)
    const stats = await run.until(report, command)
    if (correlator?.full) run.warn(NOT_ALL_JOINED)
    face.close()
    const problem = report.end({ inputs: run.inputs, warnings: form.folds ? [] : run.warnings, stats })
    out.flush()
    await takenBy(out, signals)
    if (stats.journeys === 0) lines.say(nothingSeenText(prepared, filter) + dropped.text)
    return problem ? EXIT.problem : EXIT.done
  } catch (error) {
    // what was seen before it went wrong
    if (out instanceof PatientOutput) await out.drainedUnlessStalled(STALLED).catch(() => {})
    throw error
  } finally {
    face.close()
    signals.close()
    if (file !== undefined) closeSync(file)
  }
}

/** Milliseconds that a reader has who takes nothing. */
const STALLED = 500

/** The reader has all of it. Whoever stopped us by Ctrl-C may still be reading (`| less`); whoever ended us does not wait. */
async function takenBy(out: Output, signals: EndSignals): Promise<void> {
  if (!(out instanceof PatientOutput)) return
  const late = setTimeout(() => lines.say('Waiting for the reader of the output; Ctrl-C ends at once.\n'), SOON)
  const hurried = signals.whenHurried().then(() => out.drainedUnlessStalled(STALLED))
  await Promise.race([out.drained(), hurried]).finally(() => clearTimeout(late))
}

/** Where one fails, the others have ended, too, when that is told. */
async function prepareAll(places: readonly TraceHost[], wish: Wish, ending: AbortSignal): Promise<Prepared[]> {
  const all = places.map((place) => prepare(place, wish, `nfwhy-${randomInt(1e8, 1e9)}`, ending))
  const prepared = await Promise.all(all).finally(() => ending.aborted && Promise.allSettled(all))
  if (ending.aborted) throw new Interrupted()
  return prepared
}

const titleOf = (filter: string, prepared: readonly Prepared[]): string => {
  const where = prepared.map(({ place, plan }) => `${place.name} (${plan.backend})`).join(', ')
  return printable(`${filter === '' ? 'all packets' : filter} on ${where}`)
}

/** `--exec`'s command as words: no shell is asked; who wants one says so (`sh -c '…'`). */
function wordsOf(text: string): string[] {
  try {
    const tokens = shellTokens(text)
    const operator = tokens.find(({ kind }) => kind === 'operator')
    if (operator) throw new Error(`${operator.text} works only in a shell`)
    if (tokens.length > 0) return tokens.map((token) => token.text)
    throw new Error('there is no command')
  } catch (error) {
    throw new UserError(
      `--exec ${printable(text)}: ${(error as Error).message}.`,
      'With a shell: --exec \'sh -c "…"\'.',
    )
  }
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

class LiveRun {
  private readonly filter: string
  /** ISO 8601, UTC. */
  private readonly began = new Date().toISOString()
  readonly warnings: Diagnostic[] = []
  private readonly sessions: Session[] = []
  private readonly prepared: readonly Prepared[]
  private readonly options: TraceOptions
  private readonly terminal: FormOptions
  private readonly face: Face
  private readonly dropped: UnseenDrops
  private readonly saved: Saved | undefined
  private readonly signals: EndSignals
  private readonly telling: Telling
  private readonly ended: Promise<void>
  private shown = 0
  private failure: unknown
  /** An end was asked for, or reached. */
  private over = false
  /** `--exec`'s, which ended by itself. */
  private commandFailed: { words: readonly string[]; code: number | null; signal: NodeJS.Signals | null } | undefined
  private finish: () => void = () => {}

  constructor(
    filter: string,
    prepared: readonly Prepared[],
    options: TraceOptions,
    terminal: FormOptions,
    face: Face,
    dropped: UnseenDrops,
    signals: EndSignals,
    saved: Saved | undefined,
    telling: Telling,
  ) {
    this.filter = filter
    this.signals = signals
    this.ended = new Promise((resolve) => {
      this.finish = () => {
        this.over = true
        resolve()
      }
    })
    this.telling = telling
    this.face = face
    this.dropped = dropped
    this.prepared = prepared
    // a person was told before it began
    for (const { place, plan } of prepared)
      this.warnings.push(...plan.notes.map((note) => ({ input: place.name, ...note })))
    this.options = options
    this.terminal = terminal
    this.saved = saved
    if (saved) saved.onBroken = (message) => this.warn({ input: '--save', code: 'not-saved', message })
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

  async until(report: JourneyReport, command: readonly string[] | undefined): Promise<RunStats> {
    const starting = new AbortController()
    let isReady = false
    this.signals.whenWanted(() => {
      if (!isReady) starting.abort()
      this.finish()
    })
    this.face.onStop(this.signals.ask)
    const counting = setInterval(() => {
      this.face.stats(this.stats)
      this.look(report)
    }, COUNT_EVERY)
    const timers: NodeJS.Timeout[] = []
    let child: { kill(): void } | undefined
    try {
      const ids = new JourneyIds()
      const all = this.prepared.map((one) => this.start(one, report, ids, starting.signal))
      for (const session of await Promise.allSettled(all)) {
        if (session.status === 'fulfilled') this.sessions.push(session.value)
        // that something is left behind is more than that it was ended
        else if (this.failure === undefined || this.failure instanceof Interrupted) this.failure = session.reason
      }
      isReady = true
      if (this.failure) throw this.failure
      this.saved?.session({ filter: this.filter, from: this.began })
      for (const session of this.sessions) session.ended().then(this.finish, this.fail)
      this.face.ready(`Ready: ${this.readers}.${command ? '' : ' Send the packet that fails; Ctrl-C ends.'}\n`)
      if (this.options.for !== undefined) timers.push(setTimeout(this.finish, this.options.for * 1000))
      timers.push(setTimeout(this.finish, this.options.deadline * 1000))
      if (command) child = this.execute(command, (timer) => timers.push(timer))
      await this.ended
    } finally {
      for (const timer of timers) clearTimeout(timer)
      clearInterval(counting)
      child?.kill()
      await this.stopAll()
      if (isReady && !this.failure)
        this.saved?.session({ filter: this.filter, from: this.began, until: new Date().toISOString() })
      this.saved?.close()
    }
    this.tellCommand()
    for (const warning of overloadWarnings(this.sessions)) this.warn(warning)
    if (this.failure) throw this.failure
    return this.stats
  }

  /** What the trace is read with. */
  private get readers(): string {
    return [...new Set(this.sessions.flatMap(({ streams }) => streams.map(({ by }) => by)))].join(' and ')
  }

  private async start(
    prepared: Prepared,
    report: JourneyReport,
    ids: JourneyIds,
    ending: AbortSignal,
  ): Promise<Session> {
    const host = this.prepared.length > 1 ? prepared.place.name : undefined
    const folder = host === undefined ? undefined : `${this.prepared.indexOf(prepared) + 1}-${fileName(host)}`
    // packets may have ended before it says that it is ready
    let session: Session | undefined
    session = await Session.start(prepared, {
      ending,
      ids,
      ...(this.options.idle === undefined ? {} : { idle: this.options.idle }),
      ...(host === undefined ? {} : { host }),
      onClosed: (closed) => this.take(closed, report, session),
      onLeftOut: (id) => report.leaveOut(id),
      tellsEach: this.telling.each,
      isFull: () => this.telling.isFull,
      places: this.prepared.length,
      onPause: () => {
        this.look(report)
        return this.telling.room(() => this.over || (session?.isBehind ?? false))
      },
      onWorld: ({ host }) => missingInterfaces(this.filter, host, prepared.place.name).forEach(this.warn),
      drops: this.options.drops,
      onDrops: (drops) => {
        this.dropped.add(drops)
        this.saved?.drops(folder, drops)
      },
      onFiles: (files, at) => this.saved?.files(folder, files, at),
      onChunk: (stream, format, chunk) => this.saved?.chunk(folder, stream, format, chunk),
      warn: this.warn,
    })
    return session
  }

  private take(closed: ClosedJourney, report: JourneyReport, session: Session | undefined): void {
    // what comes behind the last is not shown
    if (this.options.count !== undefined && this.shown >= this.options.count) return
    try {
      const taken = report.take(closed)
      if (!taken) return
      this.shown++
      this.face.journey(taken, closed)
      if (doubtsRules(taken.journey, closed)) session?.rulesDoNotFit()
      if (this.shown === this.options.count) this.finish()
    } catch (error) {
      this.fail(error)
    }
  }

  /** Time passes: of some exchanges no reply has come. */
  private look(report: JourneyReport): void {
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
    const output = this.face.showsJourneys ? 'ignore' : 2
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
    this.face.say(warningsText([warning], this.terminal))
  }

  private async stopAll(): Promise<void> {
    const late = setTimeout(() => this.face.say(STILL), SOON)
    for (const result of await Promise.allSettled(this.sessions.map((session) => session.stop())))
      if (result.status === 'rejected') this.failure ??= result.reason
    clearTimeout(late)
  }

  private get stats(): RunStats {
    return sumOf(this.sessions.map((session) => session.stats))
  }
}

const STILL = 'Cleaning up, and reading the last events. Ctrl-C ends at once; the clean-up then continues by itself.\n'

const fileName = (name: string): string => name.replace(/[^A-Za-z0-9._-]+/g, '_').slice(0, 60)
