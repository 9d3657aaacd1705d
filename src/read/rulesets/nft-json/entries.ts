/**
 * The entries of `{"nftables": [ … ]}` one by one, each with its line: a file that was cut keeps those before the cut.
 * Several such objects may follow each other, with other text between.
 */
import type { Report } from '../../../model/diagnostic.ts'

const LIST = /\{\s{0,200}"nftables"\s{0,200}:\s{0,200}\[/g

const [QUOTE, BACKSLASH, NEWLINE, COMMA] = [0x22, 0x5c, 0x0a, 0x2c]
const [OPEN, CLOSE, OPEN_LIST, CLOSE_LIST] = [0x7b, 0x7d, 0x5b, 0x5d]

/** Is all of it there? */
export function forEachEntry(text: string, report: Report, visit: (entry: unknown, line: number) => void): boolean {
  LIST.lastIndex = 0
  let [line, at, lists] = [1, 0, 0]
  const newlines = counterOf(text)
  for (let list = LIST.exec(text); list; list = LIST.exec(text)) {
    const inside = list.index + list[0].length
    line += newlines(at, inside)
    at = inside
    lists++
    while (at < text.length) {
      const code = text.charCodeAt(at)
      if (code === CLOSE_LIST) break
      if (code === COMMA || isBlank(code)) {
        if (code === NEWLINE) line++
        at++
        continue
      }
      const end = code === OPEN ? endOfObject(text, at) : undefined
      if (end === undefined) {
        const what = code === OPEN ? 'the file ends in the middle of an object' : 'what follows here is no JSON'
        report('cut-short', `${what}; the objects before it are used`, line)
        return false
      }
      parse(text.slice(at, end), report, line, visit)
      line += newlines(at, end)
      at = end
    }
    if (at >= text.length) {
      report('cut-short', 'the file ends in the middle of a list', line)
      return false
    }
    LIST.lastIndex = at
  }
  if (lists === 0) report('no-table', 'the file has no nft ruleset')
  return true
}

const isBlank = (code: number): boolean => code === 0x20 || code === NEWLINE || code === 0x0d || code === 0x09

/** Counts line breaks between places that come in order; a text of one line is not searched for more of them each time. */
function counterOf(text: string): (from: number, to: number) => number {
  let next = text.indexOf('\n')
  return (from, to) => {
    let count = 0
    if (next >= 0 && next < from) next = text.indexOf('\n', from)
    for (; next >= 0 && next < to; next = text.indexOf('\n', next + 1)) count++
    return count
  }
}

function parse(source: string, report: Report, line: number, visit: (entry: unknown, line: number) => void): void {
  let entry: unknown
  try {
    entry = JSON.parse(source)
  } catch {
    report('line-not-understood', `not valid JSON: ${source.slice(0, 80)}`, line)
    return
  }
  visit(entry, line)
}

/** The place behind the brace that belongs to the one at `start`; undefined: there is none. */
function endOfObject(text: string, start: number): number | undefined {
  let depth = 0
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      at = endOfString(text, at)
      if (at < 0) return undefined
    } else if (code === OPEN || code === OPEN_LIST) depth++
    else if ((code === CLOSE || code === CLOSE_LIST) && --depth === 0) return at + 1
  }
  return undefined
}

/** The place of the closing quote, or -1. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === BACKSLASH) at++
    else if (code === QUOTE) return at
  }
  return -1
}
