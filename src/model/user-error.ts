/** An error that was foreseen: a sentence for a person. Every other error is a bug. */
export class UserError extends Error {
  /** What helps; lines. */
  readonly hint: string | undefined

  constructor(message: string, hint?: string) {
    super(shortLines(message))
    this.hint = hint
  }
}

/** A word that somebody gave, and a line of many of them; a path of 4096 bytes is the longest that a system takes. */
const LONGEST_WORD = 400
const LONGEST_LINE = 5000

/** Of a message, not of a command that somebody is to run. */
export const shortLines = (text: string): string => text.split('\n').map(shortLine).join('\n')

const shortLine = (line: string): string => {
  if (line.length <= LONGEST_WORD) return line
  const words = line.split(' ').map((word) => cutMiddle(word, LONGEST_WORD))
  return cutMiddle(words.join(' '), LONGEST_LINE)
}

/** The ends tell what it was. */
function cutMiddle(text: string, most: number): string {
  if (text.length <= most) return text
  const half = (most - 1) >> 1
  return `${text.slice(0, half)}…${text.slice(-half)}`
}
