/**
 * `conntrack -L` (libnetfilter_conntrack, conntrack/snprintf_default.c) and /proc/net/nf_conntrack (Linux,
 * net/netfilter/nf_conntrack_standalone.c ct_seq_show). The latter begins with the family (`ipv4     2`), which
 * `conntrack -L` prints only with `-o extended`, and writes IPv6 addresses in full. Then: protocol, its number,
 * seconds left (not for offloaded flows), state (not for all protocols), the original tuple, `[UNREPLIED]`, the
 * reply tuple, `[ASSURED]` or `[OFFLOAD]`, and what belongs to the whole connection.
 */
import type { Report } from '../../model/diagnostic.ts'
import type { ConntrackEntry } from '../../model/host.ts'
import { makeEntry } from './conntrack-entry.ts'
import { ENTRY, SUMMARY } from './conntrack-line.ts'
import type { HostReading } from './format.ts'
import { forEachLine, quoted } from './lines.ts'

export const readConntrack = (text: string, report: Report): HostReading =>
  readEntries(text, report, readConntrackEntry)

/** A connection a line; `entryOf` gives undefined where a line is none, and adds words that it does not know to `unknown`. */
export function readEntries(
  text: string,
  report: Report,
  entryOf: (line: string, unknown: string[]) => ConntrackEntry | undefined,
): HostReading {
  const entries: ConntrackEntry[] = []
  forEachLine(text, (line, number) => {
    if (line.trim() === '' || SUMMARY.test(line)) return
    const unknown: string[] = []
    const entry = entryOf(line, unknown)
    if (!entry) {
      report('line-not-understood', `this line is not a connection as conntrack prints it: ${quoted(line)}`, number)
      return
    }
    entries.push(entry)
    for (const word of unknown)
      report('word-not-understood', `nfwhy does not understand "${word}" in a connection`, number)
  })
  return { host: { conntrack: entries } }
}

/** One line; undefined where it is none. Words that are not known are added to `unknown`, and the rest is kept. */
function readConntrackEntry(line: string, unknown: string[]): ConntrackEntry | undefined {
  const [, protocol, number, timeout, state, rest] = ENTRY.exec(line) ?? []
  if (protocol === undefined || number === undefined || rest === undefined) return undefined
  // [start=Fri Nov 20 07:40:30 2026] is the only value with blanks (-o ktimestamp)
  const words = rest.replace(/\[(start|stop)=[^\][]{0,60}\]/g, '').split(' ')
  return makeEntry({ protocol, number, timeout, state }, words, unknown)
}
