/** Standard output, or the file of `-o`; written at once and in order, so that a pipe that closes is noticed where it happens. */
import { openSync, writeSync } from 'node:fs'
import { printable } from '../model/printable.ts'
import { isSystemError, reasonOf } from '../model/system-error.ts'
import { UserError } from '../model/user-error.ts'
import { ClosedPipe } from './errors.ts'

/** Collected up to this many characters before they are written. */
const BUFFER = 1 << 16
/**
 * Milliseconds after which a full pipe is tried again, at first and at most. Only one that does not block says that it is
 * full: who called may have made it so. It is not made so here (`process.stdout`, once it is read, does): where the kernel
 * wakes the writer, twice as much goes through.
 */
const RETRY = 0.1
const RETRY_MOST = 5

export class Output {
  private readonly fd: number
  private readonly name: string
  private readonly patience: number
  private pending = ''
  /** What is collected of bytes stands before it. */
  private bytes = new Uint8Array(2 * BUFFER)
  private used = 0

  /** `name`: for messages. `patience`: milliseconds that a reader who takes nothing has, before it counts as gone. */
  constructor(fd = 1, name = 'standard output', patience = Number.POSITIVE_INFINITY) {
    this.fd = fd
    this.name = name
    this.patience = patience
  }

  /** Throws ClosedPipe where nobody reads any more, and UserError where it cannot be written (disk full). */
  write(text: string | Uint8Array): void {
    if (typeof text === 'string') this.pending += text
    else {
      this.encode()
      this.collect(text)
    }
    if (this.used + this.pending.length > BUFFER) this.flush()
  }

  private encode(): void {
    if (this.pending === '') return
    const bytes = Buffer.from(this.pending)
    this.pending = ''
    this.collect(bytes)
  }

  private collect(bytes: Uint8Array): void {
    if (this.used + bytes.length > this.bytes.length) {
      const bigger = new Uint8Array(2 * (this.used + bytes.length))
      bigger.set(this.bytes)
      this.bytes = bigger
    }
    this.bytes.set(bytes, this.used)
    this.used += bytes.length
  }

  flush(): void {
    let bytes = this.take()
    let [waited, pause] = [0, RETRY]
    while (bytes.length > 0) {
      const written = this.writeTo((fd) => writeSync(fd, bytes))
      if (written !== undefined) {
        bytes = bytes.subarray(written)
        ;[waited, pause] = [0, RETRY]
      } else {
        if (waited >= this.patience) throw new ClosedPipe()
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pause)
        waited += pause
        pause = Math.min(2 * pause, RETRY_MOST)
      }
    }
  }

  /** What was collected, which is no longer collected then; good until more is. */
  protected take(): Uint8Array {
    if (this.used === 0) {
      const bytes = Buffer.from(this.pending)
      this.pending = ''
      return bytes
    }
    this.encode()
    const bytes = this.bytes.subarray(0, this.used)
    this.used = 0
    return bytes
  }

  /** How many bytes were written; undefined where the reader is slower than we are: a pipe that does not block says so. */
  protected writeTo(write: (fd: number) => number): number | undefined {
    try {
      return write(this.fd)
    } catch (error) {
      if (!isSystemError(error)) throw error
      if (error.code === 'EPIPE') throw new ClosedPipe()
      if (error.code === 'EAGAIN') return undefined
      throw new UserError(`${printable(this.name)} cannot be written: ${reasonOf(error)}.`)
    }
  }
}

/** Opening empties the file: it must not be one that is read. Throws UserError. */
export function openOutput(path: string, isInput: (path: string) => boolean): number {
  const name = printable(path)
  if (isInput(path)) throw new UserError(`-o ${name}: this file is one of the inputs, and would be overwritten.`)
  try {
    return openSync(path, 'w')
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such folder' : reasonOf(error)
    throw new UserError(`-o ${name} cannot be written: ${reason}.`)
  }
}
