/** `nfwhy compare`: two journeys side by side, and the first step where they part; or two rulesets. */
import type { Command } from 'commander'
import { comparePair, readChoice } from '../analysis/pair.ts'
import { UserError } from '../model/user-error.ts'
import { comparisonJson, comparisonText, warningsText } from '../reports/index.ts'
import { areRulesets, runCompareRulesets } from './compare-rulesets.ts'
import { inputOptions } from './explain.ts'
import { readInputs } from './inputs.ts'
import { readingOptions } from './reading.ts'
import { Output } from './stdout.ts'
import { type Colour, terminalOptions, textOptions } from './terminal.ts'

interface CompareOptions {
  as?: string[]
  full?: boolean
  json?: boolean
  idle: number
  color?: Colour
  width?: number
}

const HOW = [
  '  nfwhy compare before.rules after.rules',
  '  nfwhy compare trace.log rules.v4 1 2',
  "  nfwhy compare trace.log rules.v4 'dst port 80' 'dst port 52000'",
  '',
  'A and B are journeys, numbered as in explain (#1), or filters; a filter selects the first packet that ' +
    'matches. If both are files or folders, nfwhy compares their rulesets: which rules were added, removed or ' +
    'moved. If both were saved with iptables-save -c, it also shows which rules counted packets in between.',
].join('\n')

export function compareCommand(program: Command): Command {
  return textOptions(
    inputOptions(
      program
        .command('compare')
        .summary('the step where two packets of a capture diverge; or the differences between two rulesets')
        .description(
          `Shows two journeys side by side and the first step where they diverge, or the differences between two rulesets.\n\n${HOW}`,
        )
        .argument('<INPUT A B...>', 'captures, rulesets and host state; then two journeys or two rulesets')
        .usage('[options] [INPUT...] A B'),
    )
      .option('--full', 'every step, every rule in full length, all fixes and notes')
      .option('--json', 'one JSON document'),
  ).action(async (given: string[], options: CompareOptions) => {
    process.exitCode = await runCompare(given, options)
  })
}

/** The exit code; throws UserError and ClosedPipe. */
async function runCompare(given: readonly string[], options: CompareOptions): Promise<number> {
  const [a, b] = given.slice(-2)
  if (a !== undefined && b !== undefined && areRulesets(a, b))
    return runCompareRulesets(given.slice(0, -2), options.as ?? [], [a, b], options)
  if (given.length < (options.as ? 2 : 3) || a === undefined || b === undefined)
    throw new UserError('compare needs inputs and two journeys, or two rulesets.', HOW)
  const terminal = terminalOptions(options, true)
  const choices = [readChoice(a), readChoice(b)] as const
  const inputs = await readInputs(given.slice(0, -2), options.as ?? [])
  if (inputs.captures.length === 0) throw new UserError('There is no capture among the inputs.', HOW)
  const { comparison, stats } = await comparePair(inputs, choices, { idle: options.idle, ...readingOptions() })
  const out = new Output()
  out.write(
    options.json
      ? comparisonJson(comparison, { inputs: inputs.files, warnings: inputs.warnings, stats })
      : comparisonText(comparison, terminal),
  )
  out.flush()
  process.stderr.write(warningsText(inputs.warnings, terminal))
  return 0
}
