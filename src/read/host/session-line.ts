/**
 * `session.json`, which `nfwhy trace --save` lays into its folder: what was traced, and when. With it a bundle without a
 * single packet says that none was seen, rather than that a capture is missing.
 */
import type { Report } from '../../model/diagnostic.ts'
import type { TraceSession } from '../../model/host.ts'
import type { HostReading } from './format.ts'
import { asObject, asText, type JsonObject } from './json.ts'
import { quoted } from './lines.ts'

/** What `nfwhy trace --save` traced, and when. */
export interface SessionDocument extends TraceSession {
  schema: 'nfwhy.session/1'
}

const SCHEMA: SessionDocument['schema'] = 'nfwhy.session/1'
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/

export function readTraceSession(text: string, report: Report): HostReading {
  const session = readSession(text)
  if (session) return { host: { session } }
  report('line-not-understood', `this line is not a record of a trace: ${quoted(text)}`, 1)
  return {}
}

/** With the end of the line. */
export const sessionLine = (session: TraceSession): string =>
  `${JSON.stringify({ schema: SCHEMA, ...session } satisfies SessionDocument)}\n`

function readSession(text: string): TraceSession | undefined {
  const { schema, filter, from, until } = parsed(text) ?? {}
  const [begun, ended] = [asText(from), asText(until)]
  if (schema !== SCHEMA || typeof filter !== 'string' || begun === undefined || !TIME.test(begun)) return undefined
  return { filter, from: begun, ...(ended !== undefined && TIME.test(ended) ? { until: ended } : {}) }
}

function parsed(text: string): JsonObject | undefined {
  try {
    return asObject(JSON.parse(text))
  } catch {
    return undefined
  }
}
