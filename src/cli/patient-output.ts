/**
 * Standard output while something is held open that has to be taken back: a reader that does not read holds up nothing
 * but what is read for it. What it has not taken yet is kept, and written as it takes it.
 */
import { writeSync } from 'node:fs'
import { UserError } from '../model/user-error.ts'
import { ClosedPipe } from './errors.ts'
import { Output } from './stdout.ts'

/** Kept before who makes more of it should wait: bytes. */
const ROOM = 1 << 20
/** Milliseconds after which a full pipe is tried again, at first and at most. */
const RETRY = 1
const RETRY_MOST = 16

interface Waiting {
  /** Bytes that may be kept still. */
  until: number
  resolve(): void
  reject(error: unknown): void
}

export class PatientOutput extends Output {
  private kept: Uint8Array[] = []
  private keptBytes = 0
  private waiting: Waiting[] = []
  private failure: unknown
  private pause = RETRY
  private timer: NodeJS.Timeout | undefined
  private progressed = Date.now()

  constructor() {
    super()
    // a pipe does not block any more once this has been read
    void process.stdout
  }

  override flush(): void {
    if (this.failure) throw this.failure
    const bytes = this.take().slice()
    if (bytes.length > 0) {
      if (this.keptBytes === 0) this.progressed = Date.now()
      this.kept.push(bytes)
      this.keptBytes += bytes.length
    }
    if (this.timer === undefined) this.writeOn()
    if (this.failure) throw this.failure
  }

  get hasRoom(): boolean {
    return this.keptBytes <= ROOM && !this.failure
  }

  /** Bytes that wait for the reader. */
  get waitingBytes(): number {
    return this.keptBytes
  }

  /** Resolves when there is room for more; rejects as `flush` throws. */
  room(): Promise<void> {
    return this.whenKept(ROOM)
  }

  /** Resolves when the reader has taken all of it. */
  drained(): Promise<void> {
    return this.whenKept(0)
  }

  /** The same, but rejects with UserError where the reader takes nothing for so long: milliseconds. */
  async drainedUnlessStalled(patience: number): Promise<void> {
    // from now on, however long it has stalled before
    const since = Date.now()
    let look: NodeJS.Timeout | undefined
    const stalled = new Promise<never>((_, reject) => {
      look = setInterval(() => {
        if (Date.now() - Math.max(since, this.progressed) < patience) return
        reject(new UserError(`no program reads standard output: the last ${this.keptBytes} bytes were not written.`))
      }, patience / 4)
    })
    try {
      await Promise.race([this.drained(), stalled])
    } finally {
      clearInterval(look)
    }
  }

  private async whenKept(until: number): Promise<void> {
    if (this.failure) throw this.failure
    if (this.keptBytes <= until) return
    await new Promise<void>((resolve, reject) => this.waiting.push({ until, resolve, reject }))
  }

  private writeOn(): void {
    try {
      while (this.kept.length > 0) {
        const [first] = this.kept
        const written = this.writeTo((fd) => writeSync(fd, first!))
        if (written === undefined) break
        this.progressed = Date.now()
        this.pause = RETRY
        this.keptBytes -= written
        if (written === first!.length) this.kept.shift()
        else this.kept[0] = first!.subarray(written)
      }
    } catch (error) {
      if (!(error instanceof ClosedPipe || error instanceof UserError)) throw error
      this.failure = error
      this.kept = []
    }
    for (const one of this.waiting.splice(0)) {
      if (this.failure) one.reject(this.failure)
      else if (this.keptBytes <= one.until) one.resolve()
      else this.waiting.push(one)
    }
    if (this.kept.length === 0) return
    this.timer = setTimeout(() => {
      this.timer = undefined
      this.writeOn()
    }, this.pause)
    this.pause = Math.min(2 * this.pause, RETRY_MOST)
  }
}
