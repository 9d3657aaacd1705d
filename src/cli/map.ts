/** `nfwhy map`: the hooks in order, with a ruleset's tables and chains at their priorities; or, as JSON, all of its rules. */
import type { Command } from 'commander'
import { mapHooks } from '../analysis/hook-map.ts'
import type { Diagnostic } from '../model/diagnostic.ts'
import { withoutOwn } from '../model/own-table.ts'
import { UserError } from '../model/user-error.ts'
import { ambiguousWords, mapText, rulesetJson, warningsText } from '../reports/index.ts'
import { EXIT } from './errors.ts'
import { withStdin } from './explain.ts'
import { readInputs } from './inputs.ts'
import { Output } from './stdout.ts'
import { type Colour, terminalOptions, textOptions } from './terminal.ts'

interface MapOptions {
  as?: string[]
  json?: boolean
  color?: Colour
  width?: number
}

export function mapCommand(program: Command): Command {
  const collect = (value: string, before: string[] = []) => [...before, value]
  return textOptions(
    program
      .command('map')
      .summary('the hooks in order, with the tables and chains attached to them')
      .description(
        'Shows in which order a packet traverses the chains of a ruleset: by hook and priority, with ' +
          'iptables-legacy and nf_tables side by side. It also shows where the order is unknown. --json gives the ' +
          'ruleset as nfwhy understood it, rule by rule.',
      )
      .argument('[INPUT...]', 'rulesets')
      .option('--as <FORMAT:FILE>', 'read FILE as FORMAT, whatever it looks like (repeatable)', collect)
      .option('--json', 'one JSON document'),
  ).action(async (given: string[], options: MapOptions) => {
    process.exitCode = await runMap(given, options)
  })
}

/** The exit code; throws UserError and ClosedPipe. */
async function runMap(given: readonly string[], options: MapOptions): Promise<number> {
  const terminal = terminalOptions(options, true)
  const inputs = await readInputs(withStdin(given, options.as), options.as ?? [])
  const machines = inputs.machines.filter(({ world }) => withoutOwn(world).tables.length > 0 || world.hasNoRules)
  if (machines.length === 0)
    throw new UserError('There is no ruleset among the inputs.', '  iptables-save -c > rules.v4\n  nfwhy map rules.v4')
  const maps = machines.map(({ name, world }) => ({ name, world, map: mapHooks(world) }))
  // in the text they stand below the map
  const warnings: Diagnostic[] = [
    ...inputs.warnings,
    ...maps.flatMap(({ name, map }) =>
      map.ambiguous.map((one) => ({
        input: name ?? 'rulesets',
        code: 'ambiguous-hook-order',
        message: ambiguousWords(one),
      })),
    ),
  ]
  const out = new Output()
  if (options.json) out.write(rulesetJson(maps, { inputs: inputs.files, warnings }))
  else
    maps.forEach(({ name, map }, i) => {
      out.write((i === 0 ? '' : '\n') + mapText(map, { ...terminal, ...(name === undefined ? {} : { name }) }))
    })
  out.flush()
  process.stderr.write(warningsText(options.json ? warnings : inputs.warnings, terminal))
  return EXIT.done
}
