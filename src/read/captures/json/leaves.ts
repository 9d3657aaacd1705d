/**
 * The values of one JSON object that are no objects themselves, each with its name. Names may come twice (tshark writes
 * them so), which JSON.parse would not tell; and a row that was cut, or broken over lines in the middle of a word, gives
 * what it has.
 */

/** Called for each; an array's values have its name. */
export type TakeLeaf = (name: string, value: string) => void

const NUMBER = /-?[\d.][\d.eE+-]*(?:\r?\n[\d.eE+-]+)*/y
const END = /\s*[,}\]]/y
const WORD = /[a-z]+/y

export function leavesOf(text: string, take: TakeLeaf): void {
  let name = ''
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at)
    let value: string | undefined
    if (code === 0x22) {
      const end = stringEnd(text, at + 1)
      if (end < 0) return
      value = stringOf(text, at + 1, end)
      at = end + 1
      if (isName(text, at)) {
        name = value
        continue
      }
    } else if (code === 0x2d || (code >= 0x30 && code <= 0x39)) {
      NUMBER.lastIndex = at
      const number = NUMBER.exec(text)?.[0] ?? text[at]!
      at += number.length
      value = number.replace(/\s+/g, '')
    } else if (code >= 0x61 && code <= 0x7a) {
      WORD.lastIndex = at
      const word = WORD.exec(text)![0]
      at += word.length
      value = word === 'true' ? '1' : word === 'false' ? '0' : undefined
    } else at++
    if (value === undefined) continue
    // where nothing stands behind it the row was cut: it may have been longer, or a name
    END.lastIndex = at
    if (END.test(text)) take(name, value)
  }
}

function stringEnd(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 1)) {
    let backslashes = 0
    while (at - 1 - backslashes >= from && text.charCodeAt(at - 1 - backslashes) === 0x5c) backslashes++
    if (backslashes % 2 === 0) return at
  }
  return -1
}

function stringOf(text: string, from: number, to: number): string {
  let value = text.slice(from, to)
  if (value.includes('\n')) value = value.replace(/\r?\n/g, '')
  if (!value.includes('\\')) return value
  try {
    return JSON.parse(`"${value}"`)
  } catch {
    return value
  }
}

/** Does a colon come next? */
function isName(text: string, from: number): boolean {
  let at = from
  while (at < text.length && text.charCodeAt(at) <= 0x20) at++
  return text.charCodeAt(at) === 0x3a
}
