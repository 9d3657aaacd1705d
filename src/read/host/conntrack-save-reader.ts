/**
 * `conntrack -L -o save` (conntrack-tools, src/conntrack.c ct_save_snprintf): each connection as the options of the
 * command that would make it, for `conntrack -R`. Marks, ids and counters are not among them.
 */
import type { Report } from '../../model/diagnostic.ts'

import type { ConntrackEntry } from '../../model/host.ts'
import { wordTable } from '../../model/word-table.ts'
import { makeEntry } from './conntrack-entry.ts'
import { SAVED_ENTRY } from './conntrack-line.ts'
import { readEntries } from './conntrack-reader.ts'
import type { HostReading } from './format.ts'

const NUMBERS: Readonly<Record<string, string>> = wordTable({
  ...{ tcp: '6', udp: '17', icmp: '1', icmpv6: '58', sctp: '132', dccp: '33', udplite: '136', gre: '47' },
})
/** The word that `conntrack -L` prints for an option, of the original tuple and of the reply's. */
const ORIGINAL: Readonly<Record<string, string>> = {
  ...{ '-s': 'src', '-d': 'dst', '--sport': 'sport', '--dport': 'dport', '--srckey': 'srckey', '--dstkey': 'dstkey' },
  ...{ '--orig-port-src': 'sport', '--orig-port-dst': 'dport' },
  ...{ '--icmp-type': 'type', '--icmp-code': 'code', '--icmp-id': 'id' },
  ...{ '--icmpv6-type': 'type', '--icmpv6-code': 'code', '--icmpv6-id': 'id' },
}
/** In place of -r stands -g where the destination was rewritten, and -n in place of -q where the source was. */
const REPLY: Readonly<Record<string, string>> = {
  ...{ '-g': 'src', '-n': 'dst' },
  ...{ '-r': 'src', '-q': 'dst', '--reply-port-src': 'sport', '--reply-port-dst': 'dport' },
  ...{ '--reply-key-src': 'srckey', '--reply-key-dst': 'dstkey' },
}
const WHOLE: Readonly<Record<string, string>> = {
  ...{ '-w': 'zone', '--zone': 'zone', '--orig-zone': 'zone-orig', '--reply-zone': 'zone-reply' },
  ...{ '-m': 'mark', '--mark': 'mark', '-l': 'labels', '--label': 'labels' },
}
const BESIDES = new Set(['--orig-vtag', '--reply-vtag', '-c', '--secmark', '--helper'])

export const readConntrackSave = (text: string, report: Report): HostReading =>
  readEntries(text, report, (line, unknown) =>
    SAVED_ENTRY.test(line) ? readEntry(line.trim().split(/\s+/), unknown) : undefined,
  )

function readEntry(options: readonly string[], unknown: string[]): ConntrackEntry | undefined {
  const given = new Map<string, string>()
  for (let i = 1; i < options.length; i += 2) given.set(options[i]!, options[i + 1] ?? '')
  const protocol = given.get('-p') ?? 'unknown'
  const [original, reply, whole]: string[][] = [[], [], []]
  for (const [option, value] of given) {
    if (Object.hasOwn(ORIGINAL, option)) original!.push(`${ORIGINAL[option]}=${value}`)
    else if (Object.hasOwn(REPLY, option)) reply!.push(`${REPLY[option]}=${value}`)
    else if (Object.hasOwn(WHOLE, option)) whole!.push(`${WHOLE[option]}=${value}`)
    else if (!['-t', '-u', '-p', '--state'].includes(option) && !BESIDES.has(option)) unknown.push(option)
  }
  const head = {
    protocol,
    number: NUMBERS[protocol] ?? protocol,
    timeout: given.get('-t'),
    state: given.get('--state'),
  }
  return makeEntry(head, [...original!, ...reply!, ...status(given.get('-u') ?? ''), ...whole!], unknown)
}

/** As `conntrack -L` prints it: that there was no answer, rather than that there was one. */
function status(names: string): string[] {
  const flags = names.split(',')
  const words = flags.includes('SEEN_REPLY') ? [] : ['[UNREPLIED]']
  for (const flag of ['ASSURED', 'OFFLOAD', 'HW_OFFLOAD']) if (flags.includes(flag)) words.push(`[${flag}]`)
  return words
}
