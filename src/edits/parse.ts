/** One command, as a person types it into a shell → edits. Nothing is ever run. */
import type { Edit } from '../model/edit.ts'
import { closest } from '../rules/closest.ts'
import { parseIpset } from './ipset/parse.ts'
import { parseIptables } from './iptables/parse.ts'
import { type CommandError, CommandProblem } from './problem.ts'
import { type ShellToken, type ShellWord, shellTokens } from './shell.ts'
import { parseEcho, parseSysctl } from './sysctl/parse.ts'

export type CommandResult = { edits: Edit[] } | { error: CommandError }

/**
 * One line; several edits where it means several (`-s A,B`), none where it only shows something (`iptables -L`).
 * `variables` are those of the shell whose value is known. Never throws.
 */
export function parseCommand(text: string, variables?: ReadonlyMap<string, string>): CommandResult {
  try {
    const tokens = shellTokens(text.trimEnd(), variables)
    return { edits: parseOne(tokens) }
  } catch (problem) {
    if (problem instanceof CommandProblem) return { error: problem.error }
    throw problem
  }
}

const SEPARATORS = ['\n', ';', '&&', '||', '&', '|', '|&', ';;', '(', ')']

function parseOne(tokens: readonly ShellToken[]): Edit[] {
  const at = tokens.findIndex(({ kind, text }) => kind === 'operator' && SEPARATORS.includes(text))
  if (at < 0) return parseSimpleCommand(tokens)
  const operator = tokens[at]!
  const teed = operator.text === '|' && teedFile(tokens.slice(at + 1))
  if (teed && withoutPrefixes(tokens.slice(0, at))[0]?.text === 'echo')
    return parseEcho(withoutPrefixes(tokens.slice(0, at)).slice(1), teed)
  throw new CommandProblem(operator, `one command at a time: what follows "${operator.text}" is not read`)
}

/** `… | sudo tee FILE`, which writes where `>` has no right to. */
function teedFile(tokens: readonly ShellToken[]): ShellWord | undefined {
  const { words } = withoutRedirections(tokens)
  const [tee, file, ...more] = withoutPrefixes(words).filter(({ text }) => text !== '-a')
  return tee?.text === 'tee' && more.length === 0 ? file : undefined
}

type Parser = (words: readonly ShellWord[], tool: ShellWord) => Edit[]

const iptables: Parser = (words, tool) => parseIptables(words, 'ip', tool)
const ip6tables: Parser = (words, tool) => parseIptables(words, 'ip6', tool)

/** By the tool's name, without its folder. */
const TOOLS: Readonly<Record<string, Parser>> = {
  iptables,
  'iptables-legacy': iptables,
  'iptables-nft': iptables,
  ip6tables,
  'ip6tables-legacy': ip6tables,
  'ip6tables-nft': ip6tables,
  ipset: parseIpset,
  sysctl: parseSysctl,
}

/** A command without anything a shell would do besides; redirections only of what it prints. Throws CommandProblem. */
function parseSimpleCommand(tokens: readonly ShellToken[]): Edit[] {
  const { words, output } = withoutRedirections(tokens)
  const [tool, ...rest] = withoutPrefixes(words)
  if (!tool) throw new CommandProblem({ column: 1, text: '' }, 'no command is given')
  const name = tool.text.replace(/^.*\//, '')
  if (output) {
    if (name !== 'echo') throw new CommandProblem(output, 'only what echo prints is looked at, not what goes to a file')
    return parseEcho(rest, output)
  }
  if (/^(ba|da)?sh$/.test(name) && rest[0]?.text === '-c' && rest.length === 2) return parseInner(rest[1]!)
  if (!Object.hasOwn(TOOLS, name))
    throw new CommandProblem(
      tool,
      `"${name}" is not a command that is understood here`,
      closest(name, Object.keys(TOOLS)),
    )
  return TOOLS[name]!(rest, tool)
}

/** `sh -c 'COMMAND'`. */
function parseInner(word: ShellWord): Edit[] {
  try {
    return parseOne(shellTokens(word.text))
  } catch (problem) {
    if (!(problem instanceof CommandProblem)) throw problem
    const { column, word: text, message, suggestion } = problem.error
    // behind the quote
    throw new CommandProblem({ column: word.column + column, text }, message, suggestion)
  }
}

/** `output`: the file that standard output goes to, /dev/null apart. */
function withoutRedirections(tokens: readonly ShellToken[]): { words: ShellToken[]; output?: ShellToken } {
  const words: ShellToken[] = []
  let output: ShellToken | undefined
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!
    if (token.kind === 'word') {
      words.push(token)
      continue
    }
    const target = tokens[++i]
    if (!target || target.kind === 'operator' || /</.test(token.text))
      throw new CommandProblem(token, `"${token.text}" needs a shell, and nothing is run here`)
    const harmless = target.text === '/dev/null' || (/&$/.test(token.text) && /^[12]$/.test(target.text))
    if (harmless) continue
    if (!/^1?>>?$/.test(token.text)) throw new CommandProblem(target, `"${target.text}" would be written to`)
    output = target
  }
  return output ? { words, output } : { words }
}

/** Options of sudo with a value. */
const SUDO_VALUES = /^-[ugpCDhRTU]$/

/** The command without `NAME=VALUE` in front of it, `sudo` and its like. */
function withoutPrefixes(words: readonly ShellWord[]): readonly ShellWord[] {
  let at = 0
  for (;;) {
    const { text = '' } = words[at] ?? {}
    const name = text.replace(/^.*\//, '')
    if (/^[A-Za-z_]\w*=/.test(text)) at++
    else if (name === 'sudo' || name === 'doas') {
      at++
      while (words[at]?.text.startsWith('-')) at += SUDO_VALUES.test(words[at]!.text) ? 2 : 1
    } else if (name === 'command' || name === 'exec' || name === 'env') at++
    else return words.slice(at)
  }
}
