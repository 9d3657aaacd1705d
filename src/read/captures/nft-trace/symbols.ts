/** Words that stand for numbers, found by the hash of their bytes; each field has words of its own. */
import { hashWord, WordTable } from './word-table.ts'
import { SYMBOLS } from './words.ts'

/** Where the hash of a field's word begins. */
export const seedOf = (code: number) => Math.imul(code + 1, 0x9e3779b1)

export const symbols = new WordTable(() =>
  SYMBOLS.flatMap(([code, words]) =>
    Object.entries(words).map(([word, n]) => [hashWord(word, seedOf(code)), n] as const),
  ),
)
