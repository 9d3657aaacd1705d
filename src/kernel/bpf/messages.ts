/** What the thread that watches drops is told when it starts, and what it says. */
import type { Reason } from '../unavailable.ts'

export interface ToDropThread {
  namespaceInode: number
  /** How many drops may wait in the kernel. */
  entries: number
  /** Bytes that whoever reads may lag behind. */
  holdBytes: number
  /** Of a Control. */
  memory: SharedArrayBuffer
  /** One number of 32 bits: how often it was asked to catch up. */
  turns: SharedArrayBuffer
}

export type FromDropThread =
  | { kind: 'ready'; reasons: ReadonlyMap<number, string> }
  /** `records`: whole ones (src/read/host/kernel-drop-record.ts); `locations`: names not told before. */
  | {
      kind: 'drops'
      records: Uint8Array<ArrayBuffer>
      locations: ReadonlyMap<number, string>
      clockOffset: number
    }
  /** All is handed over that the kernel had told when `turns` had this number. */
  | { kind: 'caught-up'; turn: number }
  | { kind: 'missed'; missed: number }
  | { kind: 'failed'; message: string; reason?: Reason }
