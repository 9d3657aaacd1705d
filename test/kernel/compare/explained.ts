/** What nfwhy makes of a case: the lines as they were logged, the rules as iptables-save prints them, the host's state. */
import { CaptureExplainer, type CaptureStats, recognise, WorldBuilder } from '../../../src/index.ts'
import type { Diagnostic } from '../../../src/model/diagnostic.ts'
import type { Journey } from '../../../src/model/journey.ts'
import type { World } from '../../../src/model/world.ts'
import { kernelLog } from '../../../src/read/captures/kernel-log/format.ts'

export interface Explained {
  journeys: Journey[]
  stats: CaptureStats
  warnings: Diagnostic[]
}

/** Files are told by their content, as on the command line. */
export function buildWorld(files: Readonly<Record<string, string>>): { world: World; warnings: Diagnostic[] } {
  const builder = new WorldBuilder()
  for (const [name, text] of Object.entries(files)) {
    const recognised = recognise(text)
    if (!recognised || recognised.kind === 'capture')
      throw new Error(`${name} is not recognised:\n${text.slice(0, 500)}`)
    builder.add(name, text, recognised)
  }
  return builder
}

export function explainLines(lines: readonly string[], world: World): Explained {
  const journeys: Journey[] = []
  const warnings: Diagnostic[] = []
  const explainer = new CaptureExplainer(
    kernelLog,
    world,
    (code, message, line) => warnings.push({ input: 'log', code, message, ...(line === undefined ? {} : { line }) }),
    (closed) => journeys.push(closed.explain()),
  )
  explainer.push(new TextEncoder().encode(lines.map((line) => `${line}\n`).join('')))
  explainer.end()
  return { journeys, stats: explainer.stats, warnings }
}
