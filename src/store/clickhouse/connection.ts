/** A connection to ClickHouse by its official client, which is loaded only where a store is there. */
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client'
import { printable } from '../../model/printable.ts'
import { UserError } from '../../model/user-error.ts'
import { isOfCertificate, withTrust } from '../certificate.ts'
import { loadPeer } from '../peer.ts'
import { StoreAway } from '../store.ts'
import { type Address, PASSWORD_FROM } from './url.ts'

/** Milliseconds: how long a request may take. */
const LONGEST = 600_000
/** Milliseconds: how long a server that does not answer is asked again, and between two times at most. */
const PATIENCE = 60_000
const LONGEST_PAUSE = 2000
/** So often is asked whatever a server hung up on: it ends connections that were idle, and an answer may cross that. */
const MOST_ASKED = 4

/** The server has too much to do, or stops: it may take the same later. */
const LATER = new Set([159, 202, 203, 209, 210, 225, 236, 241, 242, 252, 319, 394, 425, 999, 1000])
const NOT_LET_IN = new Set([192, 193, 194, 195, 516])
const NO_DATABASE = 81
const ONLY_READS = 164

export class Connection {
  readonly address: Address
  private readonly client: ClickHouseClient
  private readonly patience: number

  /** `patience`: milliseconds. Throws UserError where the client is not installed. */
  constructor(address: Address, patience = PATIENCE) {
    const { createClient, ClickHouseLogLevel } = loadPeer<typeof import('@clickhouse/client')>(
      '@clickhouse/client',
      "ClickHouse's client",
      'This store',
    )
    const { endpoint: url, user: username, password, database } = address
    this.address = address
    this.patience = patience
    this.client = createClient({
      ...{ url, username, password, database, request_timeout: LONGEST, application: 'nfwhy' },
      // it would print requests
      log: { level: ClickHouseLogLevel.OFF },
    })
  }

  /** The rows of a query, as arrays of text. Throws UserError. */
  async rows(sql: string): Promise<string[][]> {
    return this.asking(async () => {
      const result = await this.client.query({ query: sql, format: 'JSONCompact' })
      const { data } = await result.json<unknown[]>()
      return data.map((row) => row.map(String))
    })
  }

  /** Lines of the answer, as TabSeparatedWithNamesAndTypes has them. Throws UserError, also while they are read. */
  async lines(sql: string, settings: ClickHouseSettings): Promise<AsyncIterableIterator<string>> {
    // else what goes wrong amid the answer would be a part of it
    const clickhouse_settings = { ...settings, wait_end_of_query: 1 } as const
    const ask = () => this.client.query({ query: sql, format: 'TabSeparatedWithNamesAndTypes', clickhouse_settings })
    const result = await this.asking(ask, undefined, true)
    return this.linesOf(result.stream())
  }

  private async *linesOf(stream: AsyncIterable<readonly { text: string }[]>): AsyncGenerator<string> {
    try {
      for await (const rows of stream) for (const { text } of rows) yield text
    } catch (error) {
      throw this.problem(error)
    }
  }

  /** Throws UserError. */
  async run(sql: string): Promise<void> {
    await this.asking(() => this.client.command({ query: sql }))
  }

  /** `lines`: an object of JSON each. What a server does not take now it is given again. Throws UserError. */
  async insert(table: string, lines: string): Promise<void> {
    const query = `INSERT INTO ${table} FORMAT JSONEachRow`
    const until = performance.now() + this.patience
    await this.asking(
      async () => {
        const values = Readable.from([Buffer.from(lines)], { objectMode: false })
        const { stream } = await this.client.exec({ query, values })
        for await (const _ of stream);
      },
      (error) => isPassing(error) && performance.now() <= until,
    )
  }

  async close(): Promise<void> {
    await this.client.close()
  }

  /** Whatever is asked by it may be asked again: it reads, makes what is not there, or writes rows that have keys. */
  private async asking<T>(
    ask: () => Promise<T>,
    isAskedAgain = (error: unknown, asked: number) => hungUp(error) && asked < MOST_ASKED,
    isQuery = false,
  ): Promise<T> {
    let pause = 100
    for (let asked = 1; ; asked++, pause = Math.min(2 * pause, LONGEST_PAUSE)) {
      try {
        return await ask()
      } catch (error) {
        if (!isAskedAgain(error, asked)) throw this.problem(error, isQuery)
        await sleep(pause)
      }
    }
  }

  /** `isQuery`: nothing was to be written. */
  private problem(error: unknown, isQuery = false): unknown {
    if (!(error instanceof Error) || error instanceof UserError) return error
    const { name, database, user } = this.address
    const code = codeOf(error)
    if (code === undefined && isOfOther(error))
      return new UserError(
        `${printable(name)}: what answers there is not ClickHouse: ${printable(error.message.split('\n')[0]!.trim())}`,
        "Give the port that the server's configuration names as http_port, or for clickhouses:// as https_port.",
      )
    if (code === undefined)
      return isOfNetwork(error) ? new StoreAway(`${printable(name)}: ${printable(withTrust(error))}.`) : error
    if (NOT_LET_IN.has(code))
      return new UserError(
        `${printable(name)}: ClickHouse does not let ${printable(user)} in: user or password is wrong.`,
        `They are in the URL, clickhouse://USER:PASSWORD@HOST:PORT/DATABASE, or the password is in ${PASSWORD_FROM}.`,
      )
    if (code === NO_DATABASE)
      return new UserError(
        `${printable(name)}: there is no such database.`,
        `nfwhy makes tables, not databases:\n  clickhouse-client --query 'CREATE DATABASE ${printable(database)}'`,
      )
    return new UserError(wordsOf(error), code === ONLY_READS && !isQuery ? 'This user may not write there.' : undefined)
  }
}

/** ClickHouse's number of what went wrong. Undefined: it did not come from ClickHouse. */
function codeOf(error: Error): number | undefined {
  const number = Number((error as { code?: string }).code)
  if (Number.isInteger(number)) return number
  const [, code] = /^(?:\w+::Exception\. )?Code: (\d+)/.exec(error.message) ?? []
  return code === undefined ? undefined : Number(code)
}

/** Node's errors have a code in capitals; the client's own say that it took too long, and a proxy's that there is no server. */
function isOfNetwork(error: Error): boolean {
  const { code = '' } = error as NodeJS.ErrnoException
  return (
    isOfCertificate(code) ||
    /^(?:E[A-Z]+|UND_ERR\w*|ERR_SSL\w*|HPE_\w+)$/.test(code) ||
    /timeout|socket hang up|aborted|gateway|unavailable/i.test(error.message)
  )
}

/** Not HTTP, no TLS, or TLS where none is. */
const OTHER_PROTOCOL = /^(?:HPE_\w+|EPROTO|ERR_SSL_WRONG_VERSION_NUMBER|ERR_SSL_PACKET_LENGTH_TOO_LONG)$/

/** Another server answers there: ClickHouse's answers are JSON, or have a number. */
function isOfOther(error: Error): boolean {
  const { code } = error as NodeJS.ErrnoException
  if (code !== undefined) return OTHER_PROTOCOL.test(code)
  return error instanceof SyntaxError || (error.constructor === Error && !isOfNetwork(error))
}

/** The server was there, and closed the connection. */
const hungUp = (error: unknown): boolean =>
  error instanceof Error &&
  (['ECONNRESET', 'EPIPE'].includes((error as NodeJS.ErrnoException).code ?? '') || error.message === 'socket hang up')

function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = codeOf(error)
  return code === undefined ? isOfNetwork(error) : LATER.has(code)
}

/** Its word on the SQL, without its own names and trace. */
const wordsOf = ({ message }: Error): string =>
  printable(
    message
      .split('\n')[0]!
      .replace(/^(?:\w+::Exception\. )?Code: \d+[.,]\s*/, '')
      .replace(/e\.code\(\) = \d+, /, '')
      .replace(/^e\.displayText\(\) = /, '')
      .replace(/^DB::Exception: /, '')
      .replace(/, e\.what\(\) = .*$/, '')
      .trim(),
  )
