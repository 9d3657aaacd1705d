/**
 * Logs that are read as a whole before their lines are: Loki's answers (loki.ts), and logs with the newest line first (journalctl -r, log
 * viewers, exports of Kibana and Grafana), which are turned round. Their first lines show it, where each is of one line: by its time, or, where
 * all is of one second, by the order in which a packet meets rules. Records of several lines stay as they are.
 */
import type { Report } from '../../../model/diagnostic.ts'
import type { CaptureReader, CaptureStats } from '../format.ts'
import { isJson, lineOfJson } from './json.ts'
import { isLoki, linesOfLoki } from './loki.ts'
import { readWrapping } from './wrapping.ts'

const NEWLINE = 0x0a
/** Bytes, and lines, that are looked at. */
const LOOKED_AT = 1 << 18
const MOST_LINES = 2000
/** So often time has to go back, and never forth. */
const LEAST = 3
/** A longer log stays as it is. */
const MOST = 1 << 29

const decoder = new TextDecoder('latin1')

export class WholeReader implements CaptureReader {
  private readonly reader: CaptureReader
  private readonly report: Report
  private looked = false
  private held: Uint8Array[] | undefined
  private isLoki = false
  private bytes = 0

  constructor(reader: CaptureReader, report: Report) {
    this.reader = reader
    this.report = report
  }

  get stats(): CaptureStats {
    // of the file, whatever is made of it
    return { ...this.reader.stats, bytes: this.bytes }
  }

  push(chunk: Uint8Array): void {
    if (!this.looked) {
      this.looked = true
      this.isLoki = isLoki(chunk)
      if (this.isLoki || isNewestFirst(chunk)) this.held = []
    }
    this.bytes += chunk.length
    if (!this.held) this.reader.push(chunk)
    else {
      this.held.push(chunk.slice())
      if (this.bytes > MOST) this.handOn((one) => one)
    }
  }

  end(): void {
    if (this.held && this.isLoki) this.handOn((all) => linesOfLoki(all) ?? all)
    if (this.held) {
      this.report(
        'newest-first',
        'the newest line of this log stands first; nfwhy turned the order of its lines round, and counts lines from its end',
      )
      this.handOn(turned)
    }
    this.reader.end()
  }

  private handOn(change: (all: Uint8Array) => Uint8Array): void {
    const all = new Uint8Array(this.bytes)
    let at = 0
    for (const one of this.held!) {
      all.set(one, at)
      at += one.length
    }
    this.held = undefined
    this.reader.push(change(all))
  }
}

/** Does time go back from line to line? Where lines of one moment tell nothing, does a packet's way through a chain? */
function isNewestFirst(chunk: Uint8Array): boolean {
  const ways = new RuleOrder()
  let before = Number.NaN
  let back = 0
  let start = 0
  for (let lines = 0; lines < MOST_LINES && start < LOOKED_AT && start < chunk.length; lines++) {
    const newline = chunk.indexOf(NEWLINE, start)
    // the last may be cut, behind its time
    const end = newline < 0 ? chunk.length : newline
    const text = loggedIn(chunk, start, end)
    const isLast = newline < 0
    start = end + 1
    if (text === undefined) continue
    if (!isLast) ways.see(text)
    const { clock } = readWrapping(text, !text.includes('TRACE: '))
    if (Number.isNaN(clock)) continue
    if (clock > before) return false
    if (clock < before) back++
    before = clock
  }
  return back >= LEAST || ways.isBackwards
}

/** Of netfilter's lines alone: others may be of programs with clocks of their own. */
function loggedIn(bytes: Uint8Array, start: number, end: number): string | undefined {
  const line = isJson(bytes, start) ? lineOfJson(bytes, start, end) : bytes.subarray(start, end)
  const text = line ? decoder.decode(line) : ''
  return /TRACE: |\bIN=\S{0,40} /.test(text) ? text : undefined
}

/** In which order a packet comes to the tables of the hooks; to itself it comes to the first of them again. */
const PLACES = new Map(
  [
    ...['raw:PREROUTING', 'mangle:PREROUTING', 'nat:PREROUTING', 'mangle:INPUT', 'filter:INPUT', 'mangle:FORWARD'],
    ...['filter:FORWARD', 'raw:OUTPUT', 'mangle:OUTPUT', 'nat:OUTPUT', 'filter:OUTPUT', 'mangle:POSTROUTING'],
    'nat:POSTROUTING',
  ].map((chain, i) => [chain, i]),
)

/** From one line of a packet to its next: the numbers of the rules that it matched, which grow within a chain, and the places of the chains. */
class RuleOrder {
  private before: { id: string; chain: string; number: number; place: number | undefined } | undefined
  private back = 0
  private forth = 0

  see(text: string): void {
    const [, chain = '', number, id] =
      /TRACE: (\w{1,20}:[^:\s]{1,40}):\w{1,10}:(\d{1,9}) IN=.*? ID=([1-9]\d{0,5}) /.exec(text) ?? []
    const before = this.before?.id === id ? this.before : undefined
    const place = PLACES.get(chain)
    // 0 is the id of many, and IPv6 has none; a chain of the user's belongs where the packet was
    this.before = id === undefined ? undefined : { id, chain, number: Number(number), place: place ?? before?.place }
    if (!before) return
    const from = before.place
    if (before.chain === chain) this.compare(before.number, Number(number))
    // what this host sends to itself comes to the first chains again
    else if (from !== undefined && place !== undefined && !(from >= LEAVING && place < LEAVING))
      this.compare(from, place)
  }

  private compare(from: number, to: number): void {
    if (to < from) this.back++
    if (to > from) this.forth++
  }

  /** A chain may be entered twice, and a packet sent again: once is no proof. */
  get isBackwards(): boolean {
    return this.back >= LEAST_OF_RULES && this.forth === 0
  }
}
/** From here on it is sent. */
const LEAVING = PLACES.get('raw:OUTPUT')!
const LEAST_OF_RULES = 2

/** The same lines, the last one first. */
function turned(all: Uint8Array): Uint8Array {
  const result = new Uint8Array(all.length + 1)
  let at = 0
  let end = all.at(-1) === NEWLINE ? all.length - 1 : all.length
  while (end >= 0) {
    const start = end === 0 ? 0 : all.lastIndexOf(NEWLINE, end - 1) + 1
    result.set(all.subarray(start, end), at)
    at += end - start
    result[at++] = NEWLINE
    end = start - 1
  }
  return result.subarray(0, at)
}
