/** One simple command → edits: the tool that it names, whatever stands in front of it. */
import type { Edit } from '../model/edit.ts'
import { closest } from '../rules/closest.ts'
import { parseBridge } from './bridge/parse.ts'
import { parseConntrack } from './conntrack/parse.ts'
import { parseIp } from './ip/parse.ts'
import { parseIpset } from './ipset/parse.ts'
import { parseIptables } from './iptables/parse.ts'
import { parseNftCommand } from './nft/parse.ts'
import { CommandProblem } from './problem.ts'
import type { ShellToken, ShellWord } from './shell.ts'
import { parseEcho, parseSysctl } from './sysctl/parse.ts'

/** A command with its redirections, or `echo … | tee FILE`. Throws CommandProblem. */
export function parseTokens(tokens: readonly ShellToken[]): Edit[] {
  const at = tokens.findIndex(({ kind, text }) => kind === 'operator' && /^\|&?$/.test(text))
  if (at < 0) return parseSimpleCommand(tokens)
  const operator = tokens[at]!
  const teed = operator.text === '|' && teedFile(tokens.slice(at + 1))
  if (teed && withoutPrefixes(tokens.slice(0, at))[0]?.text === 'echo')
    return parseEcho(withoutPrefixes(tokens.slice(0, at)).slice(1), teed)
  throw new CommandProblem(operator, `nfwhy does not read what follows "${operator.text}"`)
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
  bridge: parseBridge,
  conntrack: parseConntrack,
  ip: parseIp,
  ipset: parseIpset,
  nft: parseNftCommand,
  sysctl: parseSysctl,
}

/** A command without anything a shell would do besides; redirections only of what it prints. Throws CommandProblem. */
function parseSimpleCommand(tokens: readonly ShellToken[]): Edit[] {
  const { words, output } = withoutRedirections(tokens)
  const [tool, ...rest] = withoutPrefixes(words)
  if (!tool) throw new CommandProblem({ column: 1, text: '' }, 'no command is given')
  if (output) {
    if (nameOf(tool) !== 'echo')
      throw new CommandProblem(output, 'nfwhy reads what echo prints, not what it writes to a file')
    return parseEcho(rest, output)
  }
  return parseWords([tool, ...rest])
}

/** Without its folder. */
const nameOf = ({ text }: ShellWord): string => text.replace(/^.*\//, '')

/** A tool and its words, as it gets them. Throws CommandProblem. */
export function parseWords([tool, ...rest]: readonly ShellWord[]): Edit[] {
  if (!tool) throw new CommandProblem({ column: 1, text: '' }, 'no command is given')
  const name = nameOf(tool)
  if (!Object.hasOwn(TOOLS, name))
    throw new CommandProblem(
      tool,
      `"${name}" is not a command that is understood here`,
      closest(name, Object.keys(TOOLS)),
    )
  const asked = name === 'nft' ? undefined : rest.find(({ handleOf }) => handleOf)
  if (asked) throw new CommandProblem(asked, 'a command substitution is not run: write its output instead')
  return TOOLS[name]!(rest, tool)
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
      throw new CommandProblem(token, `"${token.text}" needs a shell, but nfwhy runs no commands`)
    const harmless = target.text === '/dev/null' || (/&$/.test(token.text) && /^[12]$/.test(target.text))
    if (harmless) continue
    if (!/^1?>>?$/.test(token.text))
      throw new CommandProblem(target, `the command would write to the file "${target.text}"`)
    output = target
  }
  return output ? { words, output } : { words }
}

/** Options of sudo with a value. */
const SUDO_VALUES = /^-[ugpCDhRTU]$/

/** The command without `NAME=VALUE` in front of it, `sudo` and its like. */
export function withoutPrefixes<Word extends ShellWord>(words: readonly Word[]): readonly Word[] {
  let at = 0
  for (;;) {
    const { text = '' } = words[at] ?? {}
    const name = text.replace(/^.*\//, '')
    if (/^[A-Za-z_]\w*=/.test(text)) at++
    else if (name === 'sudo' || name === 'doas') {
      at++
      while (words[at]?.text.startsWith('-')) at += SUDO_VALUES.test(words[at]!.text) ? 2 : 1
    } else if (['command', 'exec', 'env', 'nohup', 'time'].includes(name)) at++
    else return words.slice(at)
  }
}

/** Does the command name one of the tools whose commands are edits? */
export function isTool(tokens: readonly ShellToken[]): boolean {
  const [tool] = withoutPrefixes(tokens.filter(({ kind }) => kind === 'word'))
  return tool !== undefined && Object.hasOwn(TOOLS, tool.text.replace(/^.*\//, ''))
}
