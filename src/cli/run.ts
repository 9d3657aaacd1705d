/** Reads captures one after the other and hands on each journey as it completes. */
import { closeSync, openSync, readSync } from 'node:fs'
import { CaptureExplainer, type ClosedJourney } from '../explain/capture.ts'
import { JourneyIds } from '../journey/assemble.ts'
import type { Diagnostic } from '../model/diagnostic.ts'
import { reasonOf, UserError } from './errors.ts'
import type { CaptureInput, Inputs } from './inputs.ts'
import type { Progress } from './progress.ts'

export interface RunStats {
  bytes: number
  events: number
  journeys: number
  skipped: number
  lost: number
}

export interface RunOptions {
  /** Seconds of capture time. */
  idle: number
  progress: Progress
  /** Called when a capture that is still being written pauses. */
  onPause?(): void
}

/** Bytes read at once. */
const BLOCK = 1 << 20
/** A pipe that is silent so long is taken to pause: what is open is shown. Milliseconds. */
const PAUSE = 1500

export async function runCaptures(
  inputs: Inputs,
  onClosed: (closed: ClosedJourney) => void,
  options: RunOptions,
): Promise<RunStats> {
  const stats: RunStats = { bytes: 0, events: 0, journeys: 0, skipped: 0, lost: 0 }
  const ids = new JourneyIds()
  for (const capture of inputs.captures) {
    const report = (code: string, message: string, line?: number) =>
      inputs.warnings.push({
        input: capture.name,
        code,
        message,
        ...(line === undefined ? {} : { line }),
      } satisfies Diagnostic)
    const explainer = new CaptureExplainer(capture.format, inputs.world, report, onClosed, {
      ids,
      idle: options.idle * 1e6,
    })
    if (capture.path === undefined) await readStdin(capture, explainer, options)
    else readFile(capture, explainer, options)
    explainer.end()
    options.progress.done()
    const { bytes, events, journeys, skipped, evicted } = explainer.stats
    stats.bytes += bytes
    stats.events += events
    stats.journeys += journeys
    stats.skipped += skipped
    const file = inputs.files.find((one) => one.name === capture.name)
    if (file) file.bytes = bytes
    if (evicted > 0)
      report(
        'evicted',
        `${evicted} journeys were cut short, as too many were under way at once (--idle makes them end earlier)`,
      )
    if (events === 0) report('no-events', 'no TRACE or LOG line in it could be used')
  }
  return stats
}

function readFile(capture: CaptureInput, explainer: CaptureExplainer, { progress }: RunOptions): void {
  const fd = openSync(capture.path!, 'r')
  try {
    const block = new Uint8Array(BLOCK)
    for (let total = 0; ; ) {
      const length = readSync(fd, block, 0, block.length, null)
      if (length === 0) return
      explainer.push(block.subarray(0, length))
      total += length
      progress.update(capture.name, total, capture.size)
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall !== 'read') throw error
    throw new UserError(`${capture.name}: ${reasonOf(error)}.`)
  } finally {
    closeSync(fd)
  }
}

async function readStdin(capture: CaptureInput, explainer: CaptureExplainer, options: RunOptions): Promise<void> {
  if (capture.head) explainer.push(capture.head)
  if (capture.size !== undefined) return
  let timer: NodeJS.Timeout | undefined
  const pause = () => {
    explainer.pause()
    options.onPause?.()
  }
  timer = setTimeout(pause, PAUSE)
  let total = capture.head?.length ?? 0
  for await (const part of process.stdin as AsyncIterable<Buffer>) {
    clearTimeout(timer)
    explainer.push(part)
    total += part.length
    options.progress.update(capture.name, total, undefined)
    options.onPause?.()
    timer = setTimeout(pause, PAUSE)
  }
  clearTimeout(timer)
}
