/** `nfwhy serve`: all of it in a browser, on this host. */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { printable } from '../model/printable.ts'
import { UserError } from '../model/user-error.ts'
import { warningsText } from '../reports/index.ts'
import type { ServedFile } from '../server/app.ts'
import { listen } from '../server/listen.ts'
import { reasonOf } from './errors.ts'
import { type Named, STDIN } from './expand.ts'
import { nameInputs } from './inputs.ts'
import { Output } from './stdout.ts'
import { terminalOptions } from './terminal.ts'

/** Beside the command's scripts in dist/. */
const PAGE = fileURLToPath(new URL('./page/', import.meta.url))
const LAST_PORT = 65_535

interface ServeOptions {
  as?: string[]
  port: number
}

export function serveCommand(program: Command): Command {
  const collect = (value: string, before: string[] = []) => [...before, value]
  return program
    .command('serve')
    .summary('look at captures and rulesets in a browser')
    .description(
      'Serves a page on this host alone, and prints its link: exchanges, what decided each and why, the rules, and what ' +
        'another rule would do. The browser reads the files and explains them; nothing leaves this host. Without INPUT, ' +
        'files are dropped on the page. Ctrl-C ends it.',
    )
    .argument('[INPUT...]', 'captures, rulesets and host state, or - for standard input')
    .option('--as <FORMAT:FILE>', 'read FILE as FORMAT, whatever it looks like (repeatable)', collect)
    .option('--port <PORT>', 'the port to listen on; 0: any that is free', portOf, 0)
    .action(runServe)
}

function portOf(text: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > LAST_PORT)
    throw new UserError(`--port ${printable(text)}: give a port from 0 to ${LAST_PORT}.`)
  return port
}

/** Until somebody ends it. Throws UserError. */
async function runServe(given: string[], { as = [], port }: ServeOptions): Promise<void> {
  if (!existsSync(PAGE)) throw new UserError('The page is not built: run `npm run build` in the folder of nfwhy.')
  const { named, warnings } = nameInputs(given, as)
  const files = await Promise.all(named.map(served))
  const listening = await listen({ page: PAGE, files }, port).catch((error: unknown) => {
    throw new UserError(`nfwhy cannot listen on port ${port} of 127.0.0.1: ${reasonOf(error)}.`)
  })
  process.stderr.write(warningsText(warnings, terminalOptions({}, false)))
  const out = new Output()
  out.write(`${listening.link}\n`)
  out.flush()
  process.stderr.write('Open this link on this host. Whoever has it can read the files. Ctrl-C ends it.\n')
  await new Promise<void>((done) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => done())
  })
  listening.close()
}

async function served({ name, path, stats, folders, as }: Named): Promise<ServedFile> {
  const told = { name, folders, ...(as ? { as: as.format.id } : {}) }
  if (path !== STDIN && stats.isFile()) return { ...told, content: { path, size: stats.size } }
  try {
    // a stream cannot be read again, as the page does with another filter
    return { ...told, content: { bytes: new Uint8Array(readFileSync(path === STDIN ? 0 : path)) } }
  } catch (error) {
    throw new UserError(`${printable(name)}: ${reasonOf(error)}.`)
  }
}
