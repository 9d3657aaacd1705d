/** `ipset …` → edits (ipset 7.17, lib/ipset.c). */
import type { SetEdit } from '../../model/edit.ts'
import type { NamedSet } from '../../model/ruleset.ts'
import { closest } from '../../rules/closest.ts'
import { WordError } from '../../rules/iptables/extension.ts'
import { readNumber } from '../../rules/iptables/values/numbers.ts'
import { CommandProblem } from '../problem.ts'
import type { ShellWord } from '../shell.ts'
import { type CreateProblem, MOST_SECONDS, readCreate } from './create.ts'
import { ELEMENT_OPTIONS } from './types.ts'

/** In ipset's own order: of several that begin alike, the first is meant. */
const COMMANDS: readonly (readonly [op: SetEdit['op'] | 'show' | 'restore', ...names: string[]])[] = [
  ['create', 'create', 'new', '-N'],
  ['add', 'add', '-A'],
  ['del', 'del', '-D'],
  ['show', 'test', '-T'],
  ['destroy', 'destroy', 'x', '-X'],
  ['show', 'list', '-L'],
  ['show', 'save', '-S'],
  ['restore', 'restore', '-R'],
  ['flush', 'flush', '-F'],
  ['rename', 'rename', 'e', '-E'],
  ['swap', 'swap', 'w', '-W'],
  ['show', 'help', '-H'],
  ['show', 'version', '-V'],
]

/** Of the tool itself, anywhere on the line, with whether a value follows. */
const TOOL_OPTIONS: Readonly<Record<string, boolean>> = {
  '-exist': false,
  '-!': false,
  '-quiet': false,
  '-q': false,
  '-resolve': false,
  '-r': false,
  '-sorted': false,
  '-s': false,
  '-name': false,
  '-n': false,
  '-terse': false,
  '-t': false,
  '-output': true,
  '-o': true,
  '-file': true,
  '-f': true,
}

/** The words behind `ipset`; `tool` is that word. None for what only shows something. Throws CommandProblem. */
export function parseIpset(given: readonly ShellWord[], tool: ShellWord): SetEdit[] {
  const { words, exist } = withoutToolOptions(given)
  const [command, ...rest] = words
  if (!command) throw new CommandProblem(tool, 'ipset needs a command')
  const op = commandOf(command)
  if (op === 'show') return []
  if (op === 'restore')
    throw new CommandProblem(command, 'restore reads a file that nfwhy does not have: write out the lines')
  const base: SetEdit = { kind: 'ipset', op, ...(exist ? { exist } : {}) }
  const [set, second, ...more] = rest
  const end = { column: endOf(rest.at(-1) ?? command), text: '' }
  if (!set) {
    if (op === 'destroy' || op === 'flush') return [base]
    throw new CommandProblem(end, `${op} needs the name of a set`)
  }
  base.set = op === 'create' ? newName(set) : set.text
  if (op === 'destroy' || op === 'flush') {
    if (second) throw new CommandProblem(second, `"${second.text}" cannot be used with ${op}`)
    return [base]
  }
  if (op === 'create') return [{ ...base, definition: definitionOf(base.set, rest.slice(1), end) }]
  if (!second) throw new CommandProblem(end, `${op} needs ${WANTED[op]}`)
  if (op === 'rename' || op === 'swap') {
    if (more[0]) throw new CommandProblem(more[0], `"${more[0].text}" cannot be used with ${op}`)
    return [{ ...base, other: op === 'rename' ? newName(second) : second.text }]
  }
  const options = elementOptions(more, end)
  return [{ ...base, element: second.text, ...(options ? { options } : {}) }]
}

const WANTED = {
  add: "an element after the set's name",
  del: "an element after the set's name",
  rename: 'the new name after the old name',
  swap: 'two sets',
}

const endOf = (word: ShellWord): number => word.column + word.text.length

function withoutToolOptions(given: readonly ShellWord[]): { words: ShellWord[]; exist: boolean } {
  const words: ShellWord[] = []
  let exist = false
  for (let i = 0; i < given.length; i++) {
    const option = given[i]!.text.replace(/^--(?=[a-z])/, '-')
    if (!Object.hasOwn(TOOL_OPTIONS, option)) words.push(given[i]!)
    else if (TOOL_OPTIONS[option]) i++
    else exist ||= option === '-exist' || option === '-!'
  }
  return { words, exist }
}

function commandOf(word: ShellWord): SetEdit['op'] | 'show' | 'restore' {
  const text = word.text.replace(/^--/, '')
  const command =
    text !== '-' && COMMANDS.find(([, ...names]) => names.some((name) => text !== '' && name.startsWith(text)))
  if (command) return command[0]
  const names = COMMANDS.flatMap(([, ...all]) => all)
  throw new CommandProblem(word, `"${word.text}" is not a command of ipset`, closest(text, names))
}

function newName(word: ShellWord): string {
  if (new TextEncoder().encode(word.text).length > 31)
    throw new CommandProblem(word, `"${word.text}" is longer than 31 bytes, the limit for the name of a set`)
  return word.text
}

function definitionOf(name: string, words: readonly ShellWord[], end: { column: number; text: string }): NamedSet {
  const texts = words.map(({ text }) => text)
  return readCreate(name, texts, ({ at, message, suggestion }: CreateProblem) => {
    throw new CommandProblem(words[at] ?? end, message, suggestion)
  })
}

/** Undefined where there are none. */
function elementOptions(words: readonly ShellWord[], end: { column: number; text: string }): SetEdit['options'] {
  const options: Record<string, string> = {}
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!
    const option = word.text.replace(/^--/, '')
    if (!Object.hasOwn(ELEMENT_OPTIONS, option))
      throw new CommandProblem(
        word,
        `"${word.text}" is not an option of an element`,
        closest(option, Object.keys(ELEMENT_OPTIONS)),
      )
    const value = ELEMENT_OPTIONS[option] ? words[++i] : undefined
    if (ELEMENT_OPTIONS[option] && !value) throw new CommandProblem(end, `${option} needs a value`)
    try {
      options[option] = checkedValue(option, value?.text ?? '')
    } catch (problem) {
      if (!(problem instanceof WordError)) throw problem
      throw new CommandProblem(value!, `${option}: ${problem.message}`)
    }
  }
  return words.length > 0 ? options : undefined
}

/** Throws WordError. */
function checkedValue(option: string, value: string): string {
  if (option === 'timeout') return String(readNumber(value, MOST_SECONDS))
  if (option === 'comment' && value.includes('"')) throw new WordError('there cannot be a " in a comment')
  if (option === 'comment' && new TextEncoder().encode(value).length > 255)
    throw new WordError('the comment is longer than 255 bytes')
  return value
}
