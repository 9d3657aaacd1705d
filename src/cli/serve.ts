/** `nfwhy serve`: files in a page of this machine's browser. */
import { closeSync, fstatSync, openSync } from 'node:fs'
import type { Command } from 'commander'
import type { Diagnostic } from '../model/diagnostic.ts'
import { printable } from '../model/printable.ts'
import { reasonOf } from '../model/system-error.ts'
import { UserError } from '../model/user-error.ts'
import { warningsText } from '../reports/index.ts'
import { descriptorInput, diskInput, type ServedInput } from '../server/input.ts'
import { type Named, STDIN } from './expand.ts'
import { nameFiles } from './inputs.ts'
import { placeOf, startPage } from './page-server.ts'
import { readingOptions } from './reading.ts'
import { openSource } from './source.ts'
import { spool } from './spool.ts'
import { Output } from './stdout.ts'
import { terminalOptions } from './terminal.ts'
import { type SetupOptions, setupOptions } from './trace-setup.ts'

interface Options extends SetupOptions {
  as?: string[]
  port?: string
  live?: boolean
  store?: string
}

export function serveCommand(program: Command): Command {
  const collect = (value: string, before: string[] = []) => [...before, value]
  const serve = program
    .command('serve')
    .summary('show packets, their paths and the rules in a browser')
    .description(
      'Shows in a browser what explain, map and simulate print: the packets, the path and the verdict of each, the ' +
        'rules. It prints a link, which works on this machine only, until Ctrl-C. The link contains a secret: only ' +
        'those who have it can read the files.\n' +
        'INPUT is any number of files, folders and archives, or - for standard input, which is read to its end first. ' +
        'Without INPUT the page opens empty: drop files on it. Load the page again when files have changed.\n' +
        'With --live FILTER it traces packets as nfwhy trace does, and the page follows the trace. The trace ends when the ' +
        'page is closed, by Ctrl-C, or at the deadline; then everything that it set up is removed.\n' +
        'With --store URL it shows the failed exchanges that --store of other commands has stored, over time: by which ' +
        'rule, on which host, since when.\n' +
        'To look from another machine, forward the port under the same number: ssh -L 8080:127.0.0.1:8080 HOST, with ' +
        '--port 8080 on HOST.',
    )
    .argument('[INPUT...]', 'captures, rulesets and host state; with --live: FILTER')
    .option('--live', 'trace packets that match FILTER, or all of them')
    .option('--store <URL>', 'show what a store holds, over time, as query takes it')
    .option('--port <NUMBER>', 'listen on this port, not on any free one')
    .option('--as <FORMAT:FILE>', 'read FILE as FORMAT, whatever it looks like (repeatable)', collect)
  return setupOptions(serve).action(async (given: string[], options: Options) => {
    if (options.store !== undefined) {
      if (given.length > 0 || options.as || options.live)
        throw new UserError('--store takes no files, no --as and no --live: the page shows what the store holds.')
      await runStore(options.store, options)
      return
    }
    if (options.live) {
      if (options.as) throw new UserError('--live takes no --as: it reads what it traces.')
      await runLive(given.join(' '), options)
      return
    }
    const meant = serve.options.find(
      (one) => SETUP.has(one.attributeName()) && serve.getOptionValueSource(one.attributeName()) === 'cli',
    )
    if (meant) throw new UserError(`${meant.long} is for a trace: give --live as well.`)
    await runServe(given, options)
  })
}

/** Serves what is traced; throws as `serveLive` does. */
async function runLive(filter: string, options: Options): Promise<void> {
  const { serveLive } = await import('./serve-live.ts')
  const { page, port } = placeOf(options)
  await serveLive(filter, options, (live) => startPage({ page, inputs: [], live, ...port }), tellLink)
}

/** Throws UserError where there is no such store. */
async function runStore(url: string, options: Options): Promise<void> {
  const { storeFeed } = await import('./serve-store.ts')
  const { page, port } = placeOf(options)
  const { link } = await startPage({ page, inputs: [], store: await storeFeed(url), ...port })
  tellLink(link)
}

function tellLink(link: string): void {
  const out = new Output()
  out.write(`Open ${link} in a browser on this machine. Ctrl-C ends it.\n`)
  out.flush()
}

/** Of options that are for a trace alone. */
const SETUP: ReadonlySet<string> = new Set<keyof SetupOptions>([
  ...(['rate', 'deadline', 'backend', 'via', 'log', 'programs', 'takeOver', 'drops'] as const),
])

/** Serves when it resolves; throws UserError and ClosedPipe. */
async function runServe(given: readonly string[], options: Options): Promise<void> {
  const { as = [] } = options
  const { page, port } = placeOf(options)
  const warnings: Diagnostic[] = []
  const named = nameFiles(withPiped(given, as), as, warnings)
  const inputs: ServedInput[] = []
  for (const file of named.list) {
    const input = await inputOf(file, warnings)
    // a pipe that nobody meant has nothing
    if (input && !(given.length === 0 && as.length === 0 && (await input.size()) === 0)) inputs.push(input)
  }
  process.stderr.write(warningsText(warnings, terminalOptions({}, false)))
  const { link } = await startPage({ page, inputs, ...port })
  tellLink(link)
}

/** What is piped in is meant, as for other commands; without anything (a terminal, /dev/null) the page opens empty. */
function withPiped(given: readonly string[], as: readonly string[]): readonly string[] {
  if (given.length > 0 || as.length > 0) return given
  const stats = fstatSync(0)
  return stats.isFIFO() || stats.isSocket() || stats.isFile() ? [STDIN] : []
}

/** Undefined where it was found in a folder and cannot be read. */
async function inputOf(file: Named, warnings: Diagnostic[]): Promise<ServedInput | undefined> {
  const { name, path, stats, folders, found, as } = file
  const shown = { name, folders, ...(as ? { as: as.format.id } : {}) }
  if (path === STDIN || !stats.isFile()) return descriptorInput(shown, await spooled(file))
  try {
    // whoever may not read it learns that here, not on the page
    closeSync(openSync(path, 'r'))
    return diskInput(shown, path)
  } catch (error) {
    if (!found) throw new UserError(`${printable(name)}: ${reasonOf(error)}.`)
    warnings.push({ input: name, code: 'unreadable', message: `${reasonOf(error)}; it was left out` })
    return undefined
  }
}

async function spooled(file: Named): Promise<number> {
  const source = openSource(file)
  // the first Ctrl-C ends what is still being written, and what came is shown
  const done = readingOptions().whileLive(() => source.close())
  try {
    if (source.live) process.stderr.write(`Reading ${printable(file.name)} to its end …\n`)
    return await spool(source)
  } finally {
    done()
    source.close()
  }
}
