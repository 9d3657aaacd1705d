/** When and where a line of a trace was printed: whatever wrapped it, or nothing, as the monitors print no time. */
import { Head } from './kernel-log/head.ts'
import type { Names } from './names.ts'
import { noStamp, type Stamp, type Timestamp } from './stamp.ts'

const decoder = new TextDecoder('latin1')
/** `node1: `, `[node1] `, `node1 | `: how people tell hosts apart that they watch together. */
const NAMED = /^\[?([A-Za-z0-9][\w.-]{0,62})(?:\] ?:?|:| +\|)[ \t]+$/

export class TracedMoment implements Timestamp {
  stamp: Stamp = noStamp
  clock = Number.NaN
  /** The host's number among the names. */
  host = 0
  private readonly head: Head
  private readonly names: Names
  private named = ''
  private namedStamp: Stamp = noStamp

  constructor(names: Names) {
    this.names = names
    this.head = new Head(names)
  }

  /** Reads `bytes[start, end)`, what stands in front of the monitor's own text; says false where a line ends in it. */
  read(bytes: Uint8Array, view: DataView, start: number, end: number): boolean {
    const { head } = this
    if (!head.read(bytes, view, start, end, false)) return false
    this.stamp = head.stamp
    this.clock = head.clock
    this.host = head.host
    if (head.host === 0 && end > start + 1)
      this.readName(decoder.decode(bytes.subarray(start, Math.min(end, start + 80))))
    return true
  }

  private readName(text: string): void {
    const name = NAMED.exec(text)?.[1]
    if (name === undefined) return
    if (name !== this.named || this.namedStamp.second !== this.head.stamp.second) {
      this.named = name
      this.namedStamp = { ...this.head.stamp, host: name }
    }
    const bytes = Uint8Array.from(name, (letter) => letter.charCodeAt(0))
    this.stamp = this.namedStamp
    this.host = this.names.number(bytes, 0, bytes.length)
  }
}
