/** A warning about an input. */
export interface Diagnostic {
  /** Name of the input. */
  input: string
  /** Line in the input, from 1. */
  line?: number
  /** In kebab-case, stable. */
  code: string
  /** What is wrong. */
  message: string
  /** Stands for this many more of the same input and code. */
  count?: number
}

/** Takes diagnostics as they arise; readers never print and never exit. `count`: as many, of which this is one. */
export type Report = (code: string, message: string, line?: number, count?: number) => void

/** Of one input and code: enough to see what they have in common, and few enough that a page or program can take them. */
export const MOST_ALIKE = 100

/** Adds what is told of one input to `warnings`: of each code the first ones, and one more that counts all others. */
export function collectInto(warnings: Diagnostic[], input: string): Report {
  const told = new Map<string, number>()
  const others = new Map<string, Diagnostic>()
  return (code, message, line, count = 1) => {
    const before = told.get(code) ?? 0
    told.set(code, before + count)
    if (before < MOST_ALIKE && count === 1) {
      warnings.push({ input, code, message, ...(line === undefined ? {} : { line }) })
      return
    }
    let other = others.get(code)
    if (!other) {
      other = { input, code, message: '', count: 0 }
      others.set(code, other)
      warnings.push(other)
    }
    other.count! += count
    other.message = `${other.count} more of this kind (${code})`
  }
}

/** Each kind once, with where it was met first: a broken log has thousands. */
export function once(report: Report): Report {
  const told = new Set<string>()
  return (code, message, line) => {
    if (told.has(code)) return
    told.add(code)
    report(code, message, line)
  }
}

type Told = [code: string, message: string, line: number | undefined]

/** What is told in any order → by line, with no more of one code in memory than are told by themselves. */
export class ByLine {
  private readonly kinds = new Map<string, { told: Told[]; others: number }>()

  readonly report: Report = (code, message, line, count = 1) => {
    let kind = this.kinds.get(code)
    if (!kind) {
      kind = { told: [], others: 0 }
      this.kinds.set(code, kind)
    }
    kind.told.push([code, message, line])
    kind.others += count - 1
    if (kind.told.length < 2 * MOST_ALIKE) return
    kind.told.sort(byLine)
    kind.others += kind.told.length - MOST_ALIKE
    kind.told.length = MOST_ALIKE
  }

  get isEmpty(): boolean {
    return this.kinds.size === 0
  }

  tell(report: Report): void {
    const all = [...this.kinds.values()].flatMap(({ told }) => told)
    for (const [code, message, line] of all.sort(byLine)) report(code, message, line)
    for (const [code, { others }] of this.kinds)
      if (others > 0) report(code, `${others} more of this kind`, undefined, others)
  }
}

const byLine = ([, , a = 0]: Told, [, , b = 0]: Told): number => a - b
