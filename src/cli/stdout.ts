/** Standard output, or the file of `-o`; written at once and in order, so that a pipe that closes is noticed where it happens. */
import { writeSync } from 'node:fs'
import { ClosedPipe, isSystemError, reasonOf, UserError } from './errors.ts'

/** Collected up to this many characters before they are written. */
const BUFFER = 1 << 16
/** Milliseconds after which a full pipe is tried again. */
const RETRY = 5

export class Output {
  private readonly fd: number
  private readonly name: string
  private buffer = ''

  /** `name`: for messages. */
  constructor(fd = 1, name = 'standard output') {
    this.fd = fd
    this.name = name
  }

  /** Throws ClosedPipe where nobody reads any more, and UserError where it cannot be written (disk full). */
  write(text: string): void {
    this.buffer += text
    if (this.buffer.length > BUFFER) this.flush()
  }

  flush(): void {
    let bytes: Uint8Array = Buffer.from(this.buffer)
    this.buffer = ''
    while (bytes.length > 0) {
      try {
        bytes = bytes.subarray(writeSync(this.fd, bytes))
      } catch (error) {
        if (!isSystemError(error)) throw error
        if (error.code === 'EPIPE') throw new ClosedPipe()
        if (error.code !== 'EAGAIN') throw new UserError(`${this.name} cannot be written: ${reasonOf(error)}.`)
        // the reader is slower than we are: a pipe that does not block says so
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY)
      }
    }
  }
}
