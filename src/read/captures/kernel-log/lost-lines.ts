/** Lines by which whoever handed the log on says that it lost some: printk, journald (journald-server.c, journald-kmsg.c), rsyslog's imjournal and imuxsock. */

const decoder = new TextDecoder('latin1')

/** Longer ones are of something else. */
const LONGEST = 400
/** Four letters of `messages` from its first, second … fifth, as little-endian numbers: of four bytes in a row one begins there. */
const PARTS = new Set(
  ['mess', 'essa', 'ssag', 'sage', 'ages'].map((text) =>
    new DataView(Uint8Array.from(text, (letter) => letter.charCodeAt(0)).buffer).getInt32(0, true),
  ),
)

const WORDS =
  /\b(?:Missed \d+ kernel messages|Suppressed \d+ messages from|printk: \d+ messages? (?:dropped|suppressed)|\d+ messages lost due to rate-limiting|\d+ messages from .* lost due to rate-limiting|lost \d+ messages)/

/** Does the line from `start` to `end` say so? Other programs' lines are many: most are not even decoded. */
export function tellsOfLoss(bytes: Uint8Array, view: DataView, start: number, end: number): boolean {
  if (end - start > LONGEST) return false
  for (let at = start; at + 4 <= end; at += 4)
    if (PARTS.has(view.getInt32(at, true))) return WORDS.test(decoder.decode(bytes.subarray(start, end)))
  return false
}
