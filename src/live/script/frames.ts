/**
 * What a framed script prints → files, from bytes in pieces of any size. A frame's content is whatever a command printed,
 * also bytes that are no text; only a line that begins with the nonce ends it. What stands before the first frame (a
 * login's greeting) is passed over.
 */

import { BoundedBytes } from '../bounded-bytes.ts'

export interface Frame {
  id: string
  file: string
  bytes: Uint8Array
  /** Bytes behind those, for which there was no room. */
  dropped: number
  /** The exit status; ABSENT and REFUSED (./section.ts) among them; -1 where it is none. */
  status: number
  /** What it complained of, without blank lines at the end. */
  stderr: string
}

export interface FramesEnd {
  /** Did the script come to its end? */
  complete: boolean
  /** The frame that was cut: what had come of it, in bytes. */
  cut?: { id: string; file: string; bytes: number }
  /** The same frame, where there was no room for more of it anyway. */
  full?: Frame
}

/** Of a section's complaints so much is kept: bytes. */
const MOST_ERRORS = 8000
/** Bytes of a mark's line. What is longer is no mark. */
const MOST_MARK = 512

const encode = (text: string) => new TextEncoder().encode(text)
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

/** Where a reader is: outside of frames, in a content, or in what was complained of. */
type Part = 'between' | 'content' | 'errors'

export class FrameReader {
  /** The script has come to its end; what is printed behind it is passed over. */
  done = false
  /** Frames that were begun. */
  begun = 0
  private readonly mark: Uint8Array
  private readonly onFrame: (frame: Frame) => void
  private readonly room: (id: string, file: string) => number
  private part: Part = 'between'
  private pending: Uint8Array<ArrayBufferLike> = encode('\n')
  private content = new BoundedBytes(0)
  private errors = new BoundedBytes(0)
  private open = { id: '', file: '', status: 0 }

  /** `room`: bytes that are kept of a frame. */
  constructor(
    nonce: string,
    onFrame: (frame: Frame) => void,
    room: (id: string, file: string) => number = () => Number.POSITIVE_INFINITY,
  ) {
    this.mark = encode(`\n${nonce} `)
    this.onFrame = onFrame
    this.room = room
  }

  push(piece: Uint8Array): void {
    if (this.done) return
    let bytes = joined(this.pending, piece)
    for (let from = 0; ; ) {
      const at = indexOf(bytes, this.mark, from)
      if (at < 0) break
      const line = bytes.subarray(at + this.mark.length, at + MOST_MARK)
      const end = line.indexOf(10)
      if (end < 0 && at + MOST_MARK <= bytes.length) {
        from = at + 1
        continue
      }
      this.take(bytes.subarray(0, at))
      if (end < 0) {
        // the mark's own line is not whole yet
        this.pending = bytes.slice(at)
        return
      }
      this.onMark(decode(line.subarray(0, end)).replace(/\r$/, '').split(' '))
      if (this.done) return
      bytes = bytes.subarray(at + this.mark.length + end + 1)
      from = 0
    }
    // the end may be the beginning of a mark
    const keep = Math.min(bytes.length, this.mark.length - 1)
    this.take(bytes.subarray(0, bytes.length - keep))
    this.pending = bytes.slice(bytes.length - keep)
  }

  /** Nothing more comes. */
  end(): FramesEnd {
    if (this.part === 'content') this.take(this.pending.subarray(0, this.pending.length - this.begunMark()))
    if (this.part === 'between') return { complete: this.done }
    const { id, file } = this.open
    return {
      complete: false,
      cut: { id, file, bytes: this.content.length + this.content.dropped },
      ...(this.content.dropped > 0 ? { full: this.frame() } : {}),
    }
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
      this.open = { id, file, status: -1 }
      this.content = new BoundedBytes(this.room(id, file))
      this.errors = new BoundedBytes(MOST_ERRORS)
      this.part = 'content'
      this.begun++
    } else if (word === 'end' && this.part === 'content') {
      this.open.status = /^\d{1,3}$/.test(rest[0] ?? '') ? Number(rest[0]) : -1
      this.part = 'errors'
    } else if (word === 'over' && this.part === 'errors') {
      this.part = 'between'
      this.onFrame(this.frame())
      this.content = new BoundedBytes(0)
    } else if (word === 'done' && this.part === 'between') this.done = true
  }

  private frame(): Frame {
    const { content, errors } = this
    return { ...this.open, bytes: content.all(), dropped: content.dropped, stderr: decode(errors.all()).trim() }
  }
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const both = new Uint8Array(one.length + other.length)
  both.set(one)
  both.set(other, one.length)
  return both
}

/** Of `part` in `all`, from an index on, or -1. */
function indexOf(all: Uint8Array, part: Uint8Array, from: number): number {
  const [first, second] = part
  for (let at = all.indexOf(first!, from); at >= 0; at = all.indexOf(first!, at + 1)) {
    // most lines do not begin with the nonce
    if (all[at + 1] === second && part.every((byte, i) => all[at + i] === byte)) return at
  }
  return -1
}
