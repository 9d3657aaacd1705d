/** `nfwhy compare`: two journeys side by side, and the first step where they part; or two rulesets. */
import type { Command } from 'commander'
import type { ClosedJourney } from '../analysis/closed-journey.ts'
import { compareJourneys } from '../analysis/compare.ts'
import { runCaptures } from '../analysis/run.ts'
import { readFilter } from '../analysis/select.ts'
import type { Journey } from '../model/journey.ts'
import { UserError } from '../model/user-error.ts'
import type { World } from '../model/world.ts'
import { comparisonJson, comparisonText, warningsText } from '../reports/index.ts'
import { areRulesets, runCompareRulesets } from './compare-rulesets.ts'
import { inputOptions } from './explain.ts'
import { readInputs } from './inputs.ts'
import { readingOptions } from './reading.ts'
import { Output } from './stdout.ts'
import { terminalOptions } from './terminal.ts'

interface CompareOptions {
  as?: string[]
  full?: boolean
  json?: boolean
  idle: number
  color?: boolean
  width?: number
}

const HOW = [
  '  nfwhy compare before.rules after.rules',
  '  nfwhy compare trace.log rules.v4 1 2',
  "  nfwhy compare trace.log rules.v4 'dst port 80' 'dst port 52000'",
  '',
  'A and B are journeys as explain numbers them (#1), or filters: the first packet that matches. Where both are files ' +
    'or folders, their rulesets are compared: what was added, removed and moved, and, saved with iptables-save -c, ' +
    'which rules counted in between.',
].join('\n')

export function compareCommand(program: Command): Command {
  return inputOptions(
    program
      .command('compare')
      .summary('where two packets of a capture part ways; or two rulesets')
      .description(`Shows two journeys side by side and the first step where they part, or two rulesets.\n\n${HOW}`)
      .argument('<INPUT A B...>', 'captures, rulesets and host state; then two journeys or two rulesets')
      .usage('[options] [INPUT...] A B'),
  )
    .option('--full', 'every step, every rule in full length')
    .option('--json', 'one JSON document')
    .option('--width <COLUMNS>', 'width of the text', Number)
    .option('--no-color', 'without colour (NO_COLOR does the same)')
    .action(async (given: string[], options: CompareOptions) => {
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
  const choices = [makeChoice(a), makeChoice(b)]
  const inputs = await readInputs(given.slice(0, -2), options.as ?? [])
  if (inputs.captures.length === 0) throw new UserError('There is no capture among the inputs.', HOW)
  const seen: string[] = []
  const take = (closed: ClosedJourney) => {
    for (const choice of choices) {
      if (choice.journey || !choice.fits(closed)) continue
      choice.journey = closed.explain()
      choice.world = closed.world
      // the same filter twice means two packets
      break
    }
    if (seen.length < 10) seen.push(`#${closed.id}`)
  }
  const stats = await runCaptures(inputs, take, { idle: options.idle, ...readingOptions() })
  for (const { text, journey } of choices)
    if (!journey)
      throw new UserError(
        `No journey is ${text}${choices[0]!.text === choices[1]!.text ? ' a second time' : ''}.`,
        stats.journeys === 0
          ? 'The capture has none.'
          : `There are ${stats.journeys}: ${seen.join(' ')}${stats.journeys > seen.length ? ' …' : ''}`,
      )
  const comparison = compareJourneys(choices[0]!.journey!, choices[1]!.journey!, choices[0]!.world!)
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

interface Choice {
  text: string
  fits(closed: ClosedJourney): boolean
  journey?: Journey
  world?: World
}

/** `1` or `#1`: the journey of that number; else a filter. Throws UserError. */
function makeChoice(text: string): Choice {
  const id = /^#?(\d+)$/.exec(text)?.[1]
  if (id !== undefined) return { text: `#${id}`, fits: (closed) => closed.id === Number(id) }
  const condition = readFilter(text)
  return { text: `'${text}'`, fits: (closed) => closed.matches(condition) }
}
