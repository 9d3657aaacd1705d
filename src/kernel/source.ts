/** What is received from the kernel, as the thread that receives it sees it. */
import type { Batch } from './batch.ts'
import type { NetlinkSocket } from './netlink-socket.ts'

/** A transaction on the ruleset of nf_tables (NFT_MSG_NEWGEN). */
export interface RulesetChange {
  generation: number
  /** Whose it was, where the kernel tells. */
  pid?: number
  process?: string
}

export interface Source {
  readonly socket: NetlinkSocket
  readonly batch: Batch
  /** The beginning of a pcap file. */
  readonly head: Uint8Array<ArrayBuffer>
  /** Messages known to be lost. */
  readonly lost: number
  /** The first `count` datagrams of the batch as records; `now` in microseconds since 1970. */
  take(count: number, now: number): Uint8Array<ArrayBuffer>
  /** A loss was met that is not yet in the stream; it is, once the socket has run empty. */
  readonly owes: boolean
  /** The socket said that it had no room for some; they are missing behind all that it still holds. */
  overrun(): void
  /** The kernel sends no more; what it holds back comes into the socket now. */
  finish(): void
  /** Behind the last datagram: what is still to be told. */
  end(now: number): Uint8Array<ArrayBuffer> | undefined
}
