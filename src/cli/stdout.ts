/** Standard output, written at once and in order, so that a pipe that closes is noticed where it happens. */
import { writeSync } from 'node:fs'
import { ClosedPipe } from './errors.ts'

/** Collected up to this many characters before they are written. */
const BUFFER = 1 << 16

export class Output {
  private readonly fd: number
  private buffer = ''

  constructor(fd = 1) {
    this.fd = fd
  }

  /** Throws ClosedPipe where nobody reads any more. */
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
        const { code } = error as NodeJS.ErrnoException
        if (code === 'EPIPE') throw new ClosedPipe()
        if (code !== 'EAGAIN') throw error
        // the reader is slower than we are: a pipe that does not block says so
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
      }
    }
  }
}
