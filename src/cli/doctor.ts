/** `nfwhy doctor`: why there is no trace on a host, and the command that mends it. */
import { createInterface } from 'node:readline'
import type { Command } from 'commander'
import { readFilter } from '../analysis/select.ts'
import { CONFIGURATIONS } from '../live/doctor/config.ts'
import { type Diagnosis, diagnose, isProblem } from '../live/doctor/diagnose.ts'
import { runMend } from '../live/doctor/fix.ts'
import { type DoctorDocument, type DoctorOutput, diagnosisJson, type FixRun } from '../live/doctor/json.ts'
import { type Proof, prove, proveHere } from '../live/doctor/prove.ts'
import { diagnosisText, proofsText } from '../live/doctor/text.ts'
import { typedText } from '../live/doctor/typed.ts'
import { ANY_PACKET, type Wish, wishOf } from '../live/doctor/wish.ts'
import { LiveProblem } from '../live/problem.ts'
import { HERE, parseVia, type TraceHost } from '../live/trace-host.ts'
import { printable, printableJson } from '../model/printable.ts'
import { UserError } from '../model/user-error.ts'
import { endable } from './end-signals.ts'
import { EXIT } from './errors.ts'
import { Output } from './stdout.ts'
import { type Colour, terminalOptions, textOptions } from './terminal.ts'

interface DoctorOptions {
  via?: string[]
  fix?: boolean
  yes?: boolean
  prove?: boolean
  proveHere?: boolean
  printConfig?: string
  json?: boolean
  color?: Colour
  width?: number
}

export function doctorCommand(program: Command): Command {
  const collect = (value: string, before: string[] = []) => [...before, value]
  return textOptions(
    program
      .command('doctor')
      .summary('why a host shows no trace, and the command that fixes it')
      .description(
        'Finds what prevents a trace: missing rights or modules, loggers that other programs use, TRACE rules ' +
          'that match other packets or are in the wrong place, namespaces, flow offload, log daemons … ' +
          'Only --fix, --prove and --prove-here change anything. FILTER selects the packets, as in trace.',
      )
      .argument('[FILTER...]', "which packets: 'tcp dst port 52000'")
      .option(
        '--via <COMMAND>',
        "check another host: 'ssh root@host', 'ip netns exec N', 'docker exec C' (repeatable)",
        collect,
      )
      .option('--fix', 'run the fixes that are safe, asking before each')
      .option('--yes', 'with --fix: run them without asking')
      .option('--prove', 'trace a test packet in a throw-away network namespace, and report which programs see it')
      .option(
        '--prove-here',
        'like --prove, but in this network namespace; only a test packet to 127.0.0.0/8 is traced',
      )
      .option(
        '--print-config <DAEMON>',
        `print a configuration that keeps TRACE lines, for ${Object.keys(CONFIGURATIONS).join(' or ')}`,
      )
      .option('--json', 'one JSON document'),
  ).action(async (words: string[], options: DoctorOptions) => {
    const filter = words.length === 0 ? undefined : words.join(' ')
    process.exitCode = await endable((ending) => runDoctor(filter, options, ending))
  })
}

/** The exit code; throws UserError, LiveProblem and ClosedPipe. */
async function runDoctor(filter: string | undefined, options: DoctorOptions, ending: AbortSignal): Promise<number> {
  if (options.printConfig !== undefined) return printConfig(options.printConfig)
  const terminal = terminalOptions(options, true)
  const wish: Wish = filter === undefined ? ANY_PACKET : wishOf(filter, readFilter(filter))
  if (options.yes && !options.fix) throw new UserError('--yes goes with --fix.')
  const asks = options.fix === true && !options.yes
  if (asks && !(process.stdin.isTTY && process.stderr.isTTY))
    throw new UserError(
      '--fix asks before each command, but this is not a terminal: add --yes to run the safe fixes without asking.',
    )
  if (options.via === undefined && process.platform !== 'linux')
    throw new UserError(
      'Netfilter exists only on Linux, and this machine does not run Linux. Check a Linux machine:',
      "  nfwhy doctor --via 'ssh root@host'",
    )
  const places: TraceHost[] = options.via?.map(parseVia) ?? [HERE]
  const out = new Output()
  const documents: DoctorDocument[] = []
  let exit: number = EXIT.done
  for (const [i, place] of places.entries()) {
    try {
      const { found, proofs, fixed } = await examine(place, wish, options, ending)
      if (found.problems.some(isProblem) || proofs?.some(({ result }) => result === 'not-seen'))
        exit = Math.max(exit, EXIT.problem)
      if (options.json)
        documents.push(diagnosisJson(found, { ...(fixed ? { fixed } : {}), ...(proofs ? { proofs } : {}) }))
      else {
        out.write((i === 0 ? '' : '\n') + diagnosisText(found, filter, terminal, places.length > 1))
        out.write(proofsText(proofs ?? [], terminal))
        out.flush()
      }
    } catch (error) {
      // of several, the others may still be reached
      if (!(error instanceof LiveProblem) || places.length === 1 || ending.aborted) throw error
      exit = EXIT.failed
      tell(`nfwhy: ${error.message}`)
      if (error.hint !== undefined) tell(error.hint)
    }
  }
  if (options.json) {
    const [only] = documents
    const output: DoctorOutput = places.length === 1 && only ? only : documents
    out.write(`${printableJson(output)}\n`)
  }
  out.flush()
  return exit
}

interface Examined {
  /** After fixing. */
  found: Diagnosis
  proofs?: Proof[]
  fixed?: FixRun[]
}

async function examine(
  place: TraceHost,
  wish: Wish,
  { fix, yes, prove: away, proveHere: here }: DoctorOptions,
  ending: AbortSignal,
): Promise<Examined> {
  let found = await diagnose(place, wish, ending)
  const fixed = fix ? await fixAll(found, !yes, ending) : []
  if (fixed.length > 0) found = await diagnose(place, wish, ending)
  const proofs = [
    ...(away ? await prove(place, found.facts, ending) : []),
    ...(here ? await proveHere(place, found.facts, ending) : []),
  ]
  return { found, ...(fixed.length > 0 ? { fixed } : {}), ...(away || here ? { proofs } : {}) }
}

function printConfig(daemon: string): number {
  if (!Object.hasOwn(CONFIGURATIONS, daemon))
    throw new UserError(
      `--print-config ${printable(daemon)}: nfwhy has a configuration only for ${Object.keys(CONFIGURATIONS).join(' and ')}.`,
    )
  const out = new Output()
  out.write(CONFIGURATIONS[daemon as keyof typeof CONFIGURATIONS])
  out.flush()
  return EXIT.done
}

/** Runs what is safe, each after asking; tells every command and how it is taken back before it runs. One that runs is not ended. */
async function fixAll({ place, problems }: Diagnosis, asks: boolean, ending: AbortSignal): Promise<FixRun[]> {
  const fixed: FixRun[] = []
  const ask = asks ? createInterface({ input: process.stdin, output: process.stderr }) : undefined
  try {
    const answers = ask?.[Symbol.asyncIterator]()
    ending.addEventListener('abort', () => ask?.close(), { once: true })
    for (const { code, message, fix } of problems.filter(isProblem)) {
      if (ending.aborted) break
      if (!fix?.safe || !fix.commands) continue
      const command = typedText(place, fix.commands)
      const undo = fix.undo && typedText(place, fix.undo)
      tell(message)
      tell(`  ${command}`)
      if (undo !== undefined) tell(`  undo: ${undo}`)
      if (answers) {
        process.stderr.write('Run it? [y/N] ')
        const { value, done } = await answers.next()
        if (done) break
        if (!/^y(?:es)?$/i.test(value.trim())) continue
      }
      const done = await runMend(place, fix)
      tell(done.done ? '  done' : `  it failed: ${done.said}`)
      fixed.push({ code, command, ...(undo === undefined ? {} : { undo }), ...done })
    }
  } finally {
    ask?.close()
  }
  return fixed
}

const tell = (line: string) => process.stderr.write(`${printable(line)}\n`)
