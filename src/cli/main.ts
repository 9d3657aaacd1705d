/** The command line: each command is loaded when it is asked for. */

import { existsSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { LiveProblem } from '../live/problem.ts'
import { command, nameOwnProgram, operands, printCommand } from '../model/command.ts'
import { printable } from '../model/printable.ts'
import { shortLines, UserError } from '../model/user-error.ts'
import { asCalled, calledAs, isPlugin } from './called-as.ts'
import { addCommands, COMMANDS } from './commands.ts'
import { ClosedPipe } from './errors.ts'
import { Output } from './stdout.ts'

declare const __VERSION__: string

/** Commands that are about all commands. */
const OF_ALL: readonly string[] = ['help', 'completion']
/** Commands for which FILTER is an argument. */
const LIVE: readonly string[] = ['trace', 'doctor']
const FILTER_OPTION = /unknown option '--filter'/

const OWN = calledAs(process)
const HELP: readonly string[] = ['-h', '--help']
const VERSION: readonly string[] = ['-V', '--version', '-v', 'version']

async function main(words: readonly string[]): Promise<void> {
  const [first = '', ...rest] = words
  if (VERSION.includes(first)) {
    say(1, `${__VERSION__}\n`)
    return
  }
  const helped = first === 'kubectl' ? rest.findIndex((word) => Object.hasOwn(COMMANDS, word)) : -1
  // help is that of the command which stands before it
  if (helped >= 0 && rest.slice(helped).some((word) => HELP.includes(word))) return main(rest.slice(helped))
  const filterHint = LIVE.includes(first) ? `; give the filter without an option: nfwhy ${first} 'tcp port 80'` : ''
  const files = first === 'why' ? rest.filter((word) => existsSync(word)) : []
  const filesHint = files.length === 0 ? '' : ofFiles(files, rest)
  if (!Object.hasOwn(COMMANDS, first) && existsSync(first))
    throw new UserError(
      `"${printable(first)}" is a file, not a command. Perhaps:`,
      `  ${printCommand(command('nfwhy', 'explain', ...operands(first), ...rest))}`,
    )
  const program = new Command('nfwhy')
    .description('Why did netfilter do that to my packet?')
    .version(__VERSION__, '-V, --version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => say(1, text),
      writeErr: (text) => say(2, text),
      outputError: (text, write) =>
        write(
          shortLines(text)
            .replace(/^error: /, 'nfwhy: ')
            .replace(FILTER_OPTION, `$&${filterHint}`)
            .replace(TOO_MANY, (said) => said + filesHint),
        ),
    })
    .showHelpAfterError('(nfwhy --help says more)')
  // help speaks of all of them
  const isOne = Object.hasOwn(COMMANDS, first) && !OF_ALL.includes(first)
  await addCommands(program, isOne ? [first] : Object.keys(COMMANDS), main)
  for (const command of program.commands)
    command.exitOverride().showHelpAfterError(`(nfwhy ${command.name()} --help says more)`)
  await program.parseAsync(words, { from: 'user' })
}

/** `why` asks a machine: what a packet does by a ticket's files, `simulate` says. */
function ofFiles(files: readonly string[], words: readonly string[]): string {
  const [packet = 'PACKET'] = words.filter((word) => !files.includes(word))
  const instead = command('nfwhy', 'simulate', ...files.flatMap(operands), '--packet', packet)
  return ` "why" asks a machine; of files, simulate says it:\n  ${printCommand(instead)}`
}

const TOO_MANY = /^nfwhy: too many arguments for 'why'.*$/m

/** Milliseconds that the last word is kept for whoever reads standard error. */
const PATIENCE = 500

/** To standard output (1) or error (2), at once. */
function say(fd: 1 | 2, text: string): void {
  const out = fd === 1 ? new Output() : new Output(2, 'standard error', PATIENCE)
  out.write(safe(asCalled(text, OWN)))
  out.flush()
}

/** Tells what went wrong; gives the exit code. */
function report(error: unknown): number {
  if (error instanceof ClosedPipe) return 0
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  try {
    if (error instanceof UserError || error instanceof LiveProblem)
      say(2, `nfwhy: ${error.message}\n${error.hint === undefined ? '' : `${error.hint}\n`}`)
    else {
      // not foreseen: a bug of ours, and its stack is what mends it
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
      say(2, `nfwhy: this is a bug, please report it with the input:\n${text}\n`)
    }
  } catch {
    // nobody hears it; the exit code tells
  }
  return 2
}

/** File names and words of the command line may hold anything; line breaks are our own. */
const safe = (text: string) => text.split('\n').map(printable).join('\n')

/** At once: what is still open (a pipe that never ends) must not keep the program. */
const fail = (error: unknown) => process.exit(report(error))

process.on('uncaughtException', fail)
// warnings written where nobody reads them any more are no error
process.stderr.on('error', () => {})
nameOwnProgram(OWN)
// with nothing left that could wake it, a command that still waits would end as if all were done
const stuck = () => fail(new Error('nfwhy waits for what cannot come'))
process.once('beforeExit', stuck)
main([...(isPlugin(process) ? ['kubectl'] : []), ...process.argv.slice(2)])
  .then(() => process.off('beforeExit', stuck))
  .catch(fail)
