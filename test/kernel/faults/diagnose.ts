/** What nfwhy makes of a capture of the traffic that fails, with the machine's own state beside it. */

import { Exchanges } from '../../../src/analysis/exchanges/exchanges.ts'
import { Groups } from '../../../src/analysis/groups.ts'
import { worstFirst } from '../../../src/analysis/worst-first.ts'
import { CaptureExplainer, type Journey, type PrintedFix } from '../../../src/index.ts'
import type { CaptureFormat } from '../../../src/read/captures/format.ts'
import { distinctFixes } from '../../../src/reports/findings.ts'
import { printedGroup } from '../../../src/reports/printed-group.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { buildWorld } from '../compare/explained.ts'

export interface Diagnosis {
  /** The worst first, as they are shown. */
  journeys: Journey<PrintedFix>[]
  /** The first fix that was tried and helps, as it is shown. */
  fix?: PrintedFix
  warnings: string[]
}

const GOOD: readonly unknown[] = ['delivered', 'forwarded', 'sent']

export function diagnose(
  format: CaptureFormat,
  log: readonly string[],
  files: Readonly<Record<string, string>>,
): Diagnosis {
  const { world, warnings } = buildWorld(files)
  const groups = new Groups(() => true)
  const exchanges = new Exchanges()
  const said = warnings.map(({ input, code, message }) => `${input}: ${code}: ${message}`)
  const explainer = new CaptureExplainer(
    format,
    world,
    (code, message) => said.push(`${code}: ${message}`),
    (closed) => {
      const number = exchanges.note(closed)
      if (groups.add(closed) && number !== undefined) exchanges.list.show(number)
    },
    { engine: modelEngine },
  )
  explainer.push(new TextEncoder().encode(log.map((line) => `${line}\n`).join('')))
  explainer.end()
  groups.tellExchanges(exchanges)
  const journeys = worstFirst(groups.list).map((group) => printedGroup(group).journey)
  const fix = firstHelping(journeys)
  return { journeys, ...(fix ? { fix } : {}), warnings: said }
}

/** As it is shown. */
export const firstHelping = (journeys: readonly Journey<PrintedFix>[]): PrintedFix | undefined =>
  journeys
    .flatMap(distinctFixes)
    .find(({ verified, after, but }) => verified !== undefined && GOOD.includes(after) && but === undefined)
