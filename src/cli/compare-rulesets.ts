/** `nfwhy compare A B` where A and B are files: two rulesets, what changed, and which rules counted in between. */
import { existsSync } from 'node:fs'
import { type Inputs, onlyMachine } from '../analysis/inputs/open.ts'
import { compareRulesets } from '../analysis/rulesets.ts'
import { printable } from '../model/printable.ts'
import { UserError } from '../model/user-error.ts'
import { rulesetsJson, rulesetsText, warningsText } from '../reports/index.ts'
import { EXIT } from './errors.ts'
import { readInputs } from './inputs.ts'
import { Output } from './stdout.ts'
import { type Colour, terminalOptions } from './terminal.ts'

interface Options {
  full?: boolean
  json?: boolean
  color?: Colour
  width?: number
}

/** Journeys are named by numbers and filters; what is there as a file or folder is a ruleset. */
export const areRulesets = (a: string, b: string): boolean => existsSync(a) && existsSync(b)

/** The exit code; throws UserError and ClosedPipe. `shared`: host state of both. */
export async function runCompareRulesets(
  shared: readonly string[],
  as: readonly string[],
  [a, b]: readonly [string, string],
  options: Options,
): Promise<number> {
  const terminal = terminalOptions(options, true)
  const [before, after] = [await readSide(a, shared, as), await readSide(b, shared, as)]
  const comparison = compareRulesets(onlyMachine(before).world, onlyMachine(after).world)
  const warnings = [...before.warnings, ...after.warnings]
  for (const { name } of [...before.captures, ...after.captures])
    warnings.push({ input: name, code: 'capture-unused', message: 'it is a capture: only the rulesets are compared' })
  const out = new Output()
  out.write(
    options.json
      ? rulesetsJson(comparison, { a: before.files, b: after.files }, warnings)
      : rulesetsText(comparison, terminal),
  )
  out.flush()
  process.stderr.write(warningsText(warnings, terminal))
  return EXIT.done
}

async function readSide(path: string, shared: readonly string[], as: readonly string[]): Promise<Inputs> {
  const inputs = await readInputs(
    [...shared, path],
    as.filter((one) => one.endsWith(`:${path}`)),
  )
  if (!inputs.machines.some(({ world }) => world.tables.length > 0 || world.hasNoRules))
    throw new UserError(
      `There is no ruleset in ${printable(path)}.`,
      'Two files or folders are two rulesets that are compared; journeys are named by numbers or filters:\n' +
        '  nfwhy compare before.rules after.rules\n  nfwhy compare trace.log rules.v4 1 2',
    )
  return inputs
}
