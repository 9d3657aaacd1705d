/** Commands for the real tools, in a namespace of their own; and what they leave behind. */
import { shellWord } from '../../../src/model/command.ts'
import { runInNamespace } from '../namespaces.ts'

export interface Sequence {
  /** Shell commands that make the start; they have to succeed. */
  setup?: readonly string[]
  commands: readonly string[]
  /** What is listed before and after the commands. */
  listings: readonly string[]
}

export interface Ran {
  /** What each of `listings` printed. */
  before: string[]
  after: string[]
  /** For each command: whether it succeeded, and what it said. */
  results: { ok: boolean; output: string }[]
}

/** Runs each sequence in a namespace of its own. */
export function runSequences(sequences: readonly Sequence[]): Ran[] {
  const script = sequences.map((sequence) => `unshare --net sh -c ${shellWord(sequenceScript(sequence))}\necho '@END'`)
  return runInNamespace(script.join('\n')).split('@END\n').slice(0, sequences.length).map(readRan)
}

function sequenceScript({ setup = [], commands, listings }: Sequence): string {
  const list = listings.map((listing) => `echo '@LISTING'; ${listing}`)
  return [
    'exec 2>&1',
    ...setup.map((command) => `${command} || echo @FAILED ${shellWord(command)}`),
    "echo '@BEFORE'",
    ...list,
    "echo '@COMMANDS'",
    ...commands.map((command) => `${command}\necho "@STATUS $?"`),
    "echo '@AFTER'",
    ...list,
  ].join('\n')
}

function readRan(text: string): Ran {
  const [setup = '', before = '', commands = '', after] = text.split(/^@(?:BEFORE|COMMANDS|AFTER)\n/m)
  if (setup.includes('@FAILED') || after === undefined) throw new Error(`not run: ${text.slice(0, 2000)}`)
  const parts = commands.split(/^@STATUS (\d+)\n/m)
  const results = parts
    .slice(0, -1)
    .flatMap((output, i) => (i % 2 === 0 ? [{ ok: parts[i + 1] === '0', output: output.trim() }] : []))
  return { before: before.split('@LISTING\n').slice(1), after: after.split('@LISTING\n').slice(1), results }
}
