/** The command line: each command is loaded when it is asked for. */
import { Command, CommanderError } from 'commander'
import { ClosedPipe, UserError } from './errors.ts'

declare const __VERSION__: string

async function main(): Promise<void> {
  const program = new Command('nfwhy')
  program
    .description('Why did netfilter do that to my packet?')
    .version(__VERSION__, '-V, --version')
    .exitOverride()
    .configureOutput({ writeErr: (text) => process.stderr.write(printable(text)) })
    .showHelpAfterError('(nfwhy --help says more)')
  const name = process.argv[2]
  // loading all commands would take longer than most of them run
  const wanted = (command: string) => name === command || name === undefined || name.startsWith('-') || name === 'help'
  if (name === '-V' || name === '--version') {
    process.stdout.write(`${__VERSION__}\n`)
    return
  }
  if (wanted('explain')) (await import('./explain.ts')).explainCommand(program)
  if (wanted('compare')) (await import('./compare.ts')).compareCommand(program)
  if (program.commands.length === 0) {
    ;(await import('./explain.ts')).explainCommand(program)
    ;(await import('./compare.ts')).compareCommand(program)
  }
  for (const command of program.commands) command.exitOverride()
  await program.parseAsync()
}

try {
  await main()
} catch (error) {
  process.exitCode = report(error)
}

function report(error: unknown): number {
  if (error instanceof ClosedPipe) return 0
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (error instanceof UserError) {
    process.stderr.write(
      `nfwhy: ${printable(error.message)}\n${error.hint === undefined ? '' : `${printable(error.hint)}\n`}`,
    )
    return 2
  }
  // not foreseen: a bug of ours, and its stack is what mends it
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.stderr.write(`nfwhy: this is a bug, please report it with the input:\n${printable(text)}\n`)
  return 2
}

/** File names and words of the command line may hold anything; line breaks are our own. */
function printable(text: string): string {
  return text.replace(
    /[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/g,
    (char) => `\\x${char.charCodeAt(0).toString(16)}`,
  )
}
