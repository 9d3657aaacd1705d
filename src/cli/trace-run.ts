/** A live trace, from the first look to the last word. */

import { closeSync } from 'node:fs'
import { HostCorrelator } from '../analysis/hosts.ts'
import { makeSelection, readFilter } from '../analysis/select.ts'
import { UnseenDrops } from '../analysis/unseen-drops.ts'
import { shellTokens } from '../edits/shell.ts'
import { BUDGET, mostJoined } from '../live/budget.ts'
import { killedLines } from '../live/notes/tell.ts'
import { NOT_ALL_JOINED } from '../live/overload-warnings.ts'
import type { Wish } from '../live/plan.ts'
import { beginningText, nothingSeenText, planText } from '../live/plan-text.ts'
import { LiveProblem } from '../live/problem.ts'
import type { Prepared } from '../live/session.ts'
import type { TraceHost } from '../live/trace-host.ts'
import type { Diagnostic } from '../model/diagnostic.ts'
import { printable } from '../model/printable.ts'
import { UserError } from '../model/user-error.ts'
import { chooseForm } from '../reports/choose-form.ts'
import { FORMS, type FormOptions } from '../reports/index.ts'
import { openReport } from '../reports/journeys.ts'
import { EndSignals } from './end-signals.ts'
import { EXIT } from './errors.ts'
import { LiveRun, prepareAll } from './live-run.ts'
import { PatientOutput } from './patient-output.ts'
import { Output, openOutput } from './stdout.ts'
import { openStoring } from './storing.ts'
import { terminalOptions } from './terminal.ts'
import { canShow, type Face, lines, openView } from './trace-face.ts'
import { newsOptions, settlingOf } from './trace-news.ts'
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
  const storing = options.dryRun
    ? undefined
    : await openStoring(options, { selection, settling: settlingOf(options.idle) })
  const prepared = await prepareAll(places, wish, starting.signal).catch(async (error) => {
    saved?.close()
    await storing?.close()
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
    const told = openReport({
      ...{ form, terminal, out, selection, live, correlator, mostHeld: BUDGET.kept },
      ...newsOptions(live && form === FORMS.text ? out : undefined, terminal, () => face, options.idle),
    })
    const report = storing?.journeys(told) ?? told
    const telling = new Telling(report, out, !form.folds || correlator !== undefined, storing)
    const run: LiveRun = new LiveRun({
      ...{ filter, prepared, terminal, face, signals, telling },
      limits: options,
      bundle: saved,
      onDrops: (drops) => run.since !== undefined && dropped.add(drops, run.since),
    })
    if (saved) saved.onBroken = (message) => run.warn({ input: '--save', code: 'not-saved', message })
    if (storing) storing.onBroken = (message) => run.warn({ input: '--store', code: 'not-stored', message })
    if (storing) storing.onTold = (message) => face.say(`nfwhy: ${message}\n`)
    const stats = await run.until(report, command).catch((error) => {
      // the document has begun: it ends as one, for the program that reads it
      if (error instanceof LiveProblem && form === FORMS.json) {
        report.end({ inputs: run.inputs, warnings: [...run.warnings, notTraced(error)], stats: run.stats })
        out.flush()
      }
      throw error
    })
    if (correlator?.full) run.warn(NOT_ALL_JOINED)
    face.close()
    const problem = report.end({ inputs: run.inputs, warnings: form.folds ? [] : run.warnings, stats })
    out.flush()
    await storing?.end()
    await takenBy(out, signals)
    if (stats.journeys === 0) lines.say(nothingSeenText(prepared, filter) + dropped.text)
    return problem ? EXIT.problem : EXIT.done
  } catch (error) {
    // what was seen before it went wrong
    if (out instanceof PatientOutput) await out.drainedUnlessStalled(STALLED).catch(() => {})
    throw error
  } finally {
    await storing?.close()
    face.close()
    signals.close()
    if (file !== undefined) closeSync(file)
  }
}

const notTraced = ({ message }: LiveProblem): Diagnostic => ({ input: 'trace', code: 'not-traced', message })

/** Milliseconds that a reader has who takes nothing. */
const STALLED = 500

/** The reader has all of it. Whoever stopped us by Ctrl-C may still be reading (`| less`); whoever ended us does not wait. */
async function takenBy(out: Output, signals: EndSignals): Promise<void> {
  if (!(out instanceof PatientOutput)) return
  const late = setTimeout(() => lines.say('Waiting for the reader of the output; Ctrl-C ends at once.\n'), SOON)
  const hurried = signals.whenHurried().then(() => out.drainedUnlessStalled(STALLED))
  await Promise.race([out.drained(), hurried]).finally(() => clearTimeout(late))
}

const titleOf = (filter: string, prepared: readonly Prepared[]): string => {
  const where = prepared.map(({ place, plan }) => `${place.name} (${plan.backend})`).join(', ')
  return printable(`${filter === '' ? 'all packets' : filter} on ${where}`)
}

/** Milliseconds until a person is told what is waited for. */
const SOON = 1000

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
