/** A ticket with several outputs in it → what is read of it, and what of it is not. */

import { concat } from '../../model/concat.ts'
import type { Report } from '../../model/diagnostic.ts'
import { latin1 } from '../../model/latin1.ts'
import { shortened } from '../../model/shortened.ts'
import { type Block, type Cut, cutPasted, type Unread } from '../../read/pasted/cut.ts'
import { paragraphsOf } from '../../read/pasted/paragraphs.ts'
import { hasPrompt, isWrapped } from '../../read/pasted/signs.ts'
import { HEAD_BYTES } from '../../read/recognise.ts'
import { isOtherOutput, otherOutput } from './other-output.ts'
import type { Found } from './recognise.ts'
import { bytesSource, type Source } from './source.ts'

/** Undefined where it is one output, or none: then it is read as a whole. `redacted`: no words of the text are shown. */
export async function pastedIn(
  source: Source,
  { recognised, head }: Found,
  report: Report,
  redacted: boolean,
): Promise<{ source: Source; found: Found }[] | undefined> {
  // a pipe that is a capture may have no end yet
  if ((source.live && recognised?.kind === 'capture') || source.forgotten.bytes > 0) return undefined
  const text = await wholeText(source)
  const cut = text === undefined ? undefined : cutPasted(text)
  if (!cut) return undefined
  // its own reader tells what it does not understand; those of rules and captures know prompts
  const isOne = recognised !== undefined && cut.blocks.every((one) => one.recognised === recognised)
  // what else is known by its look is named
  cut.unread.push(...othersAmong(text!, cut))
  const hasOther = cut.unread.some(({ text }) => isOtherOutput(text))
  if (isOne && !hasOther && !isWrapped(head) && !(recognised.kind === 'host' && hasPrompt(head))) return undefined
  tellPasted(cut, report, redacted)
  const outputs: { source: Source; found: Found }[] = []
  for (const { recognised, text } of cut.blocks) {
    await recognised.format.load?.()
    const bytes = new TextEncoder().encode(text)
    outputs.push({ source: bytesSource(bytes), found: { recognised, head: latin1(bytes.subarray(0, HEAD_BYTES)) } })
  }
  return outputs
}

/** Outside of all that was cut out, paragraphs that are the output of something known by its look. */
function othersAmong(text: string, { blocks, unread }: Cut): Unread[] {
  const left = text.split(/\r\n|\n|\r/)
  for (const { from, to } of [...blocks, ...unread]) left.fill('', from - 1, to)
  return paragraphsOf(left).flatMap(({ lines, from, to }) => {
    const text = lines.join('\n')
    return isOtherOutput(text) ? [{ from: from + 1, to: to + 1, text }] : []
  })
}

/** Bytes: a ticket is no longer. */
const MOST_PASTED = 1e6

async function wholeText(source: Source): Promise<string | undefined> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const block of source.peek()) {
    parts.push(Uint8Array.from(block))
    length += block.length
    if (length > MOST_PASTED) return undefined
  }
  return new TextDecoder().decode(concat(parts))
}

/** What was read as what, in one line; and a line for each output that was not. */
function tellPasted({ blocks, unread }: Cut, report: Report, redacted: boolean): void {
  const parts = blocks.map((block) => `${linesOf(block)} (${block.recognised.format.id})`)
  const shown = parts.length > MOST_TOLD ? [...parts.slice(0, MOST_TOLD), `${parts.length - MOST_TOLD} more`] : parts
  report('outputs-in-text', `nfwhy reads the outputs in this text: ${shown.join(', ')}`)
  for (const { recognised, filter, from } of blocks)
    if (filter !== undefined && recognised.kind !== 'capture' && recognised.format.id !== 'ss')
      report(
        'output-filtered',
        `this output is only what ${redacted ? 'a filter' : `"${shortened(filter, 40)}"`} let through: lines that decide may be missing`,
        from,
      )
  for (const one of unread) report('output-not-read', notReadWords(one, redacted), one.from)
}

const MOST_TOLD = 8

const linesOf = ({ from, to }: Block): string => (from === to ? `line ${from}` : `lines ${from} to ${to}`)

function notReadWords({ from, to, command, commands, text }: Unread, redacted: boolean): string {
  const count = to - from + 1
  const lines = count === 1 ? 'this line is' : `these ${count} lines are`
  if (commands)
    return `${lines} skipped: not a listing, but commands; another output in this text shows the current rules`
  const known = otherOutput(text, redacted)
  if (known) return `${lines} output ${known.is}${known.instead}`
  if (command === undefined || redacted) return `${lines} not output that nfwhy reads`
  return `${lines} not understood as the output of "${shortened(command, 60)}"`
}
