/** The prefix of an NFLOG record → trace point, each distinct text read once. */
import type { Hook } from '../../../model/hook.ts'
import { lastWord, type Meaning, NONE, PrefixTable, readTrace } from '../kernel-log/prefix.ts'
import type { TracePoints } from '../points.ts'

const TRACE = [0x54, 0x52, 0x41, 0x43, 0x45, 0x3a]
const MULTIPLIER = 0x9e3779b1 | 0
/** Prefixes told apart that are no TRACE's; beyond these they are one without a text. */
const MOST_PREFIXES = 1 << 16

/** In `glued`, which says nothing here: it is no TRACE's. */
const LOGGED = -1

const utf8 = new TextDecoder()

/** As the kernel numbers hooks of the families IPv4, IPv6 and bridge (enum nf_inet_hooks, nf_bridge_hooks). */
const HOOKS: readonly Hook[] = ['prerouting', 'input', 'forward', 'output', 'postrouting']

export class NflogPrefixes {
  private readonly table: PrefixTable
  private readonly points: TracePoints
  /** Of prefixes that are no TRACE's: the point of each hook. */
  private readonly atHooks: number[] = []

  constructor(points: TracePoints) {
    this.points = points
    this.table = new PrefixTable((bytes) => readPrefix(points, bytes))
  }

  /** The trace point of `bytes[start, end)`, the text without the zero behind it; `hook` is the kernel's number, or -1. */
  point(bytes: Uint8Array, view: DataView, start: number, end: number, hook: number): number {
    let hash = 0
    let at = start
    for (; at + 4 <= end; at += 4)
      hash = Math.imul(((hash << 13) | (hash >>> 19)) ^ view.getInt32(at, true), MULTIPLIER)
    const last = lastWord(view, at, end)
    hash = Math.imul(((hash << 13) | (hash >>> 19)) ^ last, MULTIPLIER)
    hash ^= hash >>> 15
    const { point, glued } = this.table.find(bytes, view, start, end, hash)
    return glued === LOGGED && hook >= 0 && hook < HOOKS.length ? this.atHook(point, hook) : point
  }

  private atHook(point: number, hook: number): number {
    const key = point * HOOKS.length + hook
    const known = this.atHooks[key]
    if (known !== undefined) return known
    const number = this.points.number({ ...this.points.get(point), hook: HOOKS[hook]! })
    this.atHooks[key] = number
    return number
  }
}

/** `TRACE: raw:PREROUTING:policy:3 `, or what an NFLOG rule has for `--nflog-prefix`. */
function readPrefix(points: TracePoints, bytes: Uint8Array): Meaning {
  if (TRACE.every((letter, i) => bytes[i] === letter)) {
    let from = TRACE.length
    while (bytes[from] === 0x20) from++
    const { point } = readTrace(points, bytes.subarray(from), false)
    if (point !== NONE) return { point, glued: 0 }
  }
  const prefix = points.prefixes < MOST_PREFIXES ? utf8.decode(bytes) : ''
  return { point: points.number({ type: 'log', prefix, nflog: true }), glued: LOGGED }
}
