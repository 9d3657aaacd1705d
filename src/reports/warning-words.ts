/** Warnings about the inputs in words, those of one input and code together. */
import { countWords } from '../model/count-words.ts'
import type { Diagnostic } from '../model/diagnostic.ts'

export interface WarningWords {
  /** The input, with the line where it is known. */
  place: string
  message: string
  /** How many more there are, and where. */
  more?: string
}

type List = (items: readonly string[]) => string

const inFull: List = (items) => items.join(', ')

/** `list`: how many places are named. */
export function warningWords(warnings: readonly Diagnostic[], list: List = inFull): WarningWords[] {
  const kinds = new Map<string, Diagnostic[]>()
  for (const one of warnings) {
    // files of a folder that are nobody's are told in one sentence
    const key = JSON.stringify(one.code === 'not-recognised' ? [one.message] : [one.input, one.code])
    const same = kinds.get(key)
    if (same) same.push(one)
    else kinds.set(key, [one])
  }
  return [...kinds.values()].map(([first, ...more]) => {
    const { input, line, message } = first!
    const told = { place: line === undefined ? input : `${input}:${line}`, message }
    return more.length === 0 ? told : { ...told, more: othersWords(first!, more, list) }
  })
}

function othersWords({ code }: Diagnostic, more: readonly Diagnostic[], list: List): string {
  if (code === 'not-recognised') return `the same applies to ${list(more.map(({ input }) => input))}`
  const lines = [...new Set(more.flatMap(({ line }) => (line === undefined ? [] : [String(line)])))]
  const where = lines.length === 0 ? '' : `: line ${list(lines)}`
  const count = more.reduce((sum, { count: of = 1 }) => sum + of, 0)
  return `${countWords(count)} more of this kind (${code})${where}`
}
