/** What the thread that receives and the one that asked for it share: they both look at it while they are busy. */

/** Of all memory that is under way, the part that is not a chunk's own bytes. */
const CHUNK_COST = 1024

// 32-bit places, and behind them 64-bit ones
const STOP = 0
const TURN = 1
const TAKEN = 1
const LOST = 2
const SENT = 3

export class Control {
  readonly memory: SharedArrayBuffer
  private readonly flags: Int32Array
  private readonly counts: BigInt64Array
  private readonly most: number

  /** `most`: bytes that may be under way. */
  constructor(memory = new SharedArrayBuffer(32), most = 0) {
    this.memory = memory
    this.most = most
    this.flags = new Int32Array(memory, 0, 2)
    this.counts = new BigInt64Array(memory)
  }

  get stopping(): boolean {
    return Atomics.load(this.flags, STOP) === 1
  }

  stop(): void {
    Atomics.store(this.flags, STOP, 1)
    Atomics.notify(this.flags, TURN)
  }

  get lost(): number {
    return Number(Atomics.load(this.counts, LOST))
  }

  set lost(count: number) {
    Atomics.store(this.counts, LOST, BigInt(count))
  }

  /** Bytes of all chunks so far, and something for each. */
  get sent(): number {
    return Number(Atomics.load(this.counts, SENT))
  }

  /** The part that was not yet taken. */
  get underWay(): number {
    return this.sent - Number(Atomics.load(this.counts, TAKEN))
  }

  /** A chunk of so many bytes was handed to whoever reads them. */
  take(bytes: number): void {
    Atomics.add(this.counts, TAKEN, BigInt(bytes + CHUNK_COST))
    Atomics.add(this.flags, TURN, 1)
    Atomics.notify(this.flags, TURN)
  }

  /** A chunk was sent. Waits while too many are under way, up to the moment when all is to stop. */
  send(bytes: number): void {
    Atomics.add(this.counts, SENT, BigInt(bytes + CHUNK_COST))
    for (;;) {
      const turn = Atomics.load(this.flags, TURN)
      if (this.stopping || this.underWay <= this.most) return
      Atomics.wait(this.flags, TURN, turn, 1000)
    }
  }
}
