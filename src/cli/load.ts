/** `nfwhy load`: what hosts have handed to a broker, into the store that is asked. */
import type { Command } from 'commander'
import { EndSignals } from './end-signals.ts'
import { EXIT } from './errors.ts'
import { Output } from './stdout.ts'

interface LoadOptions {
  untilEmpty?: boolean
}

export function loadCommand(program: Command): Command {
  return program
    .command('load')
    .summary('load what many hosts have stored in a NATS broker into a database')
    .description(
      'Takes what `explain`, `trace`, `simulate` and `watch` of any number of hosts have handed to a broker by --store ' +
        'nats://…, and stores it. Any number of loaders can share the work. A message leaves the broker after it is stored; ' +
        'what a loader leaves undone, another one gets. Ctrl-C ends it after the current insert.\n\n' +
        '  nfwhy load nats://broker.example clickhouse://db.example/nfwhy',
    )
    .argument('<FROM>', 'the broker, and its stream: nats://HOST/STREAM')
    .argument('<TO>', 'a store: clickhouse://HOST/DATABASE, duckdb:FILE or parquet:DIR')
    .option('--until-empty', 'end when everything is stored')
    .action(async (from: string, to: string, options: LoadOptions) => {
      process.exitCode = await runLoad(from, to, options)
    })
}

/** The exit code; throws UserError and ClosedPipe. */
async function runLoad(from: string, to: string, { untilEmpty = false }: LoadOptions): Promise<number> {
  const { countsText, loadStore, rowsOf } = await import('../store/index.ts')
  const signals = new EndSignals(() => {})
  const ending = new AbortController()
  signals.whenWanted(() => ending.abort())
  const tell = (message: string): void => void process.stderr.write(`nfwhy: ${message}\n`)
  try {
    const { messages, stored, lost, unreadable } = await loadStore(from, to, {
      untilEmpty,
      ending: ending.signal,
      tell,
    })
    const out = new Output()
    out.write(`Stored ${messages} ${messages === 1 ? 'message' : 'messages'}: ${countsText(stored)}.\n`)
    if (rowsOf(lost) > 0) out.write(`Lost by hosts: ${countsText(lost)}.\n`)
    if (unreadable > 0)
      out.write(`Removed, as unreadable: ${unreadable} ${unreadable === 1 ? 'message' : 'messages'}.\n`)
    out.flush()
    return unreadable > 0 ? EXIT.problem : EXIT.done
  } finally {
    signals.close()
  }
}
