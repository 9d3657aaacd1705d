/** What nfwhy makes of a capture of the traffic that fails, with the machine's own state beside it. */

import type { ClosedJourney } from '../../../src/analysis/closed-journey.ts'
import { single } from '../../../src/analysis/groups.ts'
import { worstFirst } from '../../../src/analysis/worst-first.ts'
import { printedJourney } from '../../../src/edits/fix.ts'
import { CaptureExplainer, type Journey, type PrintedFix } from '../../../src/index.ts'
import type { CaptureFormat } from '../../../src/read/captures/format.ts'
import { distinctFixes } from '../../../src/reports/findings.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { buildWorld } from '../compare/explained.ts'

export interface Diagnosis {
  /** The worst first, as they are shown. */
  journeys: Journey[]
  /** The first fix that was tried and helps, as it is shown. */
  fix?: PrintedFix
  warnings: string[]
}

const GOOD: readonly unknown[] = ['delivered', 'forwarded', 'sent']

/** With what is found about the exchange: all that stops it, and what its reply would meet. */
function asShown(closed: ClosedJourney): Journey {
  const journey = closed.explain()
  const found = [closed.severalCauses(), closed.playReply()?.finding].filter((one) => one !== undefined)
  return { ...journey, findings: [...found, ...journey.findings] }
}

export function diagnose(
  format: CaptureFormat,
  log: readonly string[],
  files: Readonly<Record<string, string>>,
): Diagnosis {
  const { world, warnings } = buildWorld(files)
  const journeys: Journey[] = []
  const said = warnings.map(({ input, code, message }) => `${input}: ${code}: ${message}`)
  const explainer = new CaptureExplainer(
    format,
    world,
    (code, message) => said.push(`${code}: ${message}`),
    (closed) => journeys.push(asShown(closed)),
    { engine: modelEngine },
  )
  explainer.push(new TextEncoder().encode(log.map((line) => `${line}\n`).join('')))
  explainer.end()
  const ordered = worstFirst(journeys.map(single)).map(({ journey }) => journey)
  const fix = ordered
    .flatMap((journey) => distinctFixes(printedJourney(journey)))
    .find(({ verified, after, but }) => verified !== undefined && GOOD.includes(after) && but === undefined)
  return { journeys: ordered, ...(fix ? { fix } : {}), warnings: said }
}
