/** `nfwhy flows`: connection tracking's entries with their NAT, and the journeys that belong to them. */
import type { Command } from 'commander'
import { listFlows } from '../analysis/list-flows.ts'
import { makeSelection } from '../analysis/select.ts'
import { UserError } from '../model/user-error.ts'
import { flowsJson, flowsText, warningsText } from '../reports/index.ts'
import { EXIT } from './errors.ts'
import { inputOptions, withStdin } from './explain.ts'
import { readInputs } from './inputs.ts'
import { readingOptions } from './reading.ts'
import { Output } from './stdout.ts'
import { type Colour, terminalOptions, textOptions } from './terminal.ts'

interface FlowsOptions {
  as?: string[]
  filter?: string
  full?: boolean
  json?: boolean
  idle: number
  color?: Colour
  width?: number
}

export function flowsCommand(program: Command): Command {
  return textOptions(
    inputOptions(
      program
        .command('flows')
        .summary('connections, their NAT, and the outcome of their packets')
        .description(
          "Lists conntrack's entries (conntrack -L) with their NAT addresses, and joins them with the packets of " +
            'captures: what happened to the request, and what happened to the reply.',
        )
        .argument('[INPUT...]', 'conntrack -L, captures, rulesets and host state'),
    )
      .option('--filter <EXPRESSION>', "only packets that match this filter, in tcpdump syntax: 'tcp dst port 80'")
      .option('--full', 'every connection, with each kind of its packets')
      .option('--json', 'one JSON document'),
  ).action(async (given: string[], options: FlowsOptions) => {
    process.exitCode = await runFlows(given, options)
  })
}

/** The exit code; throws UserError and ClosedPipe. */
async function runFlows(given: readonly string[], options: FlowsOptions): Promise<number> {
  const terminal = terminalOptions(options, true)
  const selection = makeSelection(options.filter === undefined ? {} : { filter: options.filter })
  const inputs = await readInputs(withStdin(given, options.as), options.as ?? [])
  if (inputs.captures.length === 0 && !inputs.machines.some(({ world }) => world.host.conntrack))
    throw new UserError(
      'There is neither a list of connections nor a capture among the inputs.',
      '  conntrack -L > conntrack.txt; conntrack -L -f ipv6 > conntrack6.txt\n  nfwhy flows conntrack.txt conntrack6.txt',
    )
  const { flows, stats, warnings } = await listFlows(inputs, selection, { idle: options.idle, ...readingOptions() })
  const out = new Output()
  out.write(options.json ? flowsJson(flows, { inputs: inputs.files, warnings, stats }) : flowsText(flows, terminal))
  out.flush()
  process.stderr.write(warningsText(warnings, terminal))
  return EXIT.done
}
