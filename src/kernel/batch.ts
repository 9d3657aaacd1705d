/**
 * Room for many datagrams that one call of recvmmsg(2) fills: slots of the same size, and the structures that tell the
 * kernel of them. In 64 bits, little endian: struct iovec has 16 bytes, struct mmsghdr 64.
 */
import type { Libc } from './libc.ts'

const IOVEC = 16
const MMSGHDR = 64
// inside struct mmsghdr
const MSG_IOV = 16
const MSG_IOVLEN = 24
const MSG_FLAGS = 48
const MSG_LEN = 56

const MSG_TRUNC = 0x20

export class Batch {
  readonly count: number
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly view: DataView
  readonly headers: Uint8Array
  private readonly slot: number
  private readonly headerView: DataView
  /** The kernel is given its address. */
  private readonly vectors: Uint8Array

  constructor(libc: Libc, count: number, slot: number) {
    this.count = count
    this.slot = slot
    this.bytes = new Uint8Array(new ArrayBuffer(count * slot))
    this.view = new DataView(this.bytes.buffer)
    this.headers = new Uint8Array(new ArrayBuffer(count * MMSGHDR))
    this.headerView = new DataView(this.headers.buffer)
    this.vectors = new Uint8Array(new ArrayBuffer(count * IOVEC))
    const vectorView = new DataView(this.vectors.buffer)
    const [data, vectors] = [libc.address(this.bytes), libc.address(this.vectors)]
    for (let i = 0; i < count; i++) {
      vectorView.setBigUint64(i * IOVEC, data + BigInt(i * slot), true)
      vectorView.setBigUint64(i * IOVEC + 8, BigInt(slot), true)
      this.headerView.setBigUint64(i * MMSGHDR + MSG_IOV, vectors + BigInt(i * IOVEC), true)
      this.headerView.setBigUint64(i * MMSGHDR + MSG_IOVLEN, 1n, true)
    }
  }

  /** Where datagram `i` begins in `bytes`. */
  start(i: number): number {
    return i * this.slot
  }

  /** Bytes of it that are there. */
  length(i: number): number {
    return this.headerView.getUint32(i * MMSGHDR + MSG_LEN, true)
  }

  /** Was it longer than a slot? */
  isCut(i: number): boolean {
    return (this.headerView.getUint32(i * MMSGHDR + MSG_FLAGS, true) & MSG_TRUNC) !== 0
  }
}
