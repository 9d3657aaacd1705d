/** `nfwhy mcp`: answers an assistant over standard input and output, from the files that are named here. */
import type { Command } from 'commander'
import { printable } from '../model/printable.ts'
import { UserError } from '../model/user-error.ts'
import { findingCodes, findingPage, nearest } from './finding-pages.ts'
import { NamedRoots } from './named-roots.ts'

interface Options {
  limit: number
  via?: string[]
  allowTrace?: boolean
}

declare const __VERSION__: string

/** Kilobytes of an answer. */
const [LIMIT, LEAST, MOST] = [40, 4, 10_000] as const

export function mcpCommand(program: Command): Command {
  const collect = (value: string, before: string[] = []) => [...before, value]
  return program
    .command('mcp')
    .summary('answer an assistant over the Model Context Protocol')
    .description(
      'Serves the Model Context Protocol over standard input and output, for an assistant that is to find out why packets ' +
        'were dropped. It reads INPUT, and looks at this host or at those of --via for what prevents a trace. No packet is ' +
        'sent. Only with --allow-trace it traces packets there, and removes what it set up.\n' +
        'INPUT is any number of files, folders and archives. A call can name only what lies beneath them. Without INPUT ' +
        'nothing is read but the texts that calls bring along.\n' +
        'An assistant starts it by itself, with a configuration like:\n' +
        '  {"mcpServers": {"nfwhy": {"command": "nfwhy", "args": ["mcp", "/path"]}}}',
    )
    .argument('[INPUT...]', 'captures, rulesets and host state')
    .option('--limit <KB>', 'kilobytes of an answer', kilobytes, LIMIT)
    .option('--allow-trace', 'also offer to trace packets live, for at most a minute at a time')
    .option(
      '--via <COMMAND>',
      "the host to look at, not this one: 'ssh root@host', 'ip netns exec N' (repeatable)",
      collect,
    )
    .action(async (given: string[], options: Options) => runMcp(given, options))
}

function kilobytes(text: string): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= LEAST && value <= MOST) return value
  throw new UserError(`--limit ${printable(text)}: give a number of kilobytes from ${LEAST} to ${MOST}.`)
}

/** Serves when it resolves. Throws UserError. */
async function runMcp(given: readonly string[], { limit, via, allowTrace = false }: Options): Promise<void> {
  const files = new NamedRoots(given)
  const { startMcp } = await import('../mcp/server.ts')
  startMcp({
    version: __VERSION__,
    files,
    pages: { codes: findingCodes(), read: readPage },
    machines: {
      mayTrace: allowTrace,
      // what asks a machine is loaded once it is used
      doctor: async (where, filter, ending) => (await import('./mcp-machines.ts')).doctorOf(via, where, filter, ending),
      trace: async (wanted, ending) => (await import('./mcp-machines.ts')).traceOf(via, wanted, ending),
    },
    limit: limit * 1000,
    onError: (error) => process.stderr.write(`nfwhy: ${printable(error.message)}\n`),
  })
}

function readPage(code: string): string {
  const page = findingPage(code)
  if (page !== undefined) return page
  const near = nearest(code, findingCodes())
  throw new UserError(
    `"${printable(code)}" is not a finding code or a status.`,
    ...(near.length > 0 ? [`Perhaps: ${near.join(', ')}`] : []),
  )
}
