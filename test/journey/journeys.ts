/** Worlds and journeys of tests, from the same files and texts that a person would hand in. */
import { readdirSync, readFileSync } from 'node:fs'
import { CaptureExplainer, type CaptureOptions, type CaptureStats } from '../../src/analysis/capture.ts'
import type { Journey, Step } from '../../src/model/journey.ts'
import { emptyWorld, type World } from '../../src/model/world.ts'
import type { CaptureFormat } from '../../src/read/captures/format.ts'
import { kernelLog } from '../../src/read/captures/kernel-log/format.ts'
import { HEAD_BYTES, recognise } from '../../src/read/recognise.ts'
import { WorldBuilder } from '../../src/read/world.ts'
import { journeyDocument } from '../../src/reports/journey-document.ts'
import { printed } from '../printed.ts'
import { checkJourney } from '../schemas.ts'

/** Journeys of one capture that are held against their schema: of tens of thousands, later ones tell nothing new. */
const CHECKED = 500

/** Rulesets and host state by their text. */
export function worldOf(...texts: string[]): World {
  const builder = new WorldBuilder()
  for (const [i, text] of texts.entries()) {
    const recognised = recognise(text)
    if (!recognised || recognised.kind === 'capture') throw new Error(`not recognised: ${text.slice(0, 80)}`)
    builder.add(`input ${i + 1}`, text, recognised)
  }
  return builder.world
}

/** All that lies in a folder but captures. */
export function worldOfFolder(folder: URL): World {
  const builder = new WorldBuilder()
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.name.endsWith('.log')) continue
    const text = readFileSync(`${entry.parentPath}/${entry.name}`, 'utf8')
    const recognised = text.trim() === '' ? undefined : recognise(text)
    if (recognised && recognised.kind !== 'capture') builder.add(entry.name, text, recognised)
  }
  return builder.world
}

export interface Explained {
  journeys: Journey[]
  /** `LINE CODE` */
  told: string[]
  stats: CaptureStats
}

const encoder = new TextEncoder()

/** A kernel log's journeys, in order of their first events; `cuts`: where the pieces end that it comes in. */
export const explainLog = (
  log: string | Uint8Array,
  world: World = emptyWorld(),
  cuts: readonly number[] = [],
  options: CaptureOptions = {},
): Explained => explainCapture(kernelLog, log, world, cuts, options)

/** The same of any capture, told by its content. */
export function explainFile(
  file: string | Uint8Array,
  world: World = emptyWorld(),
  cuts: readonly number[] = [],
  options: CaptureOptions = {},
): Explained {
  const bytes = typeof file === 'string' ? encoder.encode(file) : file
  const recognised = recognise(headOf(bytes))
  if (recognised?.kind !== 'capture') throw new Error(`no capture: ${headOf(bytes).slice(0, 80)}`)
  return explainCapture(recognised.format, bytes, world, cuts, options)
}

/** What a format is recognised by: one letter for each byte. */
export const headOf = (bytes: Uint8Array): string => Buffer.from(bytes.subarray(0, HEAD_BYTES)).toString('latin1')

/** The same of a capture in this format. */
export function explainCapture(
  format: CaptureFormat,
  capture: string | Uint8Array,
  world: World = emptyWorld(),
  cuts: readonly number[] = [],
  options: CaptureOptions = {},
): Explained {
  const bytes = typeof capture === 'string' ? encoder.encode(capture) : capture
  const told: string[] = []
  const journeys: Journey[] = []
  const explainer = new CaptureExplainer(
    format,
    world,
    (code, _message, line) => told.push(`${line ?? '-'} ${code}`),
    (closed) => {
      const journey = closed.explain()
      if (journeys.length < CHECKED) checkJourney(printed(journeyDocument(journey)))
      journeys.push(journey)
    },
    options,
  )
  let from = 0
  for (const cut of [...cuts, bytes.length]) {
    explainer.push(bytes.subarray(from, cut))
    from = cut
  }
  explainer.end()
  return { journeys: journeys.sort((a, b) => Number(a.id) - Number(b.id)), told, stats: explainer.stats }
}

/** As the kernel prints it: `filter:INPUT:policy:3`; a LOG line by its prefix in quotes, and its rule if that is known. */
export function stepText({ table, chain, kind, reported, ruleNumber, prefix }: Step): string {
  const place = table === undefined ? '' : `${table}:${chain}:${reported ?? kind}:${ruleNumber}`
  return kind === 'log' ? `"${prefix}"${place && ` ${place}`}` : place
}

export const stepTexts = (journey: Journey): string[] => journey.steps.map(stepText)
