/**
 * Log lines as JSON, one object a line: journalctl -o json (its -sse and -seq forms have something in front), Docker's
 * json-file, GELF, logcli -o jsonl, and what log shippers make of them. A message that is not UTF-8 comes from journald as a list of bytes.
 */
const encoder = new TextEncoder()

export const isJson = (bytes: Uint8Array, start: number): boolean => jsonStart(bytes, start) >= 0

/** Where the object begins: at once, behind `data: ` (server-sent events) or a record separator (RFC 7464). */
function jsonStart(bytes: Uint8Array, start: number): number {
  let at = start
  if (bytes[at] === 0x1e) at++
  else if (bytes[at] === 0x64 && bytes[at + 4] === 0x3a && bytes[at + 5] === 0x20) at += 6
  return bytes[at] === 0x7b && bytes[at + 1] === 0x22 ? at : -1
}

/**
 * `bytes[start, end)` as the line that rsyslog would have written of it, with a newline; undefined where it is no JSON,
 * or has no message.
 */
export function lineOfJson(bytes: Uint8Array, start: number, end: number): Uint8Array | undefined {
  let entry: Record<string, unknown>
  try {
    entry = JSON.parse(new TextDecoder().decode(bytes.subarray(jsonStart(bytes, start), end)))
  } catch {
    return undefined
  }
  const text = entry.MESSAGE ?? entry.message ?? entry.log ?? entry.msg ?? entry.short_message ?? lokiLine(entry)
  const message = Array.isArray(text)
    ? Uint8Array.from(text)
    : typeof text === 'string'
      ? encoder.encode(text)
      : undefined
  if (!message) return undefined
  // a shipper that read a file has its whole line, with the time at which it was logged
  const isWhole = entry.line === text && typeof text === 'string' && WHOLE.test(text)
  const head = encoder.encode(isWhole ? '' : `${timeOf(entry)}${hostOf(entry)} kernel: ${uptimeOf(entry)}`)
  const line = new Uint8Array(head.length + message.length + 1)
  line.set(head)
  line.set(message, head.length)
  for (let i = 0; i < line.length; i++) if (line[i] === 0x0a) line[i] = 0x20
  line[line.length - 1] = 0x0a
  return line
}

const WHOLE = /^(?:<\d{1,3}>)?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d |\d{4}-\d\d-\d\d[T ]\d\d:)/

/** `logcli -o jsonl`. */
const lokiLine = ({ line, labels, timestamp }: Record<string, unknown>): unknown =>
  labels !== undefined && timestamp !== undefined ? line : undefined

/** As promtail and Alloy name it. */
function hostLabel(labels: unknown): unknown {
  if (typeof labels !== 'object' || labels === null) return undefined
  const { hostname, host, node_name: node, nodename } = labels as Record<string, unknown>
  return hostname ?? host ?? node ?? nodename
}

function timeOf(entry: Record<string, unknown>): string {
  const micros = Number(entry._SOURCE_REALTIME_TIMESTAMP ?? entry.__REALTIME_TIMESTAMP)
  if (micros > 0 && micros < 8.64e18) return `${isoMicros(micros)} `
  const time = entry.time ?? entry['@timestamp'] ?? entry.timestamp
  return typeof time === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)?$/.test(time) ? `${time} ` : ''
}

function hostOf(entry: Record<string, unknown>): string {
  const host = entry._HOSTNAME ?? entry.hostname ?? entry.host ?? hostLabel(entry.labels)
  return typeof host === 'string' && /^\S+$/.test(host) ? host : '-'
}

function uptimeOf(entry: Record<string, unknown>): string {
  const micros = Number(entry._SOURCE_MONOTONIC_TIMESTAMP)
  if (!(micros > 0 && micros < 1e18)) return ''
  return `[${Math.floor(micros / 1e6)}.${String(Math.floor(micros % 1e6)).padStart(6, '0')}] `
}

/** Microseconds since 1970 as ISO 8601 in UTC. */
function isoMicros(micros: number): string {
  const seconds = new Date(Math.floor(micros / 1e6) * 1000).toISOString().slice(0, 19)
  return `${seconds}.${String(Math.floor(micros % 1e6)).padStart(6, '0')}Z`
}
