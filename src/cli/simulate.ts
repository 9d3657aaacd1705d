/** `nfwhy simulate`: what would happen to a packet, and what would change it. */
import { closeSync, existsSync, readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { applyTo } from '../analysis/apply.ts'
import { type Inputs, onlyMachine } from '../analysis/inputs/open.ts'
import { readPacket, readPackets } from '../analysis/packets.ts'
import { playPackets, readAssumption } from '../analysis/simulate.ts'
import { command, printCommand } from '../model/command.ts'
import { collectInto, type Diagnostic, once } from '../model/diagnostic.ts'
import type { Packet } from '../model/packet.ts'
import { printable } from '../model/printable.ts'
import { reasonOf } from '../model/system-error.ts'
import { UserError } from '../model/user-error.ts'
import { chooseForm, type FormChoice } from '../reports/choose-form.ts'
import { warningsText } from '../reports/index.ts'
import { openPlayed } from '../reports/played.ts'
import { EXIT } from './errors.ts'
import { readInputs } from './inputs.ts'
import { Output, openOutput } from './stdout.ts'
import { openStoring, type StoreOption, storeOption } from './storing.ts'
import { type Colour, terminalOptions, textOptions } from './terminal.ts'

/** How it is told. */
export interface PlayOptions extends FormChoice, StoreOption {
  apply?: string[]
  assume?: string[]
  full?: boolean
  quiet?: boolean
  unmatched?: boolean
  color?: Colour
  width?: number
}

interface SimulateOptions extends PlayOptions {
  as?: string[]
  packet?: string[]
  packets?: string
  engine: string
}

const HOW = [
  "  nfwhy simulate rules.v4 host --packet 'in eth0 tcp 10.0.0.2:40000 > 10.0.0.1:80 syn'",
  "  nfwhy simulate rules.v4 host --packet '…' --apply 'iptables -t nat -D KUBE-NODEPORTS 16'",
].join('\n')

/** A packet among the inputs is likelier meant than a file of such a name. */
function noPacket(given: readonly string[]): UserError {
  const isFile = (one: string) => !/\s/.test(one) || existsSync(one)
  const packet = given.find((one) => !isFile(one))
  if (packet === undefined) return new UserError('simulate needs a packet.', HOW)
  const files = given.filter(isFile)
  const words = [...(files.length > 0 ? files : ['rules.v4']), '--packet', packet]
  return new UserError(
    'simulate needs a packet; give it with --packet:',
    `  ${printCommand(command('nfwhy', 'simulate', ...words))}`,
  )
}

/** How played packets are told, behind a command's own options. */
export const playOptions = (command: Command): Command =>
  textOptions(
    command
      .option('-q, --quiet', 'one line for each exchange')
      .option('--full', 'every step, every rule in full length, all fixes and notes')
      .option('--unmatched', 'with --full: show which condition failed in each rule that does not match')
      .option('--json', 'one JSON document')
      .option('--ndjson', 'one JSON document per line for each packet')
      .option('-o, --output <FILE>', 'write to FILE; its suffix selects the format: .md .json .ndjson .txt'),
  )

export function simulateCommand(program: Command): Command {
  const collect = (value: string, before: string[] = []) => [...before, value]
  return playOptions(
    storeOption(
      program
        .command('simulate')
        .summary('what would happen to a packet, and what a command would change')
        .description(
          'Simulates a packet on the model of a machine: its ruleset and its host state (ip -j addr, ip -j route show table all, ' +
            `sysctl …). Nothing is changed on any machine.\n\n${HOW}`,
        )
        .argument('[INPUT...]', 'rulesets and host state')
        .option(
          '--packet <SPEC>',
          'a packet in tcpdump syntax, or as JSON; without "in IFACE" this host sends it (repeatable, in order)',
          collect,
        )
        .option('--packets <FILE>', 'packets as JSON, one per line; all share one conntrack table')
        .option(
          '--apply <COMMAND>',
          'first make this change: iptables, ip6tables, nft, ipset, sysctl, ip route, ip rule, conntrack -D (repeatable, in order)',
          collect,
        )
        .option(
          '--assume <CONDITION=BOOLEAN>',
          "treat a condition with an unknown result as true or false: '--limit 10/sec=true' (repeatable)",
          collect,
        )
        .option('--engine <ENGINE>', 'model (so far the only engine)', 'model')
        .option('--as <FORMAT:FILE>', 'read FILE as FORMAT, whatever it looks like (repeatable)', collect),
    ),
  ).action(async (given: string[], options: SimulateOptions) => {
    process.exitCode = await runSimulate(given, options)
  })
}

/** The exit code; throws UserError and ClosedPipe. */
async function runSimulate(given: readonly string[], options: SimulateOptions): Promise<number> {
  chooseForm(options)
  if (options.engine !== 'model')
    throw new UserError(`--engine ${printable(options.engine)}: the only engine so far is model.`)
  const warnings: Diagnostic[] = []
  const packets = [
    ...(options.packet ?? []).map((one) => readPacket(one, collectInto(warnings, '--packet'))),
    ...(options.packets === undefined ? [] : readPackets(readFile(options.packets), options.packets)),
  ]
  if (packets.length === 0) throw noPacket(given)
  if (given.length === 0 && !options.as) throw new UserError('simulate needs a ruleset.', HOW)
  const inputs = await readInputs(given, options.as ?? [])
  warnings.push(...inputs.warnings)
  // a bundle has its capture beside its rules, and that is nothing to wonder at
  const asked = (options.as ?? []).map((one) => one.slice(one.indexOf(':') + 1))
  const named = new Set([...given, ...asked, 'standard input'])
  for (const { name } of inputs.captures.filter((one) => named.has(one.name)))
    warnings.push({
      input: name,
      code: 'capture-unused',
      message: 'it is a capture: simulate reads only rulesets and host state',
    })
  return playAll(inputs, packets, warnings, options, inputs.includes)
}

/** Plays them on the only machine of the inputs. `includes`: is this file one of them? */
export async function playAll(
  inputs: Inputs,
  packets: readonly Packet[],
  warnings: Diagnostic[],
  options: PlayOptions,
  includes: (path: string) => boolean = () => false,
): Promise<number> {
  const form = chooseForm(options)
  const assume = new Map((options.assume ?? []).map(readAssumption))
  let { world } = onlyMachine(inputs)
  const report = once((code, message) => warnings.push({ input: '--apply', code, message }))
  for (const command of options.apply ?? []) world = await applyTo(world, command, report)
  const terminal = terminalOptions(options, options.output === undefined)
  const file = options.output === undefined ? undefined : openOutput(options.output, includes)
  const storing = await openStoring(options, { played: { assume } })
  try {
    const out = new Output(file, options.output)
    const played = playPackets(world, packets, warnings, { assume, unmatched: options.unmatched ?? false })
    const plain = openPlayed(form, terminal, out)
    const report = storing?.played(plain) ?? plain
    for (const one of played) {
      report.take(one)
      await storing?.room()
    }
    const bytes = inputs.files.reduce((sum, one) => sum + one.bytes, 0)
    const stats = { bytes, events: 0, journeys: packets.length, skipped: 0, lost: 0 }
    // on standard output only what is asked for: warnings go to standard error
    const told = form.folds && file === undefined ? [] : warnings
    const problem = report.end({ inputs: inputs.files, warnings: told, stats })
    out.flush()
    await storing?.end()
    if (file === undefined) process.stderr.write(warningsText(warnings, terminal))
    return problem ? EXIT.problem : EXIT.done
  } finally {
    await storing?.close()
    if (file !== undefined) closeSync(file)
  }
}

/** Throws UserError. */
function readFile(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8')
  } catch (error) {
    throw new UserError(`${printable(path)}: ${reasonOf(error)}.`)
  }
}
