/** Every command under its name. Each is loaded when it is asked for: loading all of them would take longer than most of them run. */
import { Command } from 'commander'
import type { Others } from './others.ts'

/** Adds itself to the program. */
type AddTo = (program: Command, others: Others) => Command

export const COMMANDS: Readonly<Record<string, () => Promise<AddTo>>> = {
  explain: async () => (await import('./explain.ts')).explainCommand,
  trace: async () => (await import('./trace.ts')).traceCommand,
  watch: async () => (await import('./watch.ts')).watchCommand,
  why: async () => (await import('./why.ts')).whyCommand,
  compare: async () => (await import('./compare.ts')).compareCommand,
  flows: async () => (await import('./flows.ts')).flowsCommand,
  map: async () => (await import('./map.ts')).mapCommand,
  simulate: async () => (await import('./simulate.ts')).simulateCommand,
  query: async () => (await import('./query.ts')).queryCommand,
  load: async () => (await import('./load.ts')).loadCommand,
  serve: async () => (await import('./serve.ts')).serveCommand,
  mcp: async () => (await import('./mcp.ts')).mcpCommand,
  collect: async () => (await import('./collect.ts')).collectCommand,
  demo: async () => (await import('./demo.ts')).demoCommand,
  doctor: async () => (await import('./doctor.ts')).doctorCommand,
  kubectl: async () => (await import('./kubectl.ts')).kubectlCommand,
  completion: async () => (await import('./completion/completion.ts')).completionCommand,
  help: async () => (await import('./help.ts')).helpCommand,
}

/** Adds these commands; each takes over how the program prints and exits. */
export async function addCommands(program: Command, names: readonly string[], run: Others['run']): Promise<void> {
  for (const name of names) (await COMMANDS[name]!())(program, { run, operands })
}

async function operands(name: string, words: readonly string[]): Promise<string[]> {
  const program = new Command()
  await addCommands(program, [name], async () => {})
  const [command] = program.commands
  return command!
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .parseOptions([...words]).operands
}
