/**
 * The named queries, as data. Their SQL is what DuckDB and ClickHouse both take: plain functions, no types' names, every
 * unknown value a NULL. `$name` is a parameter. ClickHouse counts values of which there are none as NULL, and has the right
 * side of a join in memory.
 */
import { readRule } from '../analysis/select.ts'
import { formatAddress, parseAddress } from '../model/address.ts'
import { printable } from '../model/printable.ts'
import { UserError } from '../model/user-error.ts'
import { parseSpec } from '../simulate/spec.ts'
import { EXCHANGES_OF_FLOW, isOfFlow, PATH } from './flow-queries.ts'
import type { Value } from './store.ts'

export type Parameters = Readonly<Record<string, Value>>

export interface NamedQuery {
  name: string
  /** What stands behind the name, if anything does. */
  argument?: string
  /** One sentence. */
  says: string
  sql: string
  /** Throws UserError. */
  parameters?(argument: string): Parameters
}

const STOPPED = `outcome IN ('dropped', 'rejected')`

export const QUERIES: readonly NamedQuery[] = [
  {
    name: 'top-droppers',
    says: 'the rules and policies that stopped most packets',
    sql: `SELECT culprit_ref AS rule, family, outcome, count(*) AS packets, coalesce(count(DISTINCT exchange), 0) AS exchanges,
  coalesce(count(DISTINCT host), 0) AS hosts, min(time) AS first_time, max(time) AS last_time, max(culprit_text) AS rule_text
FROM journeys WHERE ${STOPPED} AND source = 'trace'
GROUP BY culprit_ref, family, outcome
ORDER BY packets DESC, rule, family, outcome LIMIT 50`,
  },
  {
    name: 'new-drops-since',
    argument: 'TIME',
    says: 'what a rule stopped since TIME and never before: 2026-01-31T09:00:00Z, or 2h ago',
    sql: `SELECT host, culprit_ref AS rule, family, protocol, dst, dport, count(*) AS packets,
  coalesce(count(DISTINCT src), 0) AS sources, min(time) AS first_time, max(time) AS last_time
FROM journeys WHERE ${STOPPED} AND source = 'trace' AND time IS NOT NULL
GROUP BY host, culprit_ref, family, protocol, dst, dport
HAVING min(time) >= $since
ORDER BY packets DESC, host, rule, dst, dport LIMIT 200`,
    parameters: (argument) => ({ since: readTime(argument, Date.now()) }),
  },
  {
    name: 'kernel-drops',
    says: 'what the kernel dropped, by reason and rule, as `nfwhy watch` counted it',
    sql: `SELECT reason, culprit_ref AS rule, family, protocol, sum(packets) AS packets, coalesce(count(DISTINCT host), 0) AS hosts,
  min(time) AS first_time, max(time) AS last_time, max(culprit_text) AS rule_text
FROM drops
GROUP BY reason, culprit_ref, family, protocol
ORDER BY packets DESC, reason, rule, family, protocol LIMIT 50`,
  },
  {
    name: 'flow',
    argument: 'TUPLE',
    says: "the packets of a flow, of either direction, by addresses before or behind NAT: 'tcp 10.0.0.2:40000 > 10.0.0.1:80'",
    sql: `SELECT time, host, protocol, src, sport, dst, dport, tcp_flags, outcome, culprit_ref AS rule, journey
FROM journeys WHERE exchange IN (${EXCHANGES_OF_FLOW}) OR ${isOfFlow()}
ORDER BY time, journey LIMIT 1000`,
    parameters: readTuple,
  },
  {
    name: 'path',
    argument: 'TUPLE',
    says: "the path of each packet of a flow from host to host, through NAT: 'tcp 10.0.0.2:40000 > 10.0.0.1:80'",
    sql: PATH,
    parameters: readTuple,
  },
  {
    name: 'rule',
    argument: 'REF',
    says: "what became of the packets that matched a rule: nat:KUBE-NODEPORTS:16, 'inet filter input handle 7', 'filter INPUT policy'",
    sql: `SELECT j.host AS host, s.hook AS hook, s.verdict AS verdict, j.outcome AS outcome, count(*) AS packets,
  min(j.time) AS first_time, max(j.time) AS last_time
FROM journeys j JOIN (SELECT DISTINCT path, hook, verdict FROM steps
  WHERE table_name = $table AND chain = $chain AND kind = $kind AND ($family IS NULL OR family = $family)
    AND ($handle IS NULL OR handle = $handle) AND ($number IS NULL OR rule_number = $number)) s ON j.path = s.path
WHERE j.source = 'trace'
GROUP BY j.host, s.hook, s.verdict, j.outcome
ORDER BY packets DESC, host, hook, verdict, outcome LIMIT 200`,
    parameters(argument) {
      const rule = readRule(argument, '')
      const { table, chain } = rule
      if ('policy' in rule) return { table, chain, kind: 'policy', family: rule.family, handle: null, number: null }
      const kind = 'rule'
      return 'handle' in rule
        ? { table, chain, kind, family: rule.family, handle: rule.handle, number: null }
        : { table, chain, kind, family: rule.ip6 ? 'ip6' : 'ip', handle: null, number: rule.ruleNumber }
    },
  },
  {
    name: 'unanswered',
    says: 'who was asked and did not answer, though the request got through, or whose reply was lost',
    sql: `SELECT host, status, protocol, dst, dport, count(*) AS exchanges, coalesce(count(DISTINCT src), 0) AS sources,
  sum(retransmissions) AS retransmissions, min(time) AS first_time, max(time) AS last_time, max(culprit_ref) AS rule
FROM exchanges WHERE status IN ('unanswered', 'reply-lost', 'lost') AND source = 'trace'
GROUP BY host, status, protocol, dst, dport
ORDER BY exchanges DESC, host, status, protocol, dst, dport LIMIT 200`,
  },
]

/** Seconds. */
const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }

/** Microseconds since 1970. `now`: milliseconds. Without an offset it is UTC. Throws UserError. */
export function readTime(text: string, now: number): number {
  const [, count, unit] = /^(\d+(?:\.\d+)?)\s*([smhdw])(?:\s+ago)?$/.exec(text) ?? []
  if (count !== undefined) return Math.round((now - Number(count) * UNITS[unit!]! * 1000) * 1000)
  const [, date, rest] = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d.*))?$/.exec(text) ?? []
  const isZoned = rest !== undefined && /(?:Z|[+-]\d\d:?\d\d)$/.test(rest)
  const millis =
    date === undefined ? Number.NaN : Date.parse(rest === undefined ? date : `${date}T${rest}${isZoned ? '' : 'Z'}`)
  if (!Number.isFinite(millis))
    throw new UserError(`${printable(text)}: write a time as 2026-01-31T09:00:00Z, or how long ago it is: 30m, 2h, 3d.`)
  return millis * 1000
}

/** As `--packet` has it, of which only the two ends and the protocol count. Throws UserError. */
function readTuple(text: string): Parameters {
  const result = parseSpec(text)
  if ('error' in result)
    throw new UserError(`${printable(text)}: write a flow as tcp 10.0.0.2:40000 > 10.0.0.1:80; ports may be left out.`)
  const { protocol = null, src, sport = null, dst, dport = null } = result.packet
  return { protocol, src: canonical(src), dst: canonical(dst), sport, dport }
}

function canonical(address: string | undefined): string | null {
  const bytes = address === undefined ? undefined : parseAddress(address)
  return bytes ? formatAddress(bytes) : (address ?? null)
}

/** The query of this name with its argument, or the SQL itself. Throws UserError. */
export function readQuery(words: readonly string[]): { sql: string; parameters: Parameters } {
  const [name = '', ...rest] = words
  const query = QUERIES.find((one) => one.name === name)
  if (!query) {
    if (words.length === 1 && /\s/.test(name)) return { sql: name, parameters: {} }
    throw new UserError(
      `${printable(words.join(' '))}: there is no such query.`,
      `Queries: ${QUERIES.map((one) => one.name).join(', ')}. SQL is one word: nfwhy query 'select …'.`,
    )
  }
  const argument = rest.join(' ')
  if (!query.parameters) {
    if (rest.length > 0) throw new UserError(`${query.name} takes no argument.`)
    return { sql: query.sql, parameters: {} }
  }
  if (rest.length === 0) throw new UserError(`${query.name} needs its ${query.argument}: ${query.says}.`)
  return { sql: query.sql, parameters: query.parameters(argument) }
}
