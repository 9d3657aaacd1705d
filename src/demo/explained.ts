/** A capture with rules and host state, explained as `nfwhy explain` does it. */
import { CaptureExplainer } from '../explain/capture.ts'
import type { Journey } from '../model/journey.ts'
import { recognise } from '../read/recognise.ts'
import { WorldBuilder } from '../read/world.ts'
import { modelEngine } from '../simulate/engine.ts'
import type { Files } from './state.ts'

export interface Explained {
  journeys: Journey[]
  /** Of what could not be read: `FILE: message`. */
  told: string[]
}

export function explainFiles(capture: { name: string; bytes: Uint8Array }, files: Files): Explained {
  const told: string[] = []
  const builder = new WorldBuilder()
  for (const [name, text] of Object.entries(files)) {
    const recognised = recognise(text)
    if (recognised && recognised.kind !== 'capture') builder.add(name, text, recognised)
    else told.push(`${name}: it is not known what this is`)
  }
  told.push(...builder.warnings.map(({ input, message }) => `${input}: ${message}`))
  const recognised = recognise(Buffer.from(capture.bytes).toString('latin1'))
  if (recognised?.kind !== 'capture') return { journeys: [], told: [...told, `${capture.name}: nothing was captured`] }
  const journeys: Journey[] = []
  const explainer = new CaptureExplainer(
    recognised.format,
    builder.world,
    (_code, message) => told.push(`${capture.name}: ${message}`),
    (closed) => journeys.push(closed.explain()),
    { engine: modelEngine },
  )
  explainer.push(capture.bytes)
  explainer.end()
  return { journeys: journeys.sort((a, b) => Number(a.id) - Number(b.id)), told }
}
