/** `conntrack -L -o xml` (libnetfilter_conntrack, conntrack/snprintf_xml.c): a `<flow>` for each connection. */

import type { Report } from '../../model/diagnostic.ts'
import type { ConntrackEntry } from '../../model/host.ts'
import { type EntryHead, makeEntry } from './conntrack-entry.ts'
import type { HostReading } from './format.ts'
import { quoted } from './lines.ts'

export function readConntrackXml(text: string, report: Report): HostReading {
  const entries: ConntrackEntry[] = []
  const lines = new Lines(text)
  for (let at = text.indexOf('<flow'); at >= 0; ) {
    const next = text.indexOf('<flow', at + 1)
    const stop = next < 0 ? text.length : next
    const flow = text.slice(at, stop)
    readFlow(flow, lines.at(at), entries, report)
    at = next
  }
  return { host: { conntrack: entries } }
}

function readFlow(flow: string, line: number, entries: ConntrackEntry[], report: Report): void {
  const end = flow.indexOf('</flow>')
  if (end < 0) {
    report('cut-short', 'a flow ends before its </flow>; the flows before and after it are used', line)
    return
  }
  const unknown: string[] = []
  const { head, words } = wordsOf(flow.slice(0, end))
  const entry = makeEntry(head, words, unknown)
  if (!entry)
    report('line-not-understood', `this flow is not a connection as conntrack prints it: ${quoted(flow)}`, line)
  else entries.push(entry)
  for (const word of unknown) report('word-not-understood', `nfwhy does not understand "${word}" in a connection`, line)
}

const TAG = /<(\w[\w-]*)(?![\w-])([^<>]*)>([^<]*)/g
/** Elements that hold others, and what says nothing about a packet's way. */
const BESIDES = new Set(['flow', 'meta', 'layer3', 'counters', 'when', 'hour', 'min', 'sec', 'wday', 'day', 'month'])
const MORE_BESIDES = new Set(['year', 'timestamp', 'start', 'stop', 'use', 'deltatime', 'secmark', 'labels'])

/** The same words that `conntrack -L` prints. */
function wordsOf(flow: string): { head: EntryHead; words: string[] } {
  const head: EntryHead = { protocol: 'unknown', number: '' }
  const words: string[] = []
  const labels: string[] = []
  for (const [, name = '', attributes = '', content = ''] of flow.matchAll(TAG)) {
    const text = content.trim()
    if (name === 'layer4') {
      head.protocol = /\bprotoname="([^"]+)"/.exec(attributes)?.[1] ?? 'unknown'
      head.number = /\bprotonum="(\d+)"/.exec(attributes)?.[1] ?? ''
    } else if (name === 'state' || name === 'timeout') head[name] = text
    else if (name === 'label') labels.push(text)
    else if (attributes.endsWith('/') && attributes.trim() === '/') words.push(`[${name.toUpperCase()}]`)
    else if (!BESIDES.has(name) && !MORE_BESIDES.has(name)) words.push(`${name}=${text}`)
  }
  if (labels.length > 0) words.push(`labels=${labels.join(',')}`)
  return { head, words }
}

/** Line numbers of places that come in order. */
class Lines {
  private line = 1
  private place = 0
  private readonly text: string

  constructor(text: string) {
    this.text = text
  }

  at(place: number): number {
    for (let end = this.text.indexOf('\n', this.place); end >= 0 && end < place; ) {
      this.line++
      this.place = end + 1
      end = this.text.indexOf('\n', this.place)
    }
    return this.line
  }
}
