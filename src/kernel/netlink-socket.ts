/** A socket of NETLINK_NETFILTER: groups, a big buffer, messages in batches, and how many the kernel could not deliver. */
import { fstatSync, readFileSync } from 'node:fs'
import type { Batch } from './batch.ts'
import { type CFunction, errnoName, type Libc } from './libc.ts'
import { Unavailable } from './unavailable.ts'

const AF_NETLINK = 16
const SOCK_RAW = 3
const SOCK_CLOEXEC = 0x80000
const NETLINK_NETFILTER = 12
const SOL_SOCKET = 1
const SO_RCVBUF = 8
const SO_RCVTIMEO = 20
const SO_ATTACH_FILTER = 26
const SO_RCVBUFFORCE = 33
const SOL_NETLINK = 270
const NETLINK_ADD_MEMBERSHIP = 1
const NETLINK_DROP_MEMBERSHIP = 2
const NETLINK_NO_ENOBUFS = 5
const MSG_DONTWAIT = 0x40
const MSG_WAITFORONE = 0x10000

/** What `receive` gives in place of a number of datagrams. */
export const NOTHING = 0
export const OVERRUN = -1

/** One instruction of a classic BPF program: struct sock_filter. */
export type Instruction = readonly [code: number, jumpTrue: number, jumpFalse: number, value: number]

export class NetlinkSocket {
  /** What the buffer holds of messages with all that the kernel keeps around them, in bytes. */
  readonly bufferBytes: number
  private readonly libc: Libc
  private readonly fd: number
  private readonly setsockopt: CFunction
  private readonly recvmmsg: CFunction
  private readonly sendOnce: CFunction
  private readonly inode: number
  private drops = 0

  /** Throws Unavailable. `wait`: milliseconds that `receive` waits for a first datagram. */
  constructor(libc: Libc, { bufferBytes, wait }: { bufferBytes: number; wait: number }) {
    this.libc = libc
    this.setsockopt = libc.func('int setsockopt(int fd, int level, int option, const void *value, uint length)')
    this.recvmmsg = libc.func('int recvmmsg(int fd, void *messages, uint count, int flags, void *timeout)')
    this.sendOnce = libc.func('int64_t send(int fd, const void *bytes, size_t length, int flags)')
    this.fd = Number(
      libc.func('int socket(int family, int type, int protocol)')(
        AF_NETLINK,
        SOCK_RAW | SOCK_CLOEXEC,
        NETLINK_NETFILTER,
      ),
    )
    if (this.fd < 0) throw new Unavailable('kernel', `this kernel has no nfnetlink (${this.lastError()})`)
    this.inode = fstatSync(this.fd).ino
    const address = new Uint8Array(12)
    address[0] = AF_NETLINK
    this.must('bind', libc.func('int bind(int fd, const void *address, uint length)')(this.fd, address, 12))
    this.bufferBytes = this.growBuffer(bufferBytes)
    const timeout = new Uint8Array(16)
    new DataView(timeout.buffer).setBigInt64(8, BigInt(wait) * 1000n, true)
    this.must('SO_RCVTIMEO', this.set(SOL_SOCKET, SO_RCVTIMEO, timeout))
  }

  /** Without CAP_NET_ADMIN no more than net.core.rmem_max; says what it got. The kernel doubles what is asked for. */
  private growBuffer(wanted: number): number {
    if (this.set(SOL_SOCKET, SO_RCVBUFFORCE, int32(wanted)) !== 0) this.set(SOL_SOCKET, SO_RCVBUF, int32(wanted))
    const value = int32(0)
    const length = int32(4)
    const get = this.libc.func('int getsockopt(int fd, int level, int option, void *value, void *length)')
    this.must('SO_RCVBUF', get(this.fd, SOL_SOCKET, SO_RCVBUF, value, length))
    return new DataView(value.buffer).getInt32(0, true)
  }

  /** Throws Unavailable where it takes a right that is missing. */
  join(group: number): void {
    this.must(`netlink group ${group}`, this.set(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, int32(group)))
  }

  leave(group: number): void {
    this.set(SOL_NETLINK, NETLINK_DROP_MEMBERSHIP, int32(group))
  }

  /** What is lost is told by the messages' own numbers: the kernel goes on as soon as there is room again. */
  withoutOverruns(): void {
    this.must('NETLINK_NO_ENOBUFS', this.set(SOL_NETLINK, NETLINK_NO_ENOBUFS, int32(1)))
  }

  /** Messages for which the program gives 0 are not put into the buffer. */
  filter(program: readonly Instruction[]): void {
    const code = new Uint8Array(new ArrayBuffer(program.length * 8))
    const view = new DataView(code.buffer)
    for (const [i, [operation, jumpTrue, jumpFalse, value]] of program.entries()) {
      view.setUint16(i * 8, operation, true)
      view.setUint8(i * 8 + 2, jumpTrue)
      view.setUint8(i * 8 + 3, jumpFalse)
      view.setUint32(i * 8 + 4, value, true)
    }
    const pointer = new Uint8Array(16)
    const pointerView = new DataView(pointer.buffer)
    pointerView.setUint16(0, program.length, true)
    pointerView.setBigUint64(8, this.libc.address(code), true)
    this.must('SO_ATTACH_FILTER', this.set(SOL_SOCKET, SO_ATTACH_FILTER, pointer))
  }

  /**
   * The number of datagrams that are there; NOTHING after the time given, or at once without `wait`; OVERRUN: the
   * kernel had no room for some, behind all that are still to be received. Throws what else goes wrong.
   */
  receive(batch: Batch, wait: boolean): number {
    const flags = wait ? MSG_WAITFORONE : MSG_DONTWAIT
    const count = Number(this.recvmmsg(this.fd, batch.headers, batch.count, flags, null))
    if (count >= 0) return count
    const name = this.lastError()
    if (name === 'EAGAIN' || name === 'EINTR') return NOTHING
    if (name === 'ENOBUFS') return OVERRUN
    throw new Error(`netlink: ${name}`)
  }

  send(bytes: Uint8Array): void {
    this.must('netlink', this.sendOnce(this.fd, bytes, bytes.length, 0))
  }

  /**
   * Messages that the kernel could not deliver since it was last asked (sk_drops, net/netlink/af_netlink.c); undefined:
   * it does not tell.
   */
  newDrops(): number | undefined {
    let rows: string[]
    try {
      rows = readFileSync('/proc/thread-self/net/netlink', 'latin1').split('\n')
    } catch {
      return undefined
    }
    const own = rows.map((row) => row.trim().split(/\s+/)).find((row) => Number(row[9]) === this.inode)
    if (own === undefined) return undefined
    const before = this.drops
    this.drops = Number(own[8])
    return (this.drops - before) >>> 0
  }

  close(): void {
    // Node closes only what it has opened itself
    this.libc.func('int close(int fd)')(this.fd)
  }

  private set(level: number, option: number, value: Uint8Array): number {
    return Number(this.setsockopt(this.fd, level, option, value, value.length))
  }

  private must(what: string, result: number | bigint): void {
    if (Number(result) >= 0) return
    const name = this.lastError()
    this.close()
    if (name === 'EPERM' || name === 'EACCES') throw new Unavailable('rights', `${what} needs CAP_NET_ADMIN (${name})`)
    throw new Unavailable('kernel', `${what}: ${name}`)
  }

  private lastError(): string {
    return errnoName(this.libc.errno())
  }
}

function int32(value: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(new ArrayBuffer(4))
  new DataView(bytes.buffer).setInt32(0, value, true)
  return bytes
}
