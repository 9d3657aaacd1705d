/**
 * Trace events of nf_tables, as they come from its netlink group: NFT_MSG_TRACE (net/netfilter/nf_tables_trace.c). With
 * them the changes of the ruleset, in their place among the events; and what was lost, as a message of our own.
 */
import { latin1 } from '../model/latin1.ts'
import { Batch } from './batch.ts'
import type { Libc } from './libc.ts'
import { type Instruction, NetlinkSocket } from './netlink-socket.ts'
import { fileHead, LINKTYPE_NETLINK, RECORD_HEAD, Records } from './pcap.ts'
import type { RulesetChange, Source } from './source.ts'

const NFNLGRP_NFTABLES = 7
const NFNLGRP_NFTRACE = 9
const NFT_MSG_NEWGEN = 0x0a0f
const NFT_MSG_TRACE = 0x0a11
const NLMSG_OVERRUN = 4
const NLMSGHDR = 16
const NFGENMSG = 4
// enum nft_gen_attributes
const NFTA_GEN_ID = 1
const NFTA_GEN_PROC_PID = 2
const NFTA_GEN_PROC_NAME = 3

const BATCH = 512
/** Three names of 256 bytes and all headers are less. */
const SLOT = 2048

/** In front of a message of LINKTYPE_NETLINK; the type of the device is ARPHRD_NETLINK, the protocol NETLINK_NETFILTER. */
const COOKED = 16
const ARPHRD_NETLINK = 824
const NETLINK_NETFILTER = 12

const swapped = (type: number): number => ((type & 0xff) << 8) | (type >> 8)
/**
 * By nlmsg_type, which the program sees in network byte order. A ruleset of thousands of rules that is loaded would
 * take the buffer's room with a message for each.
 */
const ONLY_TRACE_AND_GENERATION: readonly Instruction[] = [
  [0x28, 0, 0, 4],
  [0x15, 1, 0, swapped(NFT_MSG_TRACE)],
  [0x15, 0, 1, swapped(NFT_MSG_NEWGEN)],
  [0x06, 0, 0, 0xffffffff],
  [0x06, 0, 0, 0],
]

export class NftTraceSource implements Source {
  readonly socket: NetlinkSocket
  readonly batch: Batch
  readonly head = fileHead(LINKTYPE_NETLINK)
  lost = 0
  owes = false
  /** That events are missing is said, and not yet how many. */
  private opened = false
  private readonly onChange: (change: RulesetChange) => void

  /** Throws Unavailable. */
  constructor(libc: Libc, socket: { bufferBytes: number; wait: number }, onChange: (change: RulesetChange) => void) {
    this.onChange = onChange
    this.socket = new NetlinkSocket(libc, socket)
    this.socket.filter(ONLY_TRACE_AND_GENERATION)
    this.socket.join(NFNLGRP_NFTABLES)
    this.socket.join(NFNLGRP_NFTRACE)
    this.batch = new Batch(libc, BATCH, SLOT)
  }

  overrun(): void {
    this.owes = true
  }

  finish(): void {
    this.socket.leave(NFNLGRP_NFTRACE)
    this.socket.leave(NFNLGRP_NFTABLES)
  }

  take(count: number, now: number): Uint8Array<ArrayBuffer> {
    const { batch } = this
    let capacity = 2 * LOSS
    for (let i = 0; i < count; i++) capacity += RECORD_HEAD + COOKED + batch.length(i)
    const records = new Records(capacity, now)
    // from here on: the kernel drops messages until the socket has run empty, which it may do, and fill again, in one batch
    if (this.owes && !this.opened) this.writeLoss(records, 0)
    this.opened = this.owes
    for (let i = 0; i < count; i++) {
      const start = batch.start(i)
      const length = batch.length(i)
      const to = this.cooked(records, length)
      records.copy(batch.bytes, start, start + length, to)
      if (batch.view.getUint16(start + 4, true) === NFT_MSG_NEWGEN) this.onChange(readChange(batch, start, length))
    }
    if (this.owes && count < batch.count) {
      this.owes = this.opened = false
      this.writeLoss(records, this.socket.newDrops())
    }
    return records.written
  }

  end(now: number): Uint8Array<ArrayBuffer> | undefined {
    const records = new Records(LOSS, now)
    const missing = this.socket.newDrops()
    if (missing === undefined ? !this.owes : missing === 0) return undefined
    this.writeLoss(records, missing)
    return records.written
  }

  /**
   * NLMSG_OVERRUN with the number of events that are missing: 0 where they are behind it, and the next one tells; none
   * where the kernel does not tell it.
   */
  private writeLoss(records: Records, missing: number | undefined): void {
    this.lost += missing ?? 1
    const length = NLMSGHDR + (missing === undefined ? 0 : 4)
    const to = this.cooked(records, length)
    records.view.setUint32(to, length, true)
    records.view.setUint16(to + 4, NLMSG_OVERRUN, true)
    if (missing !== undefined) records.view.setUint32(to + NLMSGHDR, missing, true)
  }

  /** Gives where the message is to be put. */
  private cooked(records: Records, length: number): number {
    const to = records.begin(COOKED + length)
    records.view.setUint16(to + 2, ARPHRD_NETLINK)
    records.view.setUint16(to + 14, NETLINK_NETFILTER)
    return to + COOKED
  }
}

/** Bytes of a record that tells of a loss. */
const LOSS = RECORD_HEAD + COOKED + NLMSGHDR + 4

function readChange({ bytes, view }: Batch, start: number, length: number): RulesetChange {
  const change: RulesetChange = { generation: 0 }
  const end = start + length
  for (let at = start + NLMSGHDR + NFGENMSG; at + 4 <= end; ) {
    const size = view.getUint16(at, true)
    const type = view.getUint16(at + 2, true) & 0x3fff
    if (size < 4 || at + size > end) break
    if (type === NFTA_GEN_ID && size >= 8) change.generation = view.getUint32(at + 4)
    else if (type === NFTA_GEN_PROC_PID && size >= 8) change.pid = view.getUint32(at + 4)
    else if (type === NFTA_GEN_PROC_NAME) change.process = latin1(bytes.subarray(at + 4, at + size - 1))
    at += (size + 3) & ~3
  }
  return change
}
