/** A shell's patterns with `*`, `?` and `[…]` (POSIX XCU 2.13). */

/** Characters times characters: what is longer on both sides is not tried. */
const MOST_WORK = 10_000_000

const NEGATES = /[!^]/

type Matcher = '*' | ((char: string) => boolean)

/** Undefined where both are too long to be tried. */
export function matchesPattern(text: string, pattern: string): boolean | undefined {
  if (text.length * pattern.length > MOST_WORK) return undefined
  const matchers = matchersOf(pattern)
  if (!matchers) return text === pattern
  let [at, next] = [0, 0]
  /** Behind the last star, and how far into the text it reaches so far: only that one is ever tried again. */
  let star: { next: number; at: number } | undefined
  while (at < text.length) {
    const matcher = matchers[next]
    if (matcher === '*') star = { next: ++next, at }
    else if (matcher?.(text[at]!)) {
      at++
      next++
    } else if (star) {
      at = ++star.at
      next = star.next
    } else return false
  }
  while (matchers[next] === '*') next++
  return next === matchers.length
}

/** Undefined where a bracket holds what is no set of characters. */
function matchersOf(pattern: string): Matcher[] | undefined {
  const matchers: Matcher[] = []
  const lastClose = pattern.lastIndexOf(']')
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at]!
    // a bracket may be its own first character
    const first = at + (NEGATES.test(pattern[at + 1] ?? '') ? 3 : 2)
    const close = char === '[' && first <= lastClose ? pattern.indexOf(']', first) : -1
    if (char === '*') matchers.push('*')
    else if (char === '?') matchers.push(() => true)
    else if (close >= 0) {
      const set = setOf(pattern.slice(at + 1, close))
      if (!set) return undefined
      matchers.push((one) => set.test(one))
      at = close
    } else matchers.push((one) => one === char)
  }
  return matchers
}

function setOf(written: string): RegExp | undefined {
  const negated = NEGATES.test(written[0] ?? '')
  const inside = written.slice(negated ? 1 : 0).replace(/[\]\\[^]/g, '\\$&')
  try {
    return new RegExp(`^[${negated ? '^' : ''}${inside}]$`, 's')
  } catch {
    return undefined
  }
}
