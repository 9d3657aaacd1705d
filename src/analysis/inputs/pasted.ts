/** A ticket with several outputs in it → what is read of it, and what of it is not. */
import { concat } from '../../model/concat.ts'
import type { Report } from '../../model/diagnostic.ts'
import { type Block, type Cut, cutPasted, type Unread } from '../../read/pasted/cut.ts'
import { otherOutput } from './other-output.ts'
import type { Found } from './recognise.ts'
import type { Source } from './source.ts'

/** Undefined where it is one output, or none: then it is read as a whole. */
export async function pastedIn(source: Source, { recognised, head }: Found): Promise<Cut | undefined> {
  const text = await wholeText(source)
  const cut = text === undefined ? undefined : cutPasted(text)
  if (!cut) return undefined
  const isOne = cut.unread.length === 0 && cut.blocks.every((one) => one.recognised === recognised)
  return isOne && !/^[ \t>]*(?:`{3}|~{3}|> )/m.test(head) ? undefined : cut
}

/** Bytes: a ticket is no longer. */
export const MOST_PASTED = 1e6

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
export function tellPasted({ blocks, unread }: Cut, report: Report): void {
  const parts = blocks.map((block) => `${linesOf(block)} (${block.recognised.format.id})`)
  const shown = parts.length > MOST_TOLD ? [...parts.slice(0, MOST_TOLD), `${parts.length - MOST_TOLD} more`] : parts
  report('outputs-in-text', `nfwhy reads the outputs in this text: ${shown.join(', ')}`)
  for (const one of unread) report('output-not-read', notReadWords(one), one.from)
}

const MOST_TOLD = 8

const linesOf = ({ from, to }: Block): string => (from === to ? `line ${from}` : `lines ${from} to ${to}`)

function notReadWords({ from, to, command, commands, text }: Unread): string {
  const count = to - from + 1
  const lines = count === 1 ? 'this line is' : `these ${count} lines are`
  if (commands) return `${lines} commands, and no listing: another output in this text shows what is in force`
  const known = otherOutput(text)
  if (known !== undefined) return `${lines} ${known}`
  if (command === undefined) return `${lines} no output that nfwhy reads`
  const shown = command.length > 60 ? `${command.slice(0, 57)}…` : command
  return `${lines} not understood as the output of "${shown}"`
}
