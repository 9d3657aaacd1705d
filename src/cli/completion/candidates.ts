/** What a command line can go on with, found out from the commands themselves: their options, and what these take. */
import type { Command, Option } from 'commander'
import { type Candidates, candidatesFor, NOTHING } from './values.ts'

/** `words`: those behind the program's name; the last is the one being typed, and may be empty. */
export function candidatesOf(program: Command, words: readonly string[]): Candidates {
  return beginningWith(words.at(-1) ?? '', allOf(program, words))
}

function allOf(program: Command, words: readonly string[]): Candidates {
  const [first = '', ...rest] = words
  if (words.length <= 1) return first.startsWith('-') ? optionsOf(program) : commandsOf(program)
  const command = program.commands.find((one) => one.name() === first)
  if (!command) return NOTHING
  const typed = rest.at(-1)!
  const { wants, operands, isPlain } = readWords(command, rest.slice(0, -1))
  if (wants) return candidatesFor(valueName(wants), typed, [])
  if (typed.startsWith('-') && !isPlain) return valueBehind(command, typed) ?? optionsOf(command)
  return operandOf(command, program, operands, typed)
}

const commandsOf = ({ commands }: Command): Candidates => ({
  paths: undefined,
  candidates: commands.map((one) => ({ word: one.name(), meaning: one.summary() })),
})

const optionsOf = (command: Command): Candidates => ({
  paths: undefined,
  candidates: command
    .createHelp()
    .visibleOptions(command)
    .map((one) => ({ word: one.long ?? one.short ?? '', meaning: one.description })),
})

/** `FILE` of `-o, --output <FILE>`, `FILE` of `<FILE...>`. */
const valueName = ({ flags }: Option): string => /[<[](.*?)(?:\.\.\.)?[>\]]/.exec(flags)?.[1] ?? ''

interface Read {
  /** The last word is an option whose value comes next. */
  wants: Option | undefined
  operands: readonly string[]
  /** Behind `--` nothing is an option. */
  isPlain: boolean
}

function readWords(command: Command, words: readonly string[]): Read {
  const operands: string[] = []
  let wants: Option | undefined
  let isPlain = false
  for (const word of words) {
    if (wants) wants = undefined
    else if (word === '--') isPlain = true
    else if (word.startsWith('-') && !isPlain) {
      const option = command.options.find(({ long, short }) => long === word || short === word)
      if (option?.required) wants = option
    } else operands.push(word)
  }
  return { wants, operands, isPlain }
}

/** Of `--color=al`. */
function valueBehind(command: Command, typed: string): Candidates | undefined {
  const at = typed.indexOf('=')
  const option = at < 0 ? undefined : command.options.find(({ long }) => long === typed.slice(0, at))
  if (!option?.required) return undefined
  const { candidates } = candidatesFor(valueName(option), typed.slice(at + 1), [])
  return {
    paths: undefined,
    candidates: candidates.map((one) => ({ ...one, word: typed.slice(0, at + 1) + one.word })),
  }
}

function operandOf(command: Command, program: Command, operands: readonly string[], typed: string): Candidates {
  const known = command.registeredArguments
  const last = known.at(-1)
  const argument = known[operands.length] ?? (last?.variadic ? last : undefined)
  if (!argument) return NOTHING
  if (command.name() !== 'help') return candidatesFor(argument.name(), typed, operands)
  const { candidates } = candidatesFor('NAME of help', typed, operands)
  return { paths: undefined, candidates: [...commandsOf(program).candidates, { word: 'codes' }, ...candidates] }
}

const beginningWith = (typed: string, { paths, candidates }: Candidates): Candidates => ({
  paths,
  candidates: candidates.filter(({ word }) => word.startsWith(typed)),
})
