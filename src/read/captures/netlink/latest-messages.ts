/**
 * The latest messages that show no packet, each found without a look at its attributes. Messages of one rule are the same
 * but for the trace id, and most of a trace are among a few dozen.
 */
import { NFTA_TRACE_ID } from './attributes.ts'

/** What such a message says: the trace point, and the packet's mark behind it, -1 where that is not known. */
export interface Seen {
  point: number
  mark: number
}

interface Entry extends Seen {
  words: Int32Array
  little: boolean
}

/** Where kernels put the trace id's attribute, counted from nfgenmsg; its value stands 4 bytes behind. */
const ID = 20
export const ID_VALUE = 24
const PLACES = 1024
/** In bytes. */
const MOST_LENGTH = 256

/** Behind find: where `keep` is to put the message; -1: it has no place here. */
let place = -1

export class LatestMessages {
  private readonly entries: (Entry | undefined)[] = new Array(PLACES).fill(undefined)

  /** The message whose nfgenmsg begins at `start`. */
  find(view: DataView, start: number, end: number, little: boolean): Seen | undefined {
    place = -1
    const length = end - start
    if (length <= ID_VALUE || length > MOST_LENGTH || length & 3) return undefined
    if (view.getUint16(start + ID, little) !== 8 || view.getUint16(start + ID + 2, little) !== NFTA_TRACE_ID)
      return undefined
    let hash = length ^ view.getInt32(start)
    for (let at = start + ID_VALUE + 4; at < end; at += 4) hash = ((hash << 5) | (hash >>> 27)) ^ view.getInt32(at)
    hash ^= hash >>> 15
    place = (hash ^ (hash >>> 10)) & (PLACES - 1)
    const entry = this.entries[place]
    return entry && entry.little === little && same(entry.words, view, start, end) ? entry : undefined
  }

  /** The message for which `find` was just asked, in the place of another. */
  keep(view: DataView, start: number, end: number, little: boolean, { point, mark }: Seen): void {
    if (place < 0) return
    const words = new Int32Array((end - start) >> 2)
    for (let i = 0; i < words.length; i++) words[i] = view.getInt32(start + 4 * i)
    this.entries[place] = { words, little, point, mark }
  }
}

function same(words: Int32Array, view: DataView, start: number, end: number): boolean {
  if (words.length !== (end - start) >> 2) return false
  for (let i = 0; i < words.length; i++)
    if (i !== ID_VALUE >> 2 && words[i] !== view.getInt32(start + 4 * i)) return false
  return true
}
