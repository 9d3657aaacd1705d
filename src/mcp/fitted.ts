/** Answers that fit: no text in them is longer than a few lines, and lists give way until the whole has few enough bytes. */
import { printable, printableJson } from '../model/printable.ts'
import { UserError } from '../model/user-error.ts'

/** Of an answer: what it does not say. */
export interface LeftOut {
  leftOut: string[]
}

/** A list that may be shortened. `words`: `steps: ask for fewer`. `ends`: its last ones tell most. */
export interface Giving {
  words?: string
  ends?: true
}

/** Characters of one text. A rule's comment has 256 at most. */
const MOST = 2000
/** A cut command would be another command. */
const WHOLE: ReadonlySet<string> = new Set(['command', 'undo', 'page'])
/** Bytes for saying what is left out. */
const FOR_WORDS = 400

export const bytesOf = (value: unknown): number => Buffer.byteLength(printableJson(value))

/**
 * The answer as at most `limit` bytes of JSON. `giving`: its lists, the first one gives way first; with each the words for
 * what is left out, where the caller does not tell it. Throws UserError where that is not enough.
 */
export function fitted<T extends LeftOut>(
  whole: T,
  limit: number,
  giving: Partial<Record<keyof T & string, Giving>>,
): T {
  const cut = { texts: 0 }
  const answer = shortTexts(whole, cut) as T
  if (cut.texts > 0)
    answer.leftOut.push(`${cut.texts} ${cut.texts === 1 ? 'text is' : 'texts are'} cut after ${MOST} characters`)
  for (const [name, { words, ends }] of Object.entries(giving) as [keyof T & string, Giving][]) {
    const list = answer[name] as unknown[] | undefined
    const over = bytesOf(answer) - limit
    if (over <= 0) break
    if (!list || list.length === 0) continue
    const sizes = list.map((one) => bytesOf(one) + 1)
    const room = sizes.reduce((sum, size) => sum + size, 0) - over - FOR_WORDS
    const kept = ends ? keptEnds(sizes, room) : keptFirst(sizes, room)
    Object.assign(answer, { [name]: list.filter((_, i) => kept.has(i)) })
    if (words) answer.leftOut.push(`${list.length - kept.size} of ${list.length} ${words}`)
  }
  const bytes = bytesOf(answer)
  if (bytes > limit)
    throw new UserError(
      `The answer has ${bytes} bytes, and the limit is ${limit}.`,
      'Start nfwhy mcp with a larger --limit.',
    )
  return answer
}

function keptFirst(sizes: readonly number[], room: number): Set<number> {
  const kept = new Set<number>()
  let used = 0
  for (const [i, size] of sizes.entries()) {
    used += size
    if (used > room) break
    kept.add(i)
  }
  return kept
}

/** The first and the last ones: how it began, and what decided it. */
function keptEnds(sizes: readonly number[], room: number): Set<number> {
  const kept = keptFirst(sizes, room / 3)
  const first = kept.size
  let used = sizes.slice(0, first).reduce((sum, size) => sum + size, 0)
  for (let i = sizes.length - 1; i >= first; i--) {
    used += sizes[i]!
    if (used > room) break
    kept.add(i)
  }
  return kept
}

function shortTexts(value: unknown, cut: { texts: number }, key = ''): unknown {
  if (typeof value === 'string') {
    const clean = value.split('\n').map(printable).join('\n')
    if (clean.length <= MOST || WHOLE.has(key)) return clean
    cut.texts++
    return `${clean.slice(0, MOST)}…`
  }
  if (Array.isArray(value)) return value.map((one) => shortTexts(one, cut, key))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, shortTexts(one, cut, name)]))
}
