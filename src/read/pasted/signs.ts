/** Whether a text may be a ticket. The cutter decides; this only spares most files its loading. */

/** A Markdown fence, and a prompt with a command whose output nfwhy reads. */
const FENCE = /^[ \t>]{0,8}(?:```|~~~)|[#$%>] ?(?:sudo|ip|nft|ss|conntrack)/m
/** What kinds of output begin with; two kinds in one text are two outputs. */
const KINDS =
  /^(?:(default|[\d.]+\/\d+) (?:via|dev) |(\d+:\sfrom )|(\d+: \S+: <)|(Chain) \S+ \(|(\*[a-z]+\s*$|-A )|(table) \w+ \S+ \{)|(OUT=)/gm

/** `isKnown`: is the text, as a whole, something that nfwhy reads? */
export const mayBePasted = (head: string, isKnown: boolean): boolean =>
  !/^#!|\0/.test(head) &&
  (!isKnown ||
    FENCE.test(head) ||
    new Set([...head.matchAll(KINDS)].map((found) => found.findLastIndex((part) => part))).size > 1)
