/** `nfwhy simulate`: what would happen to a packet, and what would change it. */
import { closeSync, readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { onlyWorld } from '../analysis/inputs/open.ts'
import { isProblem } from '../analysis/is-problem.ts'
import { pointAt } from '../analysis/point-at.ts'
import { Editor } from '../edits/apply.ts'
import type { CommandError } from '../edits/problem.ts'
import { Budget } from '../edits/script/budget.ts'
import { ScriptRun } from '../edits/script/run.ts'
import { explain, tryFixesOf } from '../explain/explain.ts'
import { noteTrials } from '../explain/trials/verify.ts'
import { noteUnmatched } from '../explain/unmatched.ts'
import type { Diagnostic } from '../model/diagnostic.ts'
import type { Journey } from '../model/journey.ts'
import { isNameless, type Packet } from '../model/packet.ts'
import { printable } from '../model/printable.ts'
import { UserError } from '../model/user-error.ts'
import type { World } from '../model/world.ts'
import { chooseForm, type FormChoice } from '../reports/choose-form.ts'
import { single, warningsText } from '../reports/index.ts'
import { closest } from '../rules/closest.ts'
import { readPacketJson } from '../rules/packet-json.ts'
import { modelEngine } from '../simulate/engine.ts'
import { Machine } from '../simulate/machine.ts'
import { parseSpec } from '../simulate/spec.ts'
import { EXIT, reasonOf } from './errors.ts'
import { readInputs } from './inputs.ts'
import { Output, openOutput } from './stdout.ts'
import { terminalOptions } from './terminal.ts'

interface SimulateOptions extends FormChoice {
  as?: string[]
  packet?: string[]
  packets?: string
  apply?: string[]
  assume?: string[]
  engine: string
  full?: boolean
  unmatched?: boolean
  color?: boolean
  width?: number
}

const HOW = [
  "  nfwhy simulate rules.v4 host --packet 'in eth0 tcp 10.0.0.2:40000 > 10.0.0.1:80 syn'",
  "  nfwhy simulate rules.v4 host --packet '…' --apply 'iptables -t nat -D KUBE-NODEPORTS 16'",
].join('\n')

export function simulateCommand(program: Command): Command {
  const collect = (value: string, before: string[] = []) => [...before, value]
  return program
    .command('simulate')
    .summary('what would happen to a packet, and what a command would change')
    .description(
      'Plays a packet in the model of a machine: its ruleset and its host state (ip -j addr, ip -j route show table all, ' +
        `sysctl …). Nothing is changed on any machine.\n\n${HOW}`,
    )
    .argument('[INPUT...]', 'rulesets and host state')
    .option(
      '--packet <SPEC>',
      'a packet as tcpdump words it, or as JSON; without "in IFACE" this host sends it (repeatable, in order)',
      collect,
    )
    .option('--packets <FILE>', 'packets as JSON, one a line; they share one connection tracking table')
    .option(
      '--apply <COMMAND>',
      'first make this change: iptables, ip6tables, nft, ipset, sysctl, ip route, ip rule, conntrack -D (repeatable, in order)',
      collect,
    )
    .option('--assume <CONDITION=BOOLEAN>', "settle what nobody can know: '--limit 10/sec=true' (repeatable)", collect)
    .option('--engine <ENGINE>', 'model: the only one there is yet', 'model')
    .option('--as <FORMAT:FILE>', 'read FILE as FORMAT, whatever it looks like (repeatable)', collect)
    .option('--full', 'every step, every rule in full length')
    .option('--unmatched', 'with --full: of each rule that did not match, which condition failed')
    .option('--json', 'one JSON document')
    .option('--ndjson', 'one JSON document for each packet, a line each')
    .option('-o, --output <FILE>', 'write to FILE, in the form that its ending names: .md .json .ndjson .txt')
    .option('--width <COLUMNS>', 'width of the text', Number)
    .option('--no-color', 'without colour (NO_COLOR does the same)')
    .action(async (given: string[], options: SimulateOptions) => {
      process.exitCode = await runSimulate(given, options)
    })
}

/** The exit code; throws UserError and ClosedPipe. */
async function runSimulate(given: readonly string[], options: SimulateOptions): Promise<number> {
  const form = chooseForm(options)
  if (options.engine !== 'model')
    throw new UserError(`--engine ${printable(options.engine)}: only the model is there yet.`)
  const packets = [
    ...(options.packet ?? []).map(readSpec),
    ...(options.packets === undefined ? [] : readPackets(options.packets)),
  ]
  if (packets.length === 0) throw new UserError('simulate needs a packet.', HOW)
  if (given.length === 0 && !options.as) throw new UserError('simulate needs a ruleset.', HOW)
  const assume = new Map((options.assume ?? []).map(readAssumption))
  const inputs = await readInputs(given, options.as ?? [])
  const warnings: Diagnostic[] = [...inputs.warnings]
  for (const { name } of inputs.captures)
    warnings.push({
      input: name,
      code: 'capture-unused',
      message: 'it is a capture: simulate reads only rulesets and host state',
    })
  const world = (options.apply ?? []).reduce(applyCommand, onlyWorld(inputs))
  const machine = new Machine(world, { assume })
  const terminal = terminalOptions(options, options.output === undefined)
  const file = options.output === undefined ? undefined : openOutput(options.output, inputs.includes)
  try {
    const out = new Output(file, options.output)
    const writer = form.open(terminal)
    let code: number = EXIT.done
    const journeys: Journey[] = []
    const used = new Set<string>()
    const open = new Set<string>()
    for (const [i, packet] of packets.entries()) {
      warnings.push(...absentInterfaces(packet, machine.world, `packet ${i + 1}`))
      const before = machine.world
      const { evidence, ended, notes, assumed } = machine.send(packet)
      for (const condition of assumed) used.add(condition)
      if (ended.open) open.add(ended.open.condition)
      const journey = explain(evidence, before, { ended })
      if (options.unmatched) noteUnmatched(evidence, before)
      // later packets of a flow hang on those before them, so only the first says what a change would do
      if (journeys.length === 0) noteTrials(journey, tryFixesOf(evidence, before, modelEngine))
      for (const message of notes) warnings.push({ input: `packet ${journey.id}`, code: 'left-open', message })
      if (isProblem(journey)) code = EXIT.problem
      journeys.push(journey)
    }
    for (const condition of assume.keys())
      if (!used.has(condition)) warnings.push(unusedAssumption(condition, [...open]))
    const groups = journeys.map(single)
    out.write(form.folds ? writer.begin(groups) : writer.begin())
    for (const group of groups) out.write(writer.journey(group))
    const bytes = inputs.files.reduce((sum, one) => sum + one.bytes, 0)
    const stats = { bytes, events: 0, journeys: journeys.length, skipped: 0, lost: 0 }
    // on standard output only what is asked for: warnings go to standard error
    const told = form.folds && file === undefined ? [] : warnings
    out.write(writer.end({ inputs: inputs.files, warnings: told, stats }, groups))
    out.flush()
    if (file === undefined) process.stderr.write(warningsText(warnings, terminal))
    return code
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

/** Throws UserError. */
export function readSpec(text: string): Packet {
  if (text.trimStart().startsWith('{')) return readJson(text, '--packet')
  const result = parseSpec(text)
  if ('packet' in result) return result.packet
  throw pointAt('the packet', text, result.error)
}

function readJson(text: string, where: string): Packet {
  const result = readPacketJson(text)
  if ('packet' in result) return result.packet
  throw new UserError(`${where}: ${sentence(result.error)}`)
}

function readPackets(path: string): Packet[] {
  let text: string
  try {
    text = readFileSync(path === '-' ? 0 : path, 'utf8')
  } catch (error) {
    throw new UserError(`${printable(path)}: ${reasonOf(error)}.`)
  }
  return text
    .split('\n')
    .flatMap((line, i) => (line.trim() === '' ? [] : [readJson(line, `${printable(path)}:${i + 1}`)]))
}

/** A rule matches an interface's name, whether the interface exists or not; but a name that no listing has is mostly a slip. */
function absentInterfaces(packet: Packet, { host }: World, input: string): Diagnostic[] {
  const names = host.links?.map(({ name }) => name)
  if (!names || names.length === 0) return []
  return (['in', 'out', 'physIn', 'physOut'] as const).flatMap((field) => {
    const name = packet[field]
    if (name === undefined || isNameless(name) || names.includes(name)) return []
    const meant = closest(name, names)
    const message = `interface ${name} is not among those listed (${listed(names)})`
    return [{ input, code: 'no-such-interface', message: meant ? `${message}; did you mean ${meant}?` : message }]
  })
}

const MOST_NAMES = 8
const listed = (names: readonly string[]): string =>
  `${names.slice(0, MOST_NAMES).join(', ')}${names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : ''}`

/** The condition's own words may hold a `=` themselves: the last one counts. */
function readAssumption(text: string): [string, boolean] {
  const match = /^(.+)=(true|false)$/.exec(text)
  if (!match)
    throw new UserError(
      `--assume ${printable(text)}: it is CONDITION=true or CONDITION=false, the condition as nfwhy words it.`,
    )
  return [match[1]!, match[2] === 'true']
}

/** Nothing that is known is assumed otherwise; and a condition has to be worded as nfwhy words it. */
function unusedAssumption(condition: string, open: readonly string[]): Diagnostic {
  const instead = open.length === 0 ? '' : `; open is ${open.map((one) => `"${one}"`).join(', ')}`
  return { input: '--assume', code: 'assumption-unused', message: `"${condition}" was not asked for${instead}` }
}

/** Throws UserError at the first thing that is not understood, or that the tool or the kernel would refuse. */
export function applyCommand(world: World, command: string): World {
  const budget = new Budget(command)
  const editor = new Editor(world, budget)
  const run = new ScriptRun(
    command,
    {
      apply: (edit) => editor.apply(edit),
      problem({ error }, kind) {
        if (kind === 'command-failed') throw new UserError(`--apply ${printable(command)}: ${sentence(error.message)}`)
        throw pointAt('the command', ...lineOf(command, error))
      },
    },
    budget,
  )
  if (!run.run()) throw new UserError(`--apply ${printable(command)}: no command is given.`)
  return editor.world
}

/** The line that an error is in, and the error as it counts from there. */
function lineOf(text: string, error: CommandError): [string, CommandError] {
  const start = text.lastIndexOf('\n', error.column - 2) + 1
  return [text.slice(start).split('\n', 1)[0]!, { ...error, column: error.column - start }]
}

/** What ends with a question has its mark. */
const sentence = (text: string) => (/[?.!]$/.test(text) ? printable(text) : `${printable(text)}.`)
