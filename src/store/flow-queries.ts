/**
 * The SQL of a flow, on one host and on all of them. What it asks for is in the parameters protocol, src, sport, dst and
 * dport, of which all but the addresses may be NULL. As in queries.ts, DuckDB and ClickHouse both take it.
 */

/** The row's ends are those of the flow, in either direction. `nat`: its ends behind NAT. */
export function isOfFlow(nat: '' | 'to_' = ''): string {
  const ends = (src: string, sport: string, dst: string, dport: string) =>
    `(${nat}src = $${src} AND ${nat}dst = $${dst} AND ($${sport} IS NULL OR ${nat}sport = $${sport}) AND ($${dport} IS NULL OR ${nat}dport = $${dport}))`
  return `(($protocol IS NULL OR protocol = $protocol)
    AND (${ends('src', 'sport', 'dst', 'dport')}
    OR ${ends('dst', 'dport', 'src', 'sport')}))`
}

export const EXCHANGES_OF_FLOW = `SELECT exchange FROM exchanges WHERE ${isOfFlow()} OR ${isOfFlow('to_')}`

/** Times that NAT is followed from host to host, before and behind those that saw the flow as it was asked for. */
const MOST_NATS = 3
/** Microseconds around the flow: its ports are used again later. Clocks of hosts may differ by as much. */
const AROUND = 60_000_000

/** Exchanges with both of their tuples, as comparable columns. */
const TUPLES = `SELECT exchange, time, ${tuple('')} FROM exchanges UNION ALL SELECT exchange, time, ${tuple('to_')} FROM exchanges WHERE to_dst IS NOT NULL`

function tuple(nat: '' | 'to_'): string {
  const text = (column: string) => `coalesce(${column}, '')`
  const port = (column: string) => `coalesce(${column}, -1)`
  return `concat(${text('protocol')}, ' ', ${text(`${nat}src`)}, ' ', ${text(`${nat}dst`)}) AS ends, ${port(`${nat}sport`)} AS from_port, ${port(`${nat}dport`)} AS to_port`
}

/** One host's tuple behind its NAT is the next one's as it comes there. */
function exchangesOnAllHosts(): string {
  const end = (which: 'min' | 'max') =>
    `coalesce((SELECT ${which}(time) FROM exchanges WHERE exchange IN (${EXCHANGES_OF_FLOW})), 0)`
  const around = `(time IS NULL OR (time >= ${end('min')} - ${AROUND} AND time <= ${end('max')} + ${AROUND}))`
  let exchanges = EXCHANGES_OF_FLOW
  for (let i = 0; i < MOST_NATS; i++)
    exchanges = `SELECT exchange FROM (${TUPLES}) WHERE ${around} AND (ends, from_port, to_port) IN (
  SELECT ends, from_port, to_port FROM (${TUPLES}) WHERE exchange IN (${exchanges}))`
  return exchanges
}

/** What no host changes on the way, as columns without NULL. */
const SAME: readonly (readonly [name: string, value: string])[] = [
  ...['protocol', 'tcp_flags'].map((column) => [`same_${column}`, `coalesce(${column}, '')`] as const),
  ...['ip_id', 'tcp_seq', 'icmp_type', 'icmp_seq', 'length'].map(
    (column) => [`same_${column}`, `coalesce(${column}, -1)`] as const,
  ),
]
const SAME_NAMES = SAME.map(([name]) => name).join(', ')

const journeys = (
  columns: string,
) => `SELECT ${columns}, ${SAME.map(([name, value]) => `${value} AS ${name}`).join(', ')}
FROM journeys WHERE source = 'trace' AND (exchange IN (${exchangesOnAllHosts()}) OR ${isOfFlow()})`

/**
 * Each packet's journeys, one host after the other: every router takes one off its TTL, so its order needs no clocks. Packets
 * of a flow that nothing tells apart (UDP without an IP ID) come as one.
 */
export const PATH = `SELECT packet_time, host, iifname, oifname, protocol, src, sport, dst, dport, tcp_flags, ttl, outcome, rule, time, journey
FROM (${journeys('time, host, iifname, oifname, protocol, src, sport, dst, dport, tcp_flags, ttl, outcome, culprit_ref AS rule, journey')}) j
JOIN (SELECT ${SAME_NAMES}, min(time) AS packet_time FROM (${journeys('time')}) k GROUP BY ${SAME_NAMES}) p USING (${SAME_NAMES})
ORDER BY packet_time, ${SAME_NAMES}, ttl DESC, time, journey LIMIT 1000`
