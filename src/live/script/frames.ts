/**
 * What a framed script prints → files, from bytes in pieces of any size. A frame's content is whatever a command printed,
 * also bytes that are no text; only a line that begins with the nonce ends it. What stands before the first frame (a
 * login's greeting) is passed over.
 */

export interface Frame {
  id: string
  file: string
  bytes: Uint8Array
  /** The exit status; ABSENT and REFUSED (./section.ts) among them. */
  status: number
  /** What it complained of, without blank lines at the end. */
  stderr: string
}

export interface FramesEnd {
  /** Did the script come to its end? */
  complete: boolean
  /** The frame that was cut: what had come of it. */
  cut?: { id: string; file: string; bytes: number }
}

/** Of a section's complaints so much is kept: bytes. */
const MOST_ERRORS = 8000

const encode = (text: string) => new TextEncoder().encode(text)
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

/** Where a reader is: outside of frames, in a content, or in what was complained of. */
type Part = 'between' | 'content' | 'errors'

export class FrameReader {
  private readonly mark: Uint8Array
  private readonly onFrame: (frame: Frame) => void
  private part: Part = 'between'
  private pending: Uint8Array<ArrayBufferLike> = encode('\n')
  private content = new Gathered()
  private errors = new Gathered(MOST_ERRORS)
  private open = { id: '', file: '', status: 0 }
  private done = false

  constructor(nonce: string, onFrame: (frame: Frame) => void) {
    this.mark = encode(`\n${nonce} `)
    this.onFrame = onFrame
  }

  push(piece: Uint8Array): void {
    let bytes = joined(this.pending, piece)
    for (;;) {
      const at = indexOf(bytes, this.mark)
      if (at < 0) break
      const end = bytes.indexOf(10, at + this.mark.length)
      if (end < 0) {
        // the mark's own line is not whole yet
        this.take(bytes.subarray(0, at))
        this.pending = bytes.slice(at)
        return
      }
      this.take(bytes.subarray(0, at))
      this.onMark(decode(bytes.subarray(at + this.mark.length, end)).split(' '))
      bytes = bytes.subarray(end + 1)
    }
    // the end may be the beginning of a mark
    const keep = Math.min(bytes.length, this.mark.length - 1)
    this.take(bytes.subarray(0, bytes.length - keep))
    this.pending = bytes.slice(bytes.length - keep)
  }

  /** Nothing more comes. */
  end(): FramesEnd {
    if (this.part === 'content') this.take(this.pending.subarray(0, this.pending.length - this.begunMark()))
    const { id, file } = this.open
    return this.part === 'between'
      ? { complete: this.done }
      : { complete: false, cut: { id, file, bytes: this.content.length } }
  }

  /** How many bytes at the end are a mark that was cut: not content. */
  private begunMark(): number {
    const { pending, mark } = this
    for (let at = 0; at < pending.length; at++)
      if (mark.every((byte, i) => at + i >= pending.length || pending[at + i] === byte)) return pending.length - at
    return 0
  }

  private take(bytes: Uint8Array): void {
    if (this.part === 'content') this.content.add(bytes)
    else if (this.part === 'errors') this.errors.add(bytes)
  }

  private onMark([word, ...rest]: readonly string[]): void {
    if (word === 'begin' && this.part === 'between') {
      const [id = '', file = ''] = rest
      this.open = { id, file, status: 0 }
      this.content = new Gathered()
      this.errors = new Gathered(MOST_ERRORS)
      this.part = 'content'
    } else if (word === 'end' && this.part === 'content') {
      this.open.status = Number(rest[0])
      this.part = 'errors'
    } else if (word === 'over' && this.part === 'errors') {
      this.part = 'between'
      const stderr = decode(this.errors.all()).trim()
      this.onFrame({ ...this.open, bytes: this.content.all(), stderr })
    } else if (word === 'done') this.done = true
  }
}

/** Pieces of bytes, copied, up to a bound. */
class Gathered {
  length = 0
  private readonly pieces: Uint8Array[] = []
  private readonly most: number

  constructor(most = Number.POSITIVE_INFINITY) {
    this.most = most
  }

  add(bytes: Uint8Array): void {
    const taken = bytes.slice(0, Math.max(0, Math.min(bytes.length, this.most - this.length)))
    if (taken.length === 0) return
    this.pieces.push(taken)
    this.length += taken.length
  }

  all(): Uint8Array {
    const all = new Uint8Array(this.length)
    let at = 0
    for (const piece of this.pieces) {
      all.set(piece, at)
      at += piece.length
    }
    return all
  }
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const both = new Uint8Array(one.length + other.length)
  both.set(one)
  both.set(other, one.length)
  return both
}

/** Of `part` in `all`, or -1. */
function indexOf(all: Uint8Array, part: Uint8Array): number {
  const [first, second] = part
  for (let at = all.indexOf(first!); at >= 0; at = all.indexOf(first!, at + 1)) {
    // most lines do not begin with the nonce
    if (all[at + 1] === second && part.every((byte, i) => all[at + i] === byte)) return at
  }
  return -1
}
