/** What a shell and small tools do that matters to a script of rules: tests, and nothing at all. */
import { matchesPattern } from './patterns.ts'
import { exitStatus, Leave, type Status } from './status.ts'
import type { Variables } from './variables.ts'

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
  let some: boolean | undefined = false
  for (const alternative of split(words, '-o', '||')) {
    let every: boolean | undefined = true
    for (const one of split(alternative, '-a', '&&')) every = both(every, question(one, patterns))
    some = either(some, every)
  }
  return some
}

/** Where an operator stands first, it is a word and the rest stays whole. */
function split(words: readonly string[], ...operators: string[]): (readonly string[])[] {
  const parts: (readonly string[])[] = []
  let from = 0
  for (let at = 0; at < words.length; at++) {
    if (!operators.includes(words[at]!)) continue
    if (at === from) break
    parts.push(words.slice(from, at))
    from = at + 1
  }
  return [...parts, words.slice(from)]
}

/** Without `-a` and `-o`. */
function question(words: readonly string[], patterns: boolean): boolean | undefined {
  const asked = words.findIndex((word, i) => word !== '!' || i === words.length - 1)
  if (asked > 0) {
    const truth = question(words.slice(asked), patterns)
    return asked % 2 === 1 ? negated(truth) : truth
  }
  const [first = '', operator = '', second = ''] = words
  if (words.length === 0) return false
  if (words.length === 1) return first !== ''
  if (words.length === 2 && first === '-n') return operator !== ''
  if (words.length === 2 && first === '-z') return operator === ''
  if (words.length !== 3) return undefined
  if (operator === '=' || operator === '==') return patterns ? matchesPattern(first, second) : first === second
  if (operator === '!=') return patterns ? negated(matchesPattern(first, second)) : first !== second
  const compare = Object.hasOwn(NUMBERS, operator) ? NUMBERS[operator] : undefined
  return compare && /^-?\d+$/.test(first) && /^-?\d+$/.test(second) ? compare(Number(first), Number(second)) : undefined
}

const negated = (truth: boolean | undefined) => (truth === undefined ? undefined : !truth)
const either = (a: boolean | undefined, b: boolean | undefined) =>
  a || b ? true : a === undefined || b === undefined ? undefined : false
const both = (a: boolean | undefined, b: boolean | undefined) => negated(either(negated(a), negated(b)))

/** What these commands change. */
export interface Shell {
  variables: Variables
  /** `set -e` */
  stopsAtErrors: boolean
}

/** Undefined: it is none of these. Throws Leave. */
export function runBuiltin(name: string, words: readonly string[], shell: Shell): Status | undefined {
  switch (name) {
    case 'true':
    case ':':
      return 'ok'
    case 'false':
      return 'failed'
    case 'exit':
      throw new Leave('script', exitStatus(words[0]))
    case 'return':
      throw new Leave('function', exitStatus(words[0]))
    case 'set':
      for (const word of words) {
        if (/^-[a-z]*e/.test(word)) shell.stopsAtErrors = true
        if (/^\+[a-z]*e/.test(word)) shell.stopsAtErrors = false
      }
      return 'ok'
    case 'unset':
      for (const word of words) shell.variables.unset(word)
      return 'ok'
    case 'shift':
      shell.variables.shift(Number(words[0] ?? 1))
      return 'ok'
  }
  return undefined
}
