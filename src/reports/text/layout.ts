/** Fits text into columns. Everything here takes text without colours. */

import { columns, isPlain } from '../../model/columns.ts'
import type { Command, PrintOptions } from '../../model/command.ts'

export const pad = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - columns(text)))

/** As many of its first characters as fit. */
function beginning(text: string, width: number): string {
  let end = 0
  let used = 0
  for (const char of text) {
    used += columns(char)
    if (used > width) break
    end += char.length
  }
  return text.slice(0, end)
}

/** Left out in the middle, with `sign` in its place: the two ends of a chain's name tell most. */
export function cutMiddle(text: string, width: number, sign: string): string {
  if (columns(text) <= width) return text
  const rest = Math.max(0, width - columns(sign))
  const tail = [...text].reverse().join('')
  const end = [...beginning(tail, Math.floor(rest / 2))].reverse().join('')
  return beginning(text, Math.ceil(rest / 2)) + sign + end
}

export function cutEnd(text: string, width: number, sign: string): string {
  if (columns(text) <= width) return text
  return beginning(text, Math.max(0, width - columns(sign))).trimEnd() + sign
}

/** Where less room is left than this, lines grow longer than they should. */
const LEAST = 10

/** Lines of whole words; only a word that is longer than a line is broken. At least one line. */
export function wrap(text: string, room: number): string[] {
  const width = Math.max(LEAST, room)
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && columns(line) + 1 + columns(word) > width) {
      lines.push(line.trimEnd())
      line = word
    } else line = line === '' ? word : `${line} ${word}`
    if (columns(line) > width) {
      const parts = broken(line, width)
      line = parts.pop()!
      for (const part of parts) lines.push(part)
    }
  }
  lines.push(line.trimEnd())
  return lines
}

/** Each part as long as fits. Once from front to back: a comment may have megabytes without a blank. */
function broken(word: string, width: number): string[] {
  const parts: string[] = []
  let [start, end, used] = [0, 0, 0]
  if (isPlain(word)) {
    for (; start + width < word.length; start += width) parts.push(word.slice(start, start + width))
    parts.push(word.slice(start))
    return parts
  }
  for (const char of word) {
    const more = columns(char)
    if (used + more > width) {
      parts.push(word.slice(start, end))
      start = end
      used = 0
    }
    used += more
    end += char.length
  }
  parts.push(word.slice(start))
  return parts
}

/** A rule: options stay with their values where a line has room for both. */
export function wrapRule(rule: string, width: number): string[] {
  const lines: string[] = []
  for (const option of options(rule)) {
    const last = lines.at(-1)
    if (last !== undefined && columns(last) + 1 + columns(option) <= width)
      lines[lines.length - 1] = `${last} ${option}`
    else for (const line of wrap(option, width)) lines.push(line)
  }
  return lines.length === 0 ? [''] : lines
}

/** A command over several lines that a shell reads as one: all but the last end in `\`. Words are never broken. */
export function wrapCommand(command: Command, width: number, options?: PrintOptions): string[] {
  return continued(partsOf(command, options), width)
}

/** The same on as few lines as it needs: joined commands begin no lines of their own. */
export const wrapTight = (command: Command, width: number, options?: PrintOptions): string[] =>
  continued(partsOf(command, options), width, false)

function partsOf(command: Command, options?: PrintOptions): string[] {
  const pieces = command.pieces(options)
  return speaksWords(command.program) ? pieces : grouped(pieces)
}

/** They have no options: each word stands by itself. */
const speaksWords = (program: string | undefined): boolean => program === 'nft' || program === 'ip'

/** The same of a line that is one of our own scripts'. */
export const wrapScriptLine = (line: string, width: number): string[] => {
  const words = wordsOf(line)
  return continued(speaksWords(words[0]) ? words : grouped(words), width)
}

function continued(parts: readonly string[], width: number, apart = true): string[] {
  const lines: string[] = []
  const begins = (last: string) => apart && isOver(last)
  for (const part of parts) {
    const last = lines.at(-1)
    // room for the backslash is kept on the last line too
    if (last !== undefined && !begins(last) && columns(last) + 1 + columns(part) <= width - 2)
      lines[lines.length - 1] = `${last} ${part}`
    else lines.push(last === undefined || begins(last) ? part : `  ${part}`)
  }
  return lines.map((line, i) => (i + 1 < lines.length && !isOver(line) ? `${line} \\` : line))
}

/** Behind `&&` a shell reads on by itself, and the next command begins a line. */
const isOver = (line: string): boolean => line === '&&' || line === '||' || line.endsWith(' &&') || line.endsWith(' ||')

const BLANK = /\s/
const isBlank = (char: string): boolean => char === ' ' || ((char < ' ' || char > '~') && BLANK.test(char))

/**
 * Words of iptables-save, and of our own scripts; quotes stay. Character by character: a pattern of all this overflows at
 * a word of some megabytes.
 */
function wordsOf(line: string): string[] {
  const words: string[] = []
  let start = -1
  for (let i = 0; i < line.length; ) {
    const char = line[i]!
    if (isBlank(char)) {
      if (start >= 0) words.push(line.slice(start, i))
      start = -1
      i++
      continue
    }
    if (start < 0) start = i
    if (char === '\\') i += 2
    else if (char === "'" || char === '"') i = behindQuote(line, i, char)
    else i++
  }
  if (start >= 0) words.push(line.slice(start))
  return words
}

/** A quote that is not closed goes on to the end. */
function behindQuote(line: string, open: number, quote: string): number {
  for (let i = open + 1; i < line.length; i++) {
    if (line[i] === quote) return i + 1
    if (quote === '"' && line[i] === '\\') i++
  }
  return line.length
}

/** Each option of a rule with the values behind it. */
const options = (rule: string): string[] => grouped(wordsOf(rule))

function grouped(words: readonly string[]): string[] {
  const list: string[] = []
  words.forEach((word, i) => {
    const last = list.at(-1)
    // the word before, not the line so far: that may have megabytes
    const isFirst = i > 0 && isOver(words[i - 1]!)
    const begins = isFirst || (/^(-|!$)/.test(word) && last !== '!')
    if (last === undefined || begins) list.push(word)
    else list[list.length - 1] = `${last} ${word}`
  })
  return list
}

/** Columns of the widest; a file may hold more texts than a call takes arguments. */
export const widest = (texts: readonly string[]): number => texts.reduce((most, one) => Math.max(most, columns(one)), 0)
