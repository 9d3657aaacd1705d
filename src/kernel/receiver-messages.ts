/** What the receiving thread is told when it starts, and what it says. */
import type { RulesetChange } from './source.ts'
import type { Reason } from './unavailable.ts'

/** Milliseconds in which nothing came. */
export const IDLE_TICK = 100

export interface ToThread {
  what: 'nft-trace' | 'nflog'
  namespace?: string
  group: number
  bufferBytes: number
  /** Bytes that whoever reads the chunks may lag behind. */
  holdBytes: number
  /** Of a Control. */
  memory: SharedArrayBuffer
}

export type FromThread =
  | { kind: 'ready'; bufferBytes: number }
  /** `messages`: how many are in it. */
  | { kind: 'chunk'; chunk: Uint8Array<ArrayBuffer>; messages: number }
  /** Nothing has come for the time that the thread waits. */
  | { kind: 'idleTick' }
  | { kind: 'change'; change: RulesetChange }
  | { kind: 'end' }
  /** Without a reason it is a bug, or a kernel that does what is not expected. */
  | { kind: 'failed'; message: string; reason?: Reason }
