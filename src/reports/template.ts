/** The text that lines have in common, and which value of their own stands where between it. */
import type { Value } from '../model/member.ts'
import { type ByteText, bytesOf } from './byte-text.ts'

export interface Line {
  values: readonly Value[]
  text: string
}

/** Values that were the same in all lines. */
interface Fixed {
  at: number
  value: Value
}

/** Two values that nothing told apart so far; one of them stands in the line. */
type Twins = readonly [number, number]

export class Template {
  private readonly fixed: readonly Fixed[]
  private readonly twins: readonly Twins[]
  /** Text in front of each slot, and behind the last. */
  readonly texts: readonly string[]
  /** Which value stands in each. */
  readonly slots: readonly number[]
  /** Those of them, each once. */
  private readonly used: readonly number[]
  /** By their places, for the line that is made. */
  private readonly words: string[] = []
  private pieces: readonly Uint8Array[] | undefined = undefined
  /** Characters that it takes. */
  readonly length: number

  constructor(fixed: readonly Fixed[], twins: readonly Twins[], texts: readonly string[], slots: readonly number[]) {
    this.fixed = fixed
    this.twins = twins
    this.texts = texts
    this.slots = slots
    this.used = [...new Set(slots)]
    this.length = texts.reduce((sum, { length }) => sum + length, 0)
  }

  /** Is this a line of such? Else it has to be written in full. */
  fits(values: readonly Value[]): boolean {
    for (const { at, value } of this.fixed) if (values[at] !== value) return false
    for (const [one, other] of this.twins) if (values[one] !== values[other]) return false
    for (const at of this.used) if (!isPlain(values[at])) return false
    return true
  }

  /** Of values that fit. */
  fill(values: readonly Value[]): string {
    const { texts, slots } = this
    let text = texts[0]!
    for (let i = 0; i < slots.length; i++) text += String(values[slots[i]!]) + texts[i + 1]!
    return text
  }

  /** The same, as bytes. */
  fillInto(to: ByteText, values: readonly Value[]): void {
    this.pieces ??= this.texts.map(bytesOf)
    const { pieces, slots, used, words } = this
    for (const at of used) words[at] = String(values[at])
    to.add(pieces[0]!)
    for (let i = 0; i < slots.length; i++) {
      to.addPlain(words[slots[i]!]!)
      to.add(pieces[i + 1]!)
    }
  }
}

/** In JSON as it is, and it cannot be taken for anything else. */
const isPlain = (value: Value): value is string | number =>
  typeof value === 'number' ? Number.isFinite(value) : typeof value === 'string' && /^[\w.:+-]+$/.test(value)

/** Undefined where lines differ in more than values. */
export function makeTemplate(lines: readonly Line[]): Template | undefined {
  const first = lines[0]!
  const differing: number[] = []
  const fixed: Fixed[] = []
  first.values.forEach((value, at) => {
    if (lines.every(({ values }) => values[at] === value)) fixed.push({ at, value })
    else differing.push(at)
  })
  const candidates = differing.filter((at) => lines.every(({ values }) => isPlain(values[at])))
  const cut = cutLines(
    lines.map(({ text }) => text),
    candidates.map((at) => ({ at, words: lines.map(({ values }) => String(values[at])) })),
  )
  if (!cut) return undefined
  const used = new Set(cut.slots)
  return new Template(fixed, twinsOf(lines, candidates, used), cut.texts, cut.slots)
}

function twinsOf(lines: readonly Line[], candidates: readonly number[], used: ReadonlySet<number>): Twins[] {
  return [...used].flatMap((one) =>
    candidates
      .filter((other) => other !== one && lines.every(({ values }) => values[one] === values[other]))
      .map((other): Twins => [one, other]),
  )
}

interface Candidate {
  at: number
  /** As it stands in each line. */
  words: readonly string[]
}

/** Side by side through all lines: text that they share, then a value of each, and so on. */
function cutLines(
  lines: readonly string[],
  candidates: readonly Candidate[],
): { texts: string[]; slots: number[] } | undefined {
  const at = lines.map(() => 0)
  const texts: string[] = []
  const slots: number[] = []
  for (;;) {
    const shared = sharedFrom(lines, at)
    const rest = lines[0]!.slice(at[0], at[0]! + shared)
    if (lines.every((line, i) => at[i]! + shared === line.length)) return { texts: [...texts, rest], slots }
    const found = slotBefore(lines, at, shared, candidates)
    if (!found) return undefined
    texts.push(rest.slice(0, found.ahead))
    slots.push(found.candidate.at)
    for (let i = 0; i < lines.length; i++) at[i]! += found.ahead + found.candidate.words[i]!.length
  }
}

/** How many characters are the same in all lines. */
function sharedFrom(lines: readonly string[], at: readonly number[]): number {
  const first = lines[0]!
  for (let length = 0; ; length++) {
    const char = first.charCodeAt(at[0]! + length)
    // behind the end of a line it is NaN, which is not the same as itself
    for (let i = 0; i < lines.length; i++) if (lines[i]!.charCodeAt(at[i]! + length) !== char) return length
  }
}

/** The value that begins before the place where lines differ, or there; of several the first, and the longest. */
function slotBefore(
  lines: readonly string[],
  at: readonly number[],
  shared: number,
  candidates: readonly Candidate[],
): { ahead: number; candidate: Candidate } | undefined {
  let best: { ahead: number; candidate: Candidate } | undefined
  for (const candidate of candidates) {
    const longest = Math.max(...candidate.words.map(({ length }) => length))
    const last = best ? best.ahead : shared
    for (let ahead = Math.max(0, shared - longest); ahead <= last; ahead++) {
      if (!lines.every((line, i) => isWord(line, at[i]! + ahead, candidate.words[i]!))) continue
      const longer =
        best === undefined || ahead < best.ahead || candidate.words[0]!.length > best.candidate.words[0]!.length
      if (longer) best = { ahead, candidate }
      break
    }
  }
  return best
}

/** Does the word stand there, and not only as part of another? */
const isWord = (line: string, at: number, word: string): boolean =>
  line.startsWith(word, at) && !isLetter(line.charCodeAt(at - 1)) && !isLetter(line.charCodeAt(at + word.length))

/** 0-9, A-Z, a-z. */
const isLetter = (char: number): boolean =>
  (char >= 0x30 && char <= 0x39) || (char >= 0x41 && char <= 0x5a) || (char >= 0x61 && char <= 0x7a)
