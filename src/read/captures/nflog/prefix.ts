/** The prefix of an NFLOG record → trace point, each distinct text read once. */
import { lastWord, NONE, PrefixTable, readTrace } from '../kernel-log/prefix.ts'
import type { TracePoints } from '../points.ts'

const TRACE = [0x54, 0x52, 0x41, 0x43, 0x45, 0x3a]
const MULTIPLIER = 0x9e3779b1 | 0
/** Prefixes told apart that are no TRACE's; beyond these they are one without a text. */
const MOST_PREFIXES = 1 << 16

const utf8 = new TextDecoder()

export class NflogPrefixes {
  private readonly table: PrefixTable

  constructor(points: TracePoints) {
    this.table = new PrefixTable((bytes) => ({ point: readPrefix(points, bytes), glued: 0 }))
  }

  /** The trace point of `bytes[start, end)`, the text without the zero behind it. */
  point(bytes: Uint8Array, view: DataView, start: number, end: number): number {
    let hash = 0
    let at = start
    for (; at + 4 <= end; at += 4)
      hash = Math.imul(((hash << 13) | (hash >>> 19)) ^ view.getInt32(at, true), MULTIPLIER)
    const last = lastWord(view, at, end)
    hash = Math.imul(((hash << 13) | (hash >>> 19)) ^ last, MULTIPLIER)
    hash ^= hash >>> 15
    return this.table.find(bytes, view, start, end, hash, last).point
  }
}

/** `TRACE: raw:PREROUTING:policy:3 `, or what an NFLOG rule has for `--nflog-prefix`. */
export function readPrefix(points: TracePoints, bytes: Uint8Array): number {
  if (TRACE.every((letter, i) => bytes[i] === letter)) {
    let from = TRACE.length
    while (bytes[from] === 0x20) from++
    const { point } = readTrace(points, bytes.subarray(from), false)
    if (point !== NONE) return point
  }
  const prefix = points.prefixes < MOST_PREFIXES ? utf8.decode(bytes) : ''
  return points.number({ type: 'log', prefix, nflog: true })
}
