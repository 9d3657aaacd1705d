/** Captures explained, in pieces, on several machines and redacted; connections; archives: as the commands do it. */
import { gzipSync } from 'node:zlib'
import { CaptureExplainer, type RunStats } from '../../src/analysis/capture.ts'
import type { ClosedJourney } from '../../src/analysis/closed-journey.ts'
import { compareJourneys } from '../../src/analysis/compare.ts'
import { Flows } from '../../src/analysis/flows.ts'
import { HostCorrelator } from '../../src/analysis/hosts.ts'
import type { Inputs } from '../../src/analysis/inputs/open.ts'
import { noCapture } from '../../src/analysis/no-capture.ts'
import { runCaptures } from '../../src/analysis/run.ts'
import { makeSelection } from '../../src/analysis/select.ts'
import { readInputs } from '../../src/cli/inputs.ts'
import { Progress } from '../../src/cli/progress.ts'
import type { Diagnostic } from '../../src/model/diagnostic.ts'
import type { Journey } from '../../src/model/journey.ts'
import type { World } from '../../src/model/world.ts'
import { emptyWorld } from '../../src/model/world.ts'
import { recognise } from '../../src/read/recognise.ts'
import { Redactor } from '../../src/redact/index.ts'
import {
  comparisonJson,
  comparisonText,
  FORMS,
  type FormName,
  flowsJson,
  flowsText,
  warningsText,
} from '../../src/reports/index.ts'
import { openReport } from '../../src/reports/journeys.ts'
import { modelEngine } from '../../src/simulate/engine.ts'
import { makeTar } from '../read/make-tar.ts'
import { Broken } from './broken.ts'
import type { Case, Options } from './case.ts'
import { judgeDocument, judgeForm, judgeText } from './judge-output.ts'
import { KeptOutput, type Room } from './room.ts'

export const formOptions = ({ width, colour, unicode, full, unmatched }: Options) => ({
  width,
  colour,
  unicode,
  full: full || unmatched,
})

export function formOf({ form }: Options): [FormName, (typeof FORMS)[FormName]] {
  const names = Object.keys(FORMS) as FormName[]
  const name = names[form % names.length]!
  return [name, FORMS[name]]
}

/** `nfwhy explain FILES`. */
export async function explainFiles({ files, words, options }: Case, room: Room): Promise<void> {
  const selection = makeSelection(selected(words))
  const inputs = await readInputs(room.lay(files), [], options.redact ? new Redactor('fuzz') : undefined)
  judgeWarnings(inputs, options)
  if (inputs.captures.length === 0) throw noCapture(inputs)
  const [name, form] = formOf(options)
  const out = new KeptOutput()
  const terminal = { ...formOptions(options), hosts: inputs.machines.length > 1 }
  const correlator = inputs.machines.length > 1 ? new HostCorrelator((host) => host ?? 'the host above') : undefined
  const live = options.number % 5 === 0
  const report = openReport({ form, terminal, out, selection, live, correlator })
  const stats = await runAll(inputs, options, (closed) => void report.take(closed))
  report.end({ inputs: inputs.files, warnings: inputs.warnings, stats })
  judgeForm(name, out.text, options.colour)
}

const selected = ({ filter, rule }: Case['words']) => ({
  ...(filter === undefined ? {} : { filter }),
  ...(rule === undefined ? {} : { rule: [rule] }),
})

function judgeWarnings({ warnings }: Inputs, options: Options): void {
  judgeText(warningsText(warnings, formOptions(options)), 'warnings', options)
}

/** Every event is in one journey, and every journey is counted. */
async function runAll(
  inputs: Inputs,
  { unmatched }: Options,
  take: (closed: ClosedJourney) => void,
): Promise<RunStats> {
  let [journeys, events] = [0, 0]
  const stats = await runCaptures(
    inputs,
    (closed) => {
      journeys++
      events += closed.events
      take(closed)
    },
    { idle: 1, progress: new Progress(), unmatched },
  )
  if (stats.journeys !== journeys) throw new Broken('stats', `${stats.journeys} journeys, but ${journeys} came`)
  // with trace ids what a session's own rules tell is no event of its own
  if (inputs.captures.every(({ format }) => !format.traceIds) && stats.events !== events)
    throw new Broken('stats', `${stats.events} events, but journeys have ${events}`)
  for (const [key, value] of Object.entries(stats))
    if (!Number.isSafeInteger(value) || value < 0) throw new Broken('stats', `${key} is ${value}`)
  return stats
}

/** `nfwhy flows FILES`, and `nfwhy compare FILES 1 2`. */
export async function showFlows({ files, options }: Case, room: Room): Promise<void> {
  const inputs = await readInputs(room.lay(files), [])
  judgeWarnings(inputs, options)
  const flows = new Map<World, Flows>(inputs.machines.map(({ name, world }) => [world, new Flows(world, name)]))
  const two: { journey: Journey; world: World }[] = []
  let stats: RunStats = { bytes: 0, events: 0, journeys: 0, skipped: 0, lost: 0 }
  if (inputs.captures.length > 0)
    stats = await runAll(inputs, options, (closed) => {
      const journey = closed.explain()
      if (two.length < 2) two.push({ journey, world: closed.world })
      flows.get(closed.world)?.note(journey)
    })
  const list = [...flows.values()].flatMap((one) => one.end())
  const tail = { inputs: inputs.files, warnings: inputs.warnings, stats }
  judgeText(flowsText(list, formOptions(options)), 'flows', options)
  judgeDocument(flowsJson(list, tail), 'nfwhy.flows/1')
  const [a, b] = two
  if (!a || !b) return
  const comparison = compareJourneys(a.journey, b.journey, a.world)
  judgeText(comparisonText(comparison, formOptions(options)), 'comparison', options)
  judgeDocument(comparisonJson(comparison, tail), 'nfwhy.comparison/1')
}

/** The same files in an archive, which is damaged besides. */
export async function explainArchive(one: Case, room: Room): Promise<void> {
  const tar = makeTar(
    one.files.map(({ name, text }, i) => ({
      name: `bundle/${i}/${name.trim() || 'x'}`,
      content: Buffer.from(text, 'latin1'),
    })),
  )
  const { number } = one.options
  const damaged = number % 3 === 0 ? tar : flipped(tar, number)
  const packed =
    number % 2 === 0 ? flipped(gzipSync(damaged, { level: 1 }), number % 7 === 0 ? number >>> 8 : 0) : damaged
  const text = Buffer.from(number % 11 === 0 ? packed.subarray(0, (number >>> 4) % packed.length) : packed).toString(
    'latin1',
  )
  await explainFiles({ ...one, files: [{ name: 'bundle.tgz', text }] }, room)
}

/** Eight bits somewhere are others; none where `number` is 0. */
function flipped(bytes: Uint8Array, number: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  if (number !== 0) copy[number % copy.length]! ^= 1 + ((number >>> 16) % 255)
  return copy
}

/** A capture comes in pieces, cut anywhere: what is read of it stays the same. */
export async function readInPieces({ files: [file], options }: Case): Promise<void> {
  const recognised = recognise(file!.text.slice(0, 65_536))
  if (recognised?.kind !== 'capture') return
  await recognised.format.load?.()
  const bytes = Buffer.from(file!.text, 'latin1')
  const read = (sizes: readonly number[]): string => {
    const warnings: Diagnostic[] = []
    const told: string[] = []
    const explainer = new CaptureExplainer(
      recognised.format,
      emptyWorld(),
      (code, message, line) => warnings.push({ input: '', code, message, ...(line === undefined ? {} : { line }) }),
      (closed) => told.push(JSON.stringify(closed.explain())),
      { engine: modelEngine },
    )
    let at = 0
    for (let i = 0; at < bytes.length; i++) {
      const next = at + sizes[i % sizes.length]!
      // a block is valid only until the next one comes
      const block = Uint8Array.from(bytes.subarray(at, next))
      explainer.push(block)
      block.fill(0x58)
      at = next
    }
    explainer.end()
    return [...told, JSON.stringify(warnings), JSON.stringify(explainer.stats)].join('\n')
  }
  const whole = read([Math.max(1, bytes.length)])
  const { number } = options
  const sizes = [1 + (number % 13), 1 + ((number >>> 4) % 301), 1 + ((number >>> 9) % 97)]
  const cut = read(number % 4 === 0 && bytes.length < 2000 ? [1] : sizes)
  if (cut !== whole) throw new Broken(`pieces of ${recognised.format.id}`, difference(whole, cut))
}

export function difference(whole: string, cut: string): string {
  let at = 0
  while (at < whole.length && whole[at] === cut[at]) at++
  const part = (text: string) => JSON.stringify(text.slice(Math.max(0, at - 80), at + 120))
  return `whole ${part(whole)}, in pieces ${part(cut)}`
}
