/** Warnings as sentences of an error: where nothing could be used, they say why. */
import type { Diagnostic } from '../model/diagnostic.ts'
import { printable } from '../model/printable.ts'

/** Of one input and code; the others are counted. */
const MOST_LINES = 10

export function warningLines(warnings: readonly Diagnostic[]): string[] {
  const lines: string[] = []
  const kinds = new Map<string, { shown: number; others: number; of: Diagnostic }>()
  for (const one of warnings) {
    const key = JSON.stringify([one.input, one.code])
    const kind = kinds.get(key) ?? { shown: 0, others: 0, of: one }
    kinds.set(key, kind)
    if (one.count !== undefined || kind.shown === MOST_LINES) {
      kind.others += one.count ?? 1
      continue
    }
    kind.shown++
    const line = one.line === undefined ? '' : `:${one.line}`
    lines.push(`${printable(one.input)}${line}: ${printable(one.message)}.`)
  }
  for (const { others, of } of kinds.values())
    if (others > 0) lines.push(`${printable(of.input)}: ${others} more of this kind (${of.code}).`)
  return lines
}
