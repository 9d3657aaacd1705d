/** `nfwhy query`: named queries and SQL over what --store has stored. */
import type { Command } from 'commander'
import { UserError } from '../model/user-error.ts'
import { EXIT } from './errors.ts'
import { openAnswer } from './query-output.ts'
import { Output } from './stdout.ts'
import { type Colour, terminalOptions, textOptions } from './terminal.ts'

interface QueryOptions {
  store?: string
  json?: boolean
  csv?: boolean
  color?: Colour
  width?: number
}

/** Unless --store names another one. */
const STORE = 'duckdb:nfwhy.duckdb'

export function queryCommand(program: Command): Command {
  return textOptions(
    program
      .command('query')
      .summary('ask a store: which rule dropped most, what is new, what became of a flow')
      .description(
        'Answers a named query, or any SQL that only reads, from what `explain`, `trace`, `simulate` and `watch` have stored with ' +
          '--store. Without arguments it lists the named queries. SQL is one word: ' +
          "nfwhy query 'select outcome, count(*) from journeys group by outcome'. The tables are exchanges, journeys, steps, " +
          'findings, drops and rulesets.',
      )
      .argument('[NAME...]', 'a named query and its argument, or SQL')
      .option('--store <URL>', `duckdb:FILE, parquet:DIR or clickhouse://HOST/DATABASE (default: ${STORE})`)
      .option('--json', 'one JSON document')
      .option('--csv', 'comma-separated values, with a line of names'),
  ).action(async (words: string[], options: QueryOptions) => {
    process.exitCode = await runQuery(words, options)
  })
}

/** The exit code; throws UserError and ClosedPipe. */
async function runQuery(words: readonly string[], options: QueryOptions): Promise<number> {
  const { json, csv, store = STORE } = options
  if (json && csv) throw new UserError('--json and --csv exclude each other: choose one.')
  const terminal = terminalOptions(options, true)
  const { openReader, parseStoreUrl, QUERIES, readQuery } = await import('../store/index.ts')
  const out = new Output()
  const writer = openAnswer(json ? 'json' : csv ? 'csv' : 'text', terminal, out)
  if (words.length === 0) {
    writer.begin(['query', 'says'])
    for (const { name, argument, says } of QUERIES) writer.row([argument ? `${name} ${argument}` : name, says])
    writer.end()
    out.flush()
    return EXIT.done
  }
  const { sql, parameters } = readQuery(words)
  const reader = await openReader(parseStoreUrl(store))
  try {
    const { columns, rows } = await reader.query(sql, parameters)
    writer.begin(columns)
    for await (const row of rows) writer.row(row)
    writer.end()
    out.flush()
  } finally {
    reader.close()
  }
  return EXIT.done
}
