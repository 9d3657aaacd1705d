/** What a shell and small tools do that matters to a script of rules: tests, patterns, and nothing at all. */

/** They change nothing that is looked at here, and go well. */
export const HARMLESS = [
  ...[
    'echo',
    'printf',
    'sleep',
    'wait',
    'logger',
    'modprobe',
    'insmod',
    'depmod',
    'umask',
    'cd',
    'date',
    'trap',
    'clear',
  ],
  ...['mkdir', 'touch', 'tput', 'ulimit', 'sync'],
]

/** `[ … ]`, `[[ … ]]` and `test …`; undefined where it is none of these. */
export function testWords(name: string, words: readonly string[]): 'ok' | 'failed' | 'unknown' | undefined {
  if (name !== '[' && name !== '[[' && name !== 'test') return undefined
  const asked = name === 'test' ? words : words.slice(0, -1)
  const truth = holds(asked, name === '[[')
  return truth === undefined ? 'unknown' : truth ? 'ok' : 'failed'
}

const NUMBERS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '-eq': (a, b) => a === b,
  '-ne': (a, b) => a !== b,
  '-lt': (a, b) => a < b,
  '-le': (a, b) => a <= b,
  '-gt': (a, b) => a > b,
  '-ge': (a, b) => a >= b,
}

/** Undefined where it asks for files, or is not understood. */
function holds(words: readonly string[], patterns: boolean): boolean | undefined {
  const or = words.findIndex((word) => word === '-o' || word === '||')
  if (or > 0) return either(holds(words.slice(0, or), patterns), holds(words.slice(or + 1), patterns))
  const and = words.findIndex((word) => word === '-a' || word === '&&')
  if (and > 0) return both(holds(words.slice(0, and), patterns), holds(words.slice(and + 1), patterns))
  if (words[0] === '!' && words.length > 1) return negated(holds(words.slice(1), patterns))
  const [first = '', operator = '', second = ''] = words
  if (words.length === 0) return false
  if (words.length === 1) return first !== ''
  if (words.length === 2 && first === '-n') return operator !== ''
  if (words.length === 2 && first === '-z') return operator === ''
  if (words.length !== 3) return undefined
  if (operator === '=' || operator === '==') return patterns ? matchesPattern(first, second) : first === second
  if (operator === '!=') return !(patterns ? matchesPattern(first, second) : first === second)
  const compare = Object.hasOwn(NUMBERS, operator) ? NUMBERS[operator] : undefined
  return compare && /^-?\d+$/.test(first) && /^-?\d+$/.test(second) ? compare(Number(first), Number(second)) : undefined
}

const negated = (truth: boolean | undefined) => (truth === undefined ? undefined : !truth)
const either = (a: boolean | undefined, b: boolean | undefined) =>
  a || b ? true : a === undefined || b === undefined ? undefined : false
const both = (a: boolean | undefined, b: boolean | undefined) => negated(either(negated(a), negated(b)))

/** A shell's pattern with `*`, `?` and `[…]`. */
export function matchesPattern(text: string, pattern: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
    .replaceAll('[!', '[^')
  try {
    return new RegExp(`^(?:${source})$`, 's').test(text)
  } catch {
    return text === pattern
  }
}
