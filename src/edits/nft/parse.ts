/** `nft …` as a person types it → edits: nft itself puts its words together again, and reads that as its language. */
import type { Edit, NftEdit } from '../../model/edit.ts'
import { parseNft } from '../../rules/nft/text/parse.ts'
import { CommandProblem } from '../problem.ts'
import type { ShellWord } from '../shell.ts'
import { parseByComment } from './by-comment.ts'

/** How things are printed, and checks: nothing that changes what a command does. */
const FLAGS = /^(?:-[nNsSaeyupTtd]+|--(?:numeric|stateless|handle|echo|reversedns|service|guid|terse|numeric-\w+))$/
const WITH_VALUE = /^(?:-I|--includepath|-d|--debug)$/
const CHECK = /^(?:-c|--check|-h|--help|-v|-V|--version)$/
/** Commands that change nothing. */
const ASKS = /^(?:list|get|describe|monitor|export)\b/
const FILE = /^(?:-f|--file)$/

/** The words behind `nft`. None for what only shows something. Throws CommandProblem. */
export function parseNftCommand(words: readonly ShellWord[], tool: ShellWord): Edit[] {
  let at = 0
  let onlyAsks = false
  for (; at < words.length; at++) {
    const word = words[at]!
    if (CHECK.test(word.text)) onlyAsks = true
    else if (WITH_VALUE.test(word.text)) at++
    else if (FILE.test(word.text) || /^-f./.test(word.text))
      throw new CommandProblem(word, 'the content of the file is unknown here')
    else if (/^(?:-j|--json|-i|--interactive|-D|--define)$/.test(word.text))
      throw new CommandProblem(word, `nfwhy does not read nft ${word.text}`)
    else if (!FLAGS.test(word.text)) break
  }
  const rest = words.slice(at)
  if (rest.some(({ handleOf }) => handleOf)) return onlyAsks ? [] : parseByComment(rest)
  if (ASKS.test(rest[0]?.text ?? '')) return []
  const edits = editsOf(rest.map(({ text }) => text).join(' '), (column) => wordAt(rest, column) ?? tool)
  if (rest.length === 0 && !onlyAsks) throw new CommandProblem(tool, 'no command is given')
  return onlyAsks ? [] : edits
}

/** nft's language → edits; `place` tells which word stands at a column (0-based). Throws CommandProblem. */
export function editsOf(text: string, place: (column: number) => ShellWord): NftEdit[] {
  const { commands, problems } = parseNft(text)
  const problem = problems.find(({ code }) => code !== 'no-change')
  if (problem) throw new CommandProblem(place(problem.column - 1), problem.message)
  return commands.map(({ op, object }): NftEdit => ({ kind: 'nft', op, object }))
}

/** The word in which the column of the joined text lies. */
function wordAt(words: readonly ShellWord[], column: number): ShellWord | undefined {
  let end = 0
  for (const word of words) {
    end += word.text.length + 1
    if (column < end) return word
  }
  return words.at(-1)
}
