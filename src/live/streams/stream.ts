/** Where a session's events come from: bytes of a capture format that files have, too. */
import type { Abandoned } from '../../kernel/receiver.ts'
import type { CaptureFormat } from '../../read/captures/format.ts'
import { formatById } from '../../read/recognise.ts'

export interface EventStream {
  format: CaptureFormat
  /** What reads it, for people: `the kernel's netlink socket`, `nft monitor trace`. */
  by: string
  /** Losses are told: what is not in it, and not told to be lost, did not happen. */
  tellsLosses: boolean
  /** From then on nothing is missed. Rejects where it cannot be read. */
  ready: Promise<void>
  /** Milliseconds without anything new, behind which an empty chunk comes. */
  idleTick: number
  /**
   * Ends behind `stop`, after what has come until then. An empty chunk says that nothing more was there, and comes again
   * while that goes on, for some seconds.
   */
  chunks: AsyncIterable<Uint8Array>
  /** Messages that are known to be lost; what the stream itself tells of losses is not among them. */
  lost(): number
  /** Bytes that were received and not yet asked for, which is how far a reader is behind; a program waits instead. */
  unread(): number
  /** Of which that is the last part. */
  received?(): number
  /** What has come and was not asked for; `chunks` end. A program's output, of which little can be left, is read to its end. */
  abandon?(): Abandoned
  /** Rules of nf_tables have changed. */
  onRulesetChange?(callback: () => void): void
  stop(): Promise<void>
}

export function captureFormat(id: string): CaptureFormat {
  const found = formatById(id)
  if (found?.kind !== 'capture') throw new Error(`no capture format ${id}`)
  return found.format
}
