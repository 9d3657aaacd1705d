/** Commands as a person types them on this machine: what is meant for a place of `--via` leads there by itself. */
import { Command, inOrder, printCommand, shellWord } from '../../model/command.ts'
import type { TraceHost } from '../trace-host.ts'
import type { Mend } from './problem.ts'

/** The same command, for a shell on this machine. */
export function typedFor({ name, prefix }: TraceHost, one: Command): Command {
  if (prefix.length === 0 || one.whyNot !== undefined) return one
  const { words } = one
  const way = withoutAdded(prefix)
  const shells = way.filter(isSsh).length
  if (one.program === 'nfwhy' && words) return ofNfwhy(name, words)
  // a right is missing over there, or here to go there
  if (one.program === 'sudo' && words?.[1] === 'nfwhy') {
    const asRoot = shells > 0 ? `${name} sudo` : name.replace(CONTAINER_EXEC, '$& -u 0')
    return ofNfwhy(asRoot, words.slice(1), asRoot === name ? ['sudo'] : [])
  }
  if (shells === 0) return Command.of([...way, ...(words ?? ['sh', '-c', printCommand(one)])])
  // each ssh hands its words, joined by blanks, to a shell over there; this one's quotes are printed
  let text = printCommand(one)
  for (let i = 1; i < shells; i++) text = shellWord(text)
  return Command.of([...way, text])
}

/** With its commands and its undo as they are typed here. */
export const typedMend = (place: TraceHost, { commands, undo, ...rest }: Mend): Mend => ({
  ...rest,
  ...(commands ? { commands: commands.map((one) => typedFor(place, one)) } : {}),
  ...(undo ? { undo: undo.map((one) => typedFor(place, one)) } : {}),
})

/** One after the other, for a POSIX shell on this machine. */
export const typedText = (place: TraceHost, commands: readonly Command[]): string =>
  printCommand(inOrder(...commands.map((one) => typedFor(place, one))))

/** It runs on this machine, and is told the way. One that has a way already goes it from there. */
function ofNfwhy(name: string, [, ...words]: readonly string[], before: readonly string[] = []): Command {
  const at = words.indexOf('--via')
  if (at < 0) return Command.of([...before, 'nfwhy', ...words.slice(0, 1), '--via', name, ...words.slice(1)])
  return Command.of([...before, 'nfwhy', ...words.slice(0, at + 1), `${name} ${words[at + 1]}`, ...words.slice(at + 2)])
}

/** Where a user is chosen from outside; `sudo` is seldom there. */
const CONTAINER_EXEC = /\b(?:docker|podman|nerdctl)(?: container)? exec\b/

const isSsh = (word: string): boolean => /(?:^|\/)ssh$/.test(word)

/** `-T`, which nfwhy adds: nothing of a person's command needs it. */
const withoutAdded = (prefix: readonly string[]): string[] =>
  prefix.filter((word, i) => word !== '-T' || !isSsh(prefix[i - 1] ?? ''))
