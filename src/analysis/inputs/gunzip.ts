/**
 * gzip (RFC 1952), piece by piece. Members that stand one behind the other are one text, and what follows the last one is
 * passed over, as gzip(1) has it. Browsers' DecompressionStream takes one member only, and gives nothing of what is cut.
 */
import {
  Z_BUF_ERROR,
  Z_OK,
  Z_STREAM_END,
  Z_SYNC_FLUSH,
  ZStream,
  zlibInflate,
  zlibInflateInit2,
  zlibInflateReset,
} from 'pako'

/** Bytes. */
const OUTPUT = 1 << 18
/** zlib's windowBits: the largest window, and gzip's wrapping around it. */
const GZIP = 15 + 16

export class Gunzip {
  private readonly stream = new ZStream()
  private readonly output = new Uint8Array(OUTPUT)
  /** Behind a member that is whole. */
  private between = false
  private over = false

  constructor() {
    zlibInflateInit2(this.stream, GZIP)
  }

  /** The input ends here: is something missing? */
  get isCut(): boolean {
    return !this.between && !this.over
  }

  /** A piece is valid until the next one is asked for. Throws an Error with zlib's words, behind all that could be unpacked. */
  *push(input: Uint8Array): Generator<Uint8Array> {
    const { stream, output } = this
    stream.input = input
    stream.next_in = 0
    stream.avail_in = input.length
    while (!this.over && (stream.avail_in > 0 || stream.avail_out === 0)) {
      const isNext = this.between && stream.avail_in > 0
      if (this.between && !isNext) return
      if (isNext) zlibInflateReset(stream)
      this.between = false
      stream.output = output
      stream.next_out = 0
      stream.avail_out = output.length
      const status = zlibInflate(stream, Z_SYNC_FLUSH)
      if (stream.next_out > 0) yield output.subarray(0, stream.next_out)
      if (status === Z_STREAM_END) this.between = true
      else if (isNext && status !== Z_OK && status !== Z_BUF_ERROR && stream.total_out === 0) this.over = true
      else if (status !== Z_OK && status !== Z_BUF_ERROR) throw new Error(stream.msg || `zlib says ${status}`)
    }
  }
}
