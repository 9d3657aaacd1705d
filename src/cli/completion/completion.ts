/** `nfwhy completion SHELL`: the script that makes a shell complete nfwhy's commands, options and filters. */
import type { Command } from 'commander'
import { Option } from 'commander'
import { printable } from '../../model/printable.ts'
import { UserError } from '../../model/user-error.ts'
import { Output } from '../stdout.ts'
import { candidatesOf } from './candidates.ts'
import { SCRIPTS } from './scripts.ts'

const SHELLS = Object.keys(SCRIPTS)

export const completionCommand = (program: Command): Command =>
  program
    .command('completion')
    .summary('print a script that completes commands in bash, zsh or fish')
    .description(
      "Prints a script for a shell, which then completes nfwhy's commands, options, values and filters with the Tab key. Its " +
        'first lines say where it belongs. To try it: source <(nfwhy completion bash).',
    )
    .argument('<SHELL...>', 'bash, zsh or fish')
    // these scripts ask so
    .addOption(new Option('--words', 'print what these words can go on with').hideHelp())
    .action((given: string[], { words }: { words?: true }) => print(words ? tell(program, given) : scriptOf(given)))

function print(text: string): void {
  const out = new Output()
  out.write(text)
  out.flush()
}

function scriptOf(given: readonly string[]): string {
  const script = given.length === 1 ? SCRIPTS[given[0]!] : undefined
  if (script !== undefined) return script
  throw new UserError(
    `nfwhy has no completion for "${printable(given.join(' '))}".`,
    `It has scripts for ${SHELLS.slice(0, -1).join(', ')} and ${SHELLS.at(-1)}.`,
  )
}

/** As scripts.ts says. */
function tell(program: Command, words: readonly string[]): string {
  const { paths, candidates } = candidatesOf(program, words)
  const lines = candidates.map(({ word, meaning = '' }) => (meaning === '' ? word : `${word}\t${meaning}`))
  return `${[paths ?? 'words', ...lines].join('\n')}\n`
}
