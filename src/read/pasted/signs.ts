/** Whether a text may be a ticket. The cutter decides; this only spares most files its loading. */
import { commandOfLine, isOfCapture } from './beginnings.ts'
import { hasTcpdump } from './tcpdump.ts'
import { unwrapped } from './unwrapped.ts'

/** A Markdown fence, a prompt with a command whose output nfwhy reads, and what script(1) writes. */
const SIGNS = /^[ \t>]{0,8}(?:```|~~~)|[#$%>] ?(?:sudo|ip|nft|ss|conntrack)|^Script started on /m

/** In a fence, quoted, or recorded by script(1). */
export const isWrapped = (head: string): boolean => /^[ \t>]{0,8}(?:`{3}|~{3}|> )|^Script started on /m.test(head)

/** `root@gw:~# ip rule` */
export const hasPrompt = (head: string): boolean =>
  /^[ \t]{0,8}\[?[\w.-]{1,40}@[\w.-]{1,60}[^#$%>\n]{0,60}[#$%] /m.test(head)

/** `isKnown`: is the text, as a whole, something that nfwhy reads? */
export const mayBePasted = (head: string, isKnown: boolean): boolean =>
  !/^#!|\0/.test(head) && (!isKnown || SIGNS.test(head) || hasTcpdump(head) || hasTwoOutputs(withBlanks(head)))

/** With blanks for a web page's no-break spaces, which are two bytes each. */
const withBlanks = (head: string): string => head.replaceAll('\xc2\xa0', ' ')

function hasTwoOutputs(head: string): boolean {
  let first: string | undefined
  for (const line of unwrapped(head.slice(0, head.lastIndexOf('\n') + 1).split(/\r?\n/))) {
    // quoted, or indented below prose
    const command = commandOfLine(line.replace(/^[ \t>]{1,8}/, ''))
    const isOne = command === first || (isOfCapture(command) && isOfCapture(first))
    if (command !== undefined && first !== undefined && !isOne) return true
    first ??= command
  }
  return false
}
