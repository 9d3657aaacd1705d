/** What an input is, by as much of it as that takes. */
import { latin1 } from '../../model/latin1.ts'
import { FORMATS, HEAD_BYTES, type Recognised, recognise } from '../../read/recognise.ts'
import type { Source } from './source.ts'

/** Longer than any record: one that begins in a block and ends in the next is still seen. */
const OVERLAP = 4096

/** Bytes after which an input that shows nothing is given up: a device or a pipe may have no end. */
export const MOST_LOOKED_AT = 256e6

export interface Found {
  /** It goes on behind what was looked at. */
  givenUp?: true
  recognised: Recognised | undefined
  /** Empty where the input is. Latin-1: every byte is a letter, so a head that is cut inside of one does no harm. */
  head: string
}

/**
 * Looks at as much as it takes. A log may begin with megabytes of other programs' lines, and one that is still being
 * written must not be waited for longer than to its first record. What shows nothing is given up at last.
 */
export async function recogniseSource(source: Source, as: Recognised | undefined): Promise<Found> {
  let head = ''
  let window = ''
  let looked = 0
  for await (const block of source.peek()) {
    const text = latin1(block)
    if (head.length < HEAD_BYTES) {
      head += text.slice(0, HEAD_BYTES - head.length)
      const recognised = as ?? recognise(head)
      // what comes yet may make another thing of what is not a capture
      if (recognised && (as || recognised.kind === 'capture' || head.length === HEAD_BYTES)) return { recognised, head }
    }
    window = window.slice(-OVERLAP) + text
    if (head.length < HEAD_BYTES) continue
    const recognised = captureIn(window)
    if (recognised) return { recognised, head }
    source.forget(HEAD_BYTES)
    looked += block.length
    if (looked >= MOST_LOOKED_AT) return { recognised: recognise(head), head, givenUp: true }
  }
  return { recognised: recognise(head), head }
}

const CAPTURES = FORMATS.filter(({ kind }) => kind === 'capture')
const captureIn = (text: string) => CAPTURES.find(({ format }) => format.sniff(text))
