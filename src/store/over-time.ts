/**
 * Failed exchanges over time, for the page: counted by rule, host or status, and the explanation that is stored of one.
 * The SQL is what DuckDB and ClickHouse both take, as in queries.ts.
 */
import { describeEnd } from '../explain/context.ts'
import { nameRef } from '../explain/refs.ts'
import { isFailed, STATUSES } from '../model/exchange.ts'
import type {
  Behind,
  Grouping,
  OverTime,
  Span,
  StoredExchange,
  StoredExplanation,
  StoredFinding,
  StoredPacket,
} from '../ui/over-time.ts'
import type { Parameters } from './queries.ts'
import type { Reader, Value } from './store.ts'

const BARS = 60
const MOST_GROUPS = 30
const MOST_EXCHANGES = 100
/** Of one exchange, in full. */
const MOST_PACKETS = 20

const FAILED = `source = 'trace' AND status IN (${STATUSES.filter(isFailed)
  .map((one) => `'${one}'`)
  .join(', ')})`
const WITHIN = `${FAILED} AND time >= $from AND time < $until`
const GROUPS: Readonly<Record<Grouping, string>> = {
  rule: `coalesce(culprit_ref, concat('no rule: ', status))`,
  host: `coalesce(host, 'unknown host')`,
  status: 'status',
}

type Row = Readonly<Record<string, Value>>

async function all(reader: Reader, sql: string, parameters: Parameters = {}): Promise<Row[]> {
  const { columns, rows } = await reader.query(sql, parameters)
  const found: Row[] = []
  for await (const row of rows) found.push(Object.fromEntries(columns.map((name, i) => [name, row[i] ?? null])))
  return found
}

const textIn = (value: Value | undefined): string | undefined =>
  value === null || value === undefined || value === '' ? undefined : String(value)
const numberIn = (value: Value | undefined): number | undefined =>
  value === null || value === undefined ? undefined : Number(value)

/** `asked`: absent ends are those of what is stored. Throws UserError. */
export async function overTime(reader: Reader, by: Grouping, asked: Partial<Span>): Promise<OverTime> {
  const group = GROUPS[by]
  const [ends] = await all(reader, `SELECT min(time) AS first, max(time) AS last FROM exchanges WHERE source = 'trace'`)
  const [none] = await all(reader, `SELECT count(*) AS untimed FROM exchanges WHERE ${FAILED} AND time IS NULL`)
  const untimed = numberIn(none?.untimed) ?? 0
  const [first, last] = [numberIn(ends?.first), numberIn(ends?.last)]
  // ClickHouse has zeros for the least of nothing
  const stored = first !== undefined && last !== undefined && last > 0 ? { from: first, until: last + 1 } : undefined
  const from = asked.from ?? stored?.from ?? 0
  const until = Math.max(asked.until ?? stored?.until ?? 0, from + 1)
  const width = Math.ceil((until - from) / BARS)
  const span = { from, until }
  const counted = await all(
    reader,
    `SELECT ${group} AS name, count(*) AS exchanges, count(DISTINCT host) AS hosts, max(time) AS last, max(culprit_text) AS rule_text
FROM exchanges WHERE ${WITHIN} GROUP BY ${group} ORDER BY exchanges DESC, name`,
    span,
  )
  const shown = counted.slice(0, MOST_GROUPS)
  const bars = new Map(shown.map(({ name }) => [name, Array.from({ length: BARS }, () => 0)]))
  const parts = await all(
    reader,
    `SELECT ${group} AS name, floor((time - $from) / $width) AS bar, count(*) AS exchanges
FROM exchanges WHERE ${WITHIN} GROUP BY ${group}, floor((time - $from) / $width)`,
    { ...span, width },
  )
  for (const { name, bar, exchanges } of parts) {
    const of = bars.get(name!)
    if (of) of[Number(bar)] = Number(exchanges)
  }
  const firsts = await all(
    reader,
    `SELECT ${group} AS name, min(time) AS first FROM exchanges WHERE ${FAILED} AND time IS NOT NULL GROUP BY ${group}`,
  )
  const firstOf = new Map(firsts.map(({ name, first }) => [name, Number(first)]))
  return {
    ...(stored ? { stored } : {}),
    ...{ untimed, span, width },
    exchanges: counted.reduce((sum, { exchanges }) => sum + Number(exchanges), 0),
    groups: shown.map(({ name, exchanges, hosts, last, rule_text }) => {
      const text = by === 'rule' ? textIn(rule_text) : undefined
      return {
        ...{ name: String(name), exchanges: Number(exchanges), hosts: Number(hosts), last: Number(last) },
        ...{ first: firstOf.get(name!)!, bars: bars.get(name!)!, ...(text === undefined ? {} : { text }) },
      }
    }),
    more: counted.length - shown.length,
  }
}

const COLUMNS = 'exchange, time, host, protocol, src, sport, dst, dport, status, culprit_ref'

/** Throws UserError. */
export async function behindBar(reader: Reader, by: Grouping, name: string, span: Span): Promise<Behind> {
  const parameters = { ...span, name }
  const where = `${WITHIN} AND ${GROUPS[by]} = $name`
  const [count] = await all(reader, `SELECT count(*) AS number FROM exchanges WHERE ${where}`, parameters)
  const rows = await all(
    reader,
    `SELECT ${COLUMNS} FROM exchanges WHERE ${where} ORDER BY time DESC, exchange LIMIT ${MOST_EXCHANGES}`,
    parameters,
  )
  return { exchanges: rows.map(exchangeIn), all: Number(count!.number) }
}

function exchangeIn(row: Row): StoredExchange {
  const [host, rule] = [textIn(row.host), textIn(row.culprit_ref)]
  return {
    ...{ key: String(row.exchange), time: Number(row.time), ...(host === undefined ? {} : { host }) },
    ...{ flow: flowIn(row), status: String(row.status), ...(rule === undefined ? {} : { rule }) },
  }
}

function flowIn({ protocol, src, sport, dst, dport }: Row): string {
  const end = (address: Value | undefined, port: Value | undefined) => describeEnd(textIn(address), numberIn(port))
  return `${textIn(protocol) ?? 'packet'} ${end(src, sport)} > ${end(dst, dport)}`
}

/** A key that is none is in no table. */
const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/

/** Undefined: there is no such exchange. Throws UserError. */
export async function storedExplanation(reader: Reader, key: string): Promise<StoredExplanation | undefined> {
  if (!UUID.test(key)) return undefined
  const [row] = await all(
    reader,
    `SELECT ${COLUMNS}, culprit_text, owner, cause, same_as FROM exchanges WHERE exchange = $key`,
    { key },
  )
  if (!row) return undefined
  const same = textIn(row.same_as)
  const found = await findingsOf(reader, 'exchange', key)
  const [text, owner] = [textIn(row.culprit_text), textIn(row.owner)]
  return {
    exchange: exchangeIn(row),
    ...(text === undefined ? {} : { text }),
    ...(owner === undefined ? {} : { owner }),
    cause: (textIn(row.cause) ?? '').split('\n').filter((line) => line !== ''),
    isOfAnother: same !== undefined,
    findings: found.length > 0 || same === undefined ? found : await findingsOf(reader, 'journey', same),
    packets: await packetsOf(reader, key),
  }
}

async function findingsOf(reader: Reader, about: string, subject: string): Promise<StoredFinding[]> {
  const rows = await all(
    reader,
    'SELECT severity, message, fix, command, undo FROM findings WHERE about = $about AND subject = $subject ORDER BY n',
    { about, subject },
  )
  return rows.map(({ severity, message, fix, command, undo }) => ({
    ...{ severity: String(severity), message: String(message) },
    ...known({ fix, command, undo }),
  }))
}

async function packetsOf(reader: Reader, key: string): Promise<StoredPacket[]> {
  const rows = await all(
    reader,
    `SELECT time, protocol, src, sport, dst, dport, outcome, culprit_ref, path FROM journeys WHERE exchange = $key
ORDER BY time, uptime, journey LIMIT ${MOST_PACKETS}`,
    { key },
  )
  const steps = new Map<string, StoredPacket['steps']>()
  for (const path of new Set(rows.map(({ path }) => textIn(path))))
    if (path !== undefined) steps.set(path, await stepsOf(reader, path))
  return rows.map((row) => {
    const time = numberIn(row.time)
    return {
      ...(time === undefined ? {} : { time }),
      ...{ flow: flowIn(row), outcome: String(row.outcome), ...known({ rule: row.culprit_ref }) },
      steps: steps.get(textIn(row.path) ?? '') ?? [],
    }
  })
}

async function stepsOf(reader: Reader, path: string): Promise<StoredPacket['steps']> {
  const rows = await all(
    reader,
    `SELECT hook, family, table_name, chain, rule_number, handle, kind, verdict, changes FROM steps WHERE path = $path
ORDER BY n`,
    { path },
  )
  return rows.map(({ hook, verdict, changes, ...at }) => ({ ...known({ hook, verdict, changes }), at: placeOf(at) }))
}

/** As nfwhy names a rule or a policy. */
function placeOf({ family, table_name, chain, rule_number, handle, kind }: Row): string {
  const [table, name] = [textIn(table_name), textIn(chain)]
  if (table === undefined || name === undefined) return String(kind)
  const [ruleNumber, of] = kind === 'policy' ? [] : [numberIn(rule_number), numberIn(handle)]
  return nameRef({
    ...{ family: String(family), table, chain: name },
    ...(ruleNumber === undefined ? {} : { ruleNumber }),
    ...(of === undefined ? {} : { handle: of }),
  })
}

/** Without what is NULL. */
const known = <Names extends string>(row: Record<Names, Value | undefined>): Partial<Record<Names, string>> =>
  Object.fromEntries(
    Object.entries<Value | undefined>(row).flatMap(([name, value]) => {
      const text = textIn(value)
      return text === undefined ? [] : [[name, text]]
    }),
  ) as Partial<Record<Names, string>>
