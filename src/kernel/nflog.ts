/**
 * Records of one NFLOG group (net/netfilter/nfnetlink_log.c): who binds it gets what TRACE of iptables-legacy and the
 * target NFLOG send there. Each record has a number, so a loss shows itself in the stream.
 */
import { readFileSync } from 'node:fs'
import { Batch } from './batch.ts'
import { errnoName, type Libc } from './libc.ts'
import { NetlinkSocket } from './netlink-socket.ts'
import { bindRequest, unbindRequest } from './nflog-request.ts'
import { fileHead, LINKTYPE_NFLOG, Records } from './pcap.ts'
import type { Source } from './source.ts'
import { Unavailable } from './unavailable.ts'

const NFULNL_MSG_PACKET = 0x0400
const NLMSG_ERROR = 2
const NLMSGHDR = 16
const NFGENMSG = 4
const NFULA_SEQ = 12

const BATCH = 64
const SLOT = 1 << 15
/** Of as many waits as the socket's timeout is long. */
const MOST_WAITS = 50

export class NflogSource implements Source {
  readonly socket: NetlinkSocket
  readonly batch: Batch
  readonly head: Uint8Array<ArrayBuffer>
  /** At least so many: behind the last record that came there are no numbers. */
  lost = 0
  readonly owes = false
  private readonly group: number
  /** Of the latest record: the next one's is one more. */
  private sequence = -1

  /** Throws Unavailable, also where another socket holds the group. */
  constructor(libc: Libc, socket: { bufferBytes: number; wait: number }, group: number, now: number) {
    this.group = group
    this.socket = new NetlinkSocket(libc, socket)
    this.batch = new Batch(libc, BATCH, SLOT)
    try {
      this.socket.withoutOverruns()
      this.head = joined(fileHead(LINKTYPE_NFLOG), ...this.bind().map((one) => this.records([one], now)))
    } catch (error) {
      this.socket.close()
      throw error
    }
  }

  /** Gives datagrams that came before the answer, or with it. */
  private bind(): Datagram[] {
    const { socket, batch, group } = this
    socket.send(bindRequest(group))
    const early: Datagram[] = []
    for (let wait = 0; wait < MOST_WAITS; wait++) {
      const count = socket.receive(batch, true)
      let errno: number | undefined
      for (const one of this.datagrams(count)) {
        if (one.view.getUint16(one.start + 4, true) === NLMSG_ERROR)
          errno = -one.view.getInt32(one.start + NLMSGHDR, true)
        else early.push(copyOf(one))
      }
      if (errno === 0) return early
      if (errno !== undefined) throw this.notBound(errno)
    }
    throw new Unavailable('kernel', `the kernel did not reply about NFLOG group ${group}`)
  }

  /** Another's group gives EPERM, as a missing right does; one of our own EBUSY (nfulnl_recv_config). */
  private notBound(errno: number): Unavailable {
    const name = errnoName(errno)
    const holder = holderOf(this.group)
    if (name === 'EBUSY' || holder !== undefined) {
      const who = holder === undefined ? '' : `, netlink port ${holder}, which is usually its process id`
      return new Unavailable('taken', `another program reads NFLOG group ${this.group} (${name}${who})`)
    }
    if (name === 'EPERM') return new Unavailable('rights', `NFLOG needs CAP_NET_ADMIN (${name})`)
    return new Unavailable('kernel', `NFLOG group ${this.group} cannot be bound (${name})`)
  }

  overrun(): void {
    // is asked for by no option; each record has a number
  }

  finish(): void {
    this.socket.send(unbindRequest(this.group))
  }

  take(count: number, now: number): Uint8Array<ArrayBuffer> {
    return this.records(this.datagrams(count), now)
  }

  end(): undefined {
    this.lost = Math.max(this.lost, this.socket.newDrops() ?? 0)
  }

  private datagrams(count: number): Datagram[] {
    const { batch } = this
    const list: Datagram[] = []
    for (let i = 0; i < count; i++) {
      const start = batch.start(i)
      list.push({ bytes: batch.bytes, view: batch.view, start, end: start + batch.length(i) })
    }
    return list
  }

  /** A record is a message without its netlink header, which is as long as the head of a pcap record. */
  private records(datagrams: readonly Datagram[], now: number): Uint8Array<ArrayBuffer> {
    const records = new Records(
      datagrams.reduce((sum, { start, end }) => sum + end - start, 0),
      now,
    )
    for (const { bytes, view, start, end } of datagrams)
      for (let at = start; at + NLMSGHDR + NFGENMSG <= end; ) {
        const length = view.getUint32(at, true)
        if (length < NLMSGHDR || at + length > end) break
        if (view.getUint16(at + 4, true) === NFULNL_MSG_PACKET) {
          this.count(view, at, at + length)
          records.copy(bytes, at + NLMSGHDR, at + length, records.begin(length - NLMSGHDR))
        }
        at += (length + 3) & ~3
      }
    return records.written
  }

  private count(view: DataView, start: number, end: number): void {
    for (let at = start + NLMSGHDR + NFGENMSG; at + 4 <= end; ) {
      const size = view.getUint16(at, true)
      const type = view.getUint16(at + 2, true) & 0x3fff
      if (size < 4) return
      if (type === NFULA_SEQ && at + 8 <= end) {
        const number = view.getUint32(at + 4)
        this.lost += (number - this.sequence - 1) >>> 0
        this.sequence = number
        return
      }
      at += (size + 3) & ~3
    }
  }
}

interface Datagram {
  bytes: Uint8Array
  view: DataView
  start: number
  end: number
}

function copyOf({ bytes, start, end }: Datagram): Datagram {
  const copy = bytes.slice(start, end)
  return { bytes: copy, view: new DataView(copy.buffer), start: 0, end: end - start }
}

/** The netlink port of the socket that has bound the group. */
function holderOf(group: number): number | undefined {
  try {
    const rows = readFileSync('/proc/thread-self/net/netfilter/nfnetlink_log', 'latin1').split('\n')
    const own = rows.map((row) => row.trim().split(/\s+/)).find(([number]) => Number(number) === group && number !== '')
    return own && Number(own[1])
  } catch {
    return undefined
  }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(new ArrayBuffer(parts.reduce((sum, { length }) => sum + length, 0)))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
