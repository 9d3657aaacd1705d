/** What is wrong with a rule on a command line: which word, and what was probably meant. */
import { closest } from '../../rules/closest.ts'
import type { RuleProblem } from '../../rules/iptables/clause.ts'
import type { IpFamily, Match, Target } from '../../rules/iptables/extension.ts'
import { OWN_OPTIONS } from '../../rules/iptables/options.ts'
import type { ReadRule } from '../../rules/iptables/read.ts'
import { findMatch, findTarget, MATCHES, TARGETS } from '../../rules/iptables/registry.ts'
import { CommandProblem } from '../problem.ts'
import type { ShellWord } from '../shell.ts'

export function ruleProblem(
  problem: RuleProblem,
  words: readonly ShellWord[],
  read: ReadRule,
  family: IpFamily,
): CommandProblem {
  const blamed = words.slice(problem.from, problem.to)
  // of several values, the one that the message quotes
  const word = blamed.find(({ text }) => problem.message.includes(`"${text}"`)) ?? blamed[0]!
  if (problem.unknown === 'match') {
    const names = MATCHES.filter((match) => !match.family || match.family === family).map(({ name }) => name)
    return new CommandProblem(word, `there is no match "${word.text}"`, closest(word.text, names))
  }
  if (problem.unknown === 'option') return unknownOption(word, words, read, family)
  const [, wrong = ''] = /"(.*?)"/.exec(problem.message) ?? []
  const meant = closest(wrong, problem.names ?? [])
  return new CommandProblem(word, problem.message, meant && word.text.replace(wrong, meant))
}

function unknownOption(word: ShellWord, words: readonly ShellWord[], read: ReadRule, family: IpFamily): CommandProblem {
  const spec = read.specs[0]
  const target = spec?.target
  const loaded = [
    ...(spec?.matches ?? []).map(({ name }) => findMatch(name, family)),
    spec?.protocol && findMatch(spec.protocol.value, family),
    target && findTarget(target.name, family),
  ].filter((one) => one !== undefined)
  const name = word.text.replace(/^-*/, '')
  const near = closest(name, [...OWN_OPTIONS[family].keys(), ...loaded.flatMap(optionNames)])
  if (near !== undefined) return new CommandProblem(word, `there is no option "${word.text}" here`, `--${near}`)
  // `-j LOGG --log-prefix x`: the target is what is wrong
  const meant =
    target &&
    !findTarget(target.name, family) &&
    closest(
      target.name,
      TARGETS.filter((one) => findTarget(one.name, family)).map((one) => one.name),
    )
  const named = meant && words.find(({ text }) => text === target.name)
  const one = meant === undefined || meant === false ? undefined : findTarget(meant, family)
  if (one && meant && named && optionNames(one).includes(name))
    return new CommandProblem(named, `there is no target "${target.name}" that has the option ${word.text}`, meant)
  const owners = [
    ...MATCHES.filter(has(name)).map((one) => `-m ${one.name}`),
    ...TARGETS.filter(has(name)).map((one) => `-j ${one.name}`),
  ]
  if (word.text.startsWith('--') && owners.length > 0)
    return new CommandProblem(word, `${word.text} needs ${listed(owners)}, which must come before it`)
  const what = word.text.startsWith('-') ? 'option' : 'word'
  return new CommandProblem(word, `the ${what} "${word.text}" is not understood here`)
}

const optionNames = ({ options }: Match | Target): string[] =>
  Object.entries(options).flatMap(([name, { aliases }]) => [name, ...(aliases ?? [])])

const has = (name: string) => (extension: Match | Target) => optionNames(extension).includes(name)

const listed = (names: readonly string[]): string =>
  names.length > 3 ? `${names.slice(0, 3).join(', ')} …` : names.join(' or ')
