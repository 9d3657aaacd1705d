/** All captures of the inputs, told in one report. */
import type { Inputs } from '../analysis/inputs/open.ts'
import { nothingTraced } from '../analysis/nothing-traced.ts'
import { type RunOptions, runCaptures } from '../analysis/run.ts'
import type { JourneyReport } from './journeys.ts'

/**
 * Was one of the shown journeys a problem? `warns`: the report's end tells what could not be used; else whoever asks does.
 * Throws UserError where no capture has a single event, and whatever the report's sink throws.
 */
export async function tellAll(
  inputs: Inputs,
  report: JourneyReport,
  { warns, ...options }: RunOptions & { warns: boolean },
): Promise<boolean> {
  const stats = await runCaptures(inputs, report.take, options)
  if (stats.journeys === 0) inputs.warnings.push(...nothingTraced(inputs))
  return report.end({ inputs: inputs.files, warnings: warns ? inputs.warnings : [], stats })
}
