/** Reads captures one after the other and hands on each journey as it completes. */

import { JourneyIds } from '../journey/assembling.ts'
import type { Engine } from '../journey/engine.ts'
import { worldAt } from '../journey/world-at.ts'
import { isAnnouncement } from '../model/announcement.ts'
import { collectInto, type Report } from '../model/diagnostic.ts'
import type { World } from '../model/world.ts'
import type { CaptureFormat } from '../read/captures/format.ts'
import { RunBudget } from '../rules/walk-budget.ts'
import { modelEngine } from '../simulate/engine.ts'
import { CaptureExplainer, type CaptureOptions, type RunStats } from './capture.ts'
import type { ClosedJourney } from './closed-journey.ts'
import { SharedNumbers } from './explain-closed.ts'
import type { CaptureInput, Inputs, MachineInput } from './inputs/open.ts'
import { ReadError } from './inputs/source.ts'
import { hasSession } from './nothing-traced.ts'
import { PAUSED, withPauses } from './pauses.ts'

export interface RunOptions {
  /** Seconds of capture time without another event after which a packet's journey has ended; absent: 1. */
  idle?: number
  /** Tries what findings propose; absent: the model. */
  engine?: Engine
  progress?: Progress
  /** Of each rule that did not match, which condition failed. */
  unmatched?: boolean
  /** More is still to come of the captures: packets that have not ended are not told. */
  isUnderWay?: boolean
  /** Asked behind each block that is read: what it gives is waited for. */
  room?(): Promise<void> | undefined
  /** Called when all that a capture still being written has so far is read. */
  onPause?(): void
  /** A capture that may still be written is read from here on, until what this gives is called; `end` ends the reading. */
  whileLive?(end: () => void): () => void
}

/** Told how far the reading of a file has come, in bytes; `size`: of how many, where that is known. */
export interface Progress {
  update(name: string, bytes: number, size: number | undefined): void
  done(): void
}

/**
 * A file, a pipe and a live session are explained alike: with the model as their engine unless another one is handed in.
 * `idle`: seconds of capture time.
 */
export const openCapture = (
  format: CaptureFormat,
  world: World,
  report: Report,
  onClosed: (closed: ClosedJourney) => void,
  { idle, ...options }: CaptureOptions,
): CaptureExplainer =>
  new CaptureExplainer(format, world, report, onClosed, {
    engine: modelEngine,
    ...(idle === undefined ? {} : { idle: idle * 1e6 }),
    ...options,
  })

/** Journeys by which it is seen where a trace begins. */
const FIRST = 20

/** Reads all; throws UserError where no capture has a single event. */
export async function runCaptures(
  inputs: Inputs,
  onClosed: (closed: ClosedJourney) => void,
  options: RunOptions = {},
): Promise<RunStats> {
  const steps = stepThrough(inputs, onClosed, options)
  for (;;) {
    const step = await steps.next()
    if (step.done) return step.value
    const room = options.room?.()
    if (room) await room
  }
}

/** The same a block at a time, for whoever hands journeys on as they come. */
export async function* stepThrough(
  inputs: Inputs,
  onClosed: (closed: ClosedJourney) => void,
  options: RunOptions = {},
): AsyncGenerator<void, RunStats> {
  const stats: RunStats = { bytes: 0, events: 0, journeys: 0, skipped: 0, lost: 0 }
  const ids = new JourneyIds()
  const walks = new RunBudget()
  let showsPackets = false
  const closeOne = (closed: ClosedJourney): void => {
    // a trace that begins at ingress shows what is dropped there
    showsPackets ||=
      !isAnnouncement(closed.packet()) || (closed.id <= FIRST && closed.explain().steps[0]?.hook === 'ingress')
    onClosed(closed)
  }
  if (inputs.machines.some(({ alternatives }) => alternatives))
    await (await import('./choose-ruleset.ts')).chooseRulesets(inputs, options.idle)
  for (const { captures, world, worlds, alternatives } of inputs.machines)
    if (captures.length > 1 && (await (await import('./shows-both.ts')).showBoth(captures)))
      for (const one of [{ world }, ...worlds, ...(alternatives?.list ?? [])]) one.world.tracedBoth = true
  const { SamePackets } = inputs.captures.length > 1 ? await import('./same-packets.ts') : {}
  const captures = inputs.machines.flatMap((machine) => {
    const numbers = new SharedNumbers()
    const same = SamePackets && machine.captures.length > 1 ? new SamePackets() : undefined
    return machine.captures.map((capture) => ({ capture, machine, numbers, same }))
  })
  for (const { capture, machine, numbers, same } of captures) {
    const { bytes: bytesBefore, lines: linesBefore } = capture.source.forgotten
    capture.journeysBefore = ids.last
    const told = inputs.read?.has(capture) ? () => {} : collectInto(inputs.warnings, capture.name)
    const { idle, unmatched, engine } = options
    same?.begin(capture)
    const world = machine.chosen?.get(capture) ?? machine.world
    const choice = worldChoice(machine, inputs)
    const timed = idle === undefined ? {} : { idle: idle * 1e6 }
    const { lookForGaps } = await import('./missing-lines.ts')
    const { lossy, blocks } = await lookForGaps(capture, world, { ...timed, ...choice })
    const explainer = openCapture(
      capture.format,
      world,
      (code, message, line, count) => told(code, message, line === undefined ? undefined : line + linesBefore, count),
      same ? (closed) => same.isNew(closed) && closeOne(closed) : closeOne,
      {
        ids,
        numbers,
        walks,
        ...(idle === undefined ? {} : { idle }),
        ...(unmatched === undefined ? {} : { unmatched }),
        ...(engine === undefined ? {} : { engine }),
        ...(machine.name === undefined ? {} : { host: machine.name }),
        ...choice,
        ...(lossy ? { lossy } : {}),
      },
    )
    yield* readCapture(capture, blocks(), explainer, told, options)
    if (!options.isUnderWay) explainer.end()
    const { bytes, events, journeys, skipped, lost, evicted } = explainer.stats
    capture.file.bytes = bytes + bytesBefore
    stats.bytes += capture.file.bytes
    stats.events += events
    stats.journeys += journeys
    stats.skipped += skipped
    stats.lost += lost
    if (evicted > 0)
      told(
        'evicted',
        `${evicted} journeys were cut short, as too many were under way at once (--idle makes them end earlier)`,
      )
    if (events === 0 && !machine.world.host.session) told('no-events', 'it contains no packet')
    inputs.read ??= new Set()
    inputs.read.add(capture)
  }
  if (!showsPackets && !options.isUnderWay)
    inputs.warnings.push(...(await import('./before-the-trace.ts')).droppedBefore(inputs, stats.journeys))
  for (const same of new Set(captures.map((one) => one.same))) same?.tell(inputs.warnings)
  if (stats.events === 0 && !hasSession(inputs)) throw (await import('./nothing-used.ts')).nothingUsed(inputs)
  return stats
}

/** Of several rulesets; or of several machines, in a log that is gathered from all of them. */
function worldChoice(machine: MachineInput, { machines }: Inputs): Pick<CaptureOptions, 'worldAt' | 'ofMany'> {
  const ofOne = ({ world, worlds }: MachineInput): NonNullable<CaptureOptions['worldAt']> =>
    worlds.length > 1 ? worldAt(worlds) : () => world
  if (machine.world.tables.length > 0 || machines.length === 1)
    return machine.worlds.length > 1 ? { worldAt: ofOne(machine) } : {}
  const byName = new Map(machines.map((one) => [one.name, ofOne(one)]))
  return { ofMany: true, worldAt: (stamp, clock) => byName.get(stamp.host)?.(stamp, clock) ?? machine.world }
}

/** What cannot be read to its end is used as far as it goes. */
async function* readCapture(
  { name, source }: CaptureInput,
  blocks: AsyncIterable<Uint8Array>,
  explainer: CaptureExplainer,
  report: Report,
  { progress, onPause, whileLive }: RunOptions,
): AsyncGenerator<void> {
  const over = source.live ? whileLive?.(() => source.close()) : undefined
  let total = 0
  try {
    for await (const block of source.live ? withPauses(blocks) : blocks) {
      if (block === PAUSED) explainer.pause()
      else {
        explainer.push(block)
        total += block.length
        progress?.update(name, total, source.size)
      }
      if (source.live) onPause?.()
      yield
    }
  } catch (error) {
    if (!(error instanceof ReadError) || total === 0) throw error
    report('unreadable-rest', `it could not be read to its end: ${error.reason}`)
  } finally {
    over?.()
    source.close()
    progress?.done()
  }
}
