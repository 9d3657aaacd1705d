/** `nfwhy explain`: captures + rulesets → each packet's journey, what decided it, why, and what to change. */
import { closeSync } from 'node:fs'
import type { Command } from 'commander'
import type { ClosedJourney } from '../explain/capture.ts'
import { Joiner } from '../explain/joined.ts'
import type { Journey } from '../model/journey.ts'
import { type Redactor, redactPlain } from '../redact/index.ts'
import { FORMS, type Form, type FormOptions, type Group, single, warningsText, worstFirst } from '../reports/index.ts'
import { printable } from '../reports/printable.ts'
import { UserError } from './errors.ts'
import { STDIN } from './expand.ts'
import { chooseForm } from './forms.ts'
import { Groups } from './groups.ts'
import { InOrder } from './in-order.ts'
import { type Inputs, readInputs } from './inputs.ts'
import { noCapture } from './no-capture.ts'
import { Progress } from './progress.ts'
import { makeRedactor, type RedactOptions } from './redacting.ts'
import { runCaptures } from './run.ts'
import { makeSelection, type Selection, type SelectOptions } from './select.ts'
import { Output, openOutput } from './stdout.ts'
import { terminalOptions } from './terminal.ts'

export interface ExplainOptions extends SelectOptions, RedactOptions {
  as?: string[]
  full?: boolean
  unmatched?: boolean
  json?: boolean
  ndjson?: boolean
  output?: string
  idle: number
  color?: boolean
  width?: number
}

export const EXIT = { done: 0, problem: 1, failed: 2 } as const

/** Adds the options that every command with inputs has. */
export function inputOptions(command: Command): Command {
  const collect = (value: string, before: string[] = []) => [...before, value]
  return command
    .option('--as <FORMAT:FILE>', 'read FILE as FORMAT, whatever it looks like (repeatable)', collect)
    .option('--idle <SECONDS>', 'a packet without another line for so long has ended', seconds, 1)
}

export function explainCommand(program: Command): Command {
  const collect = (value: string, before: string[] = []) => [...before, value]
  return inputOptions(
    program
      .command('explain')
      .summary('why each packet of a capture went where it went')
      .description(
        'Reads captures (kernel logs with TRACE or LOG lines, nft monitor trace, xtables-monitor --trace, NFLOG), ' +
          'rulesets (iptables-save, nft list ruleset …) and host state, in any order, and says of each packet where it ' +
          'went, which rule decided that, why, and what to change.\n' +
          'INPUT is any number of files, folders, archives, or - for standard input; what each is, is found out from ' +
          'its content.',
      )
      .argument('[INPUT...]', 'captures, rulesets and host state'),
  )
    .option('--full', 'every step, every rule in full length')
    .option('--unmatched', 'with --full: of each rule that did not match, which condition failed')
    .option('--json', 'one JSON document')
    .option('--ndjson', 'one JSON document for each packet, a line each, as they complete')
    .option('-o, --output <FILE>', 'write to FILE, in the form that its ending names: .md .json .ndjson .txt')
    .option('--filter <EXPRESSION>', "only packets that match, as tcpdump words it: 'tcp dst port 80'")
    .option('--outcome <LIST>', 'only packets that ended so: dropped,rejected,vanished …', collect)
    .option(
      '--rule <RULE>',
      'only packets that met this rule: nat:KUBE-NODEPORTS:16, inet filter input handle 7',
      collect,
    )
    .option('--redact', 'with other addresses and names, so that it can be shown to others')
    .option('--redact-key <KEY>', 'the same, and the same again with the same KEY')
    .option('--width <COLUMNS>', 'width of the text', Number)
    .option('--no-color', 'without colour (NO_COLOR does the same)')
    .action(async (given: string[], options: ExplainOptions) => {
      process.exitCode = await runExplain(given, options)
    })
}

function seconds(text: string): number {
  const value = Number(text.replace(/s$/, ''))
  if (!(value > 0)) throw new UserError(`--idle ${printable(text)}: it is a number of seconds.`)
  return value
}

/** The exit code; throws UserError and ClosedPipe. */
export async function runExplain(given: readonly string[], options: ExplainOptions): Promise<number> {
  const form = chooseForm(options)
  const redactor = makeRedactor(options)
  const selection = makeSelection(redactor ? redactedSelection(options, redactor) : options)
  const wanted = terminalOptions(options, options.output === undefined)
  const inputs = await readInputs(withStdin(given, options.as), options.as ?? [], redactor)
  const terminal = { ...wanted, hosts: inputs.machines.length > 1 }
  if (inputs.captures.length === 0) throw noCapture(inputs)
  const file = options.output === undefined ? undefined : openOutput(options.output, inputs.includes)
  try {
    const out = new Output(file, options.output)
    const code = await (form.folds ? foldJourneys : streamJourneys)(inputs, selection, form, terminal, out, options)
    out.flush()
    if (file === undefined) process.stderr.write(warningsText(inputs.warnings, terminal))
    return code
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

/** People ask for the addresses that they know. */
function redactedSelection({ filter, rule, ...options }: ExplainOptions, redactor: Redactor): ExplainOptions {
  return {
    ...options,
    ...(filter === undefined ? {} : { filter: redactPlain(filter, redactor) }),
    ...(rule === undefined ? {} : { rule: rule.map((one) => redactPlain(one, redactor)) }),
  }
}

/** Nothing given: standard input if something is piped in, else an error that shows how to begin. */
export function withStdin(given: readonly string[], as: readonly string[] = []): readonly string[] {
  if (given.length > 0 || as.length > 0) return given
  if (!process.stdin.isTTY) return [STDIN]
  throw new UserError(
    'Nothing to explain: give a capture, and the ruleset it was taken with.',
    '  dmesg > trace.log; iptables-save -c > rules.v4\n  nfwhy explain trace.log rules.v4\n\n' +
      '  nft -a monitor trace > trace.txt; nft -a list ruleset > rules.nft\n  nfwhy explain trace.txt rules.nft\n\n' +
      'A folder with both does as well. `nfwhy explain --help` says more.',
  )
}

/** For programs: each journey by itself. JSON keeps the order of first events; JSON lines come as journeys complete. */
async function streamJourneys(
  inputs: Inputs,
  selection: Selection,
  form: Form,
  terminal: FormOptions,
  out: Output,
  { idle, unmatched = false }: ExplainOptions,
): Promise<number> {
  const writer = form.open(terminal)
  let code: number = EXIT.done
  const joiner = makeJoiner(inputs)
  const write = (journey: Journey) => {
    if (isProblem(journey)) code = EXIT.problem
    out.write(writer.journey(single(journey)))
  }
  const ordered = form === FORMS.json ? new InOrder(write) : undefined
  out.write(writer.begin())
  const take = (closed: ClosedJourney) => {
    const wanted = selection.packet(closed)
    const journey = wanted || joiner ? closed.explain() : undefined
    if (journey) joiner?.note(journey)
    const shown = journey && wanted && selection.journey(journey) ? journey : undefined
    if (ordered) ordered.add(closed.open.id, shown)
    else if (shown) write(shown)
  }
  const stats = await runCaptures(inputs, take, {
    idle,
    unmatched,
    progress: new Progress(),
    onPause: () => out.flush(),
  })
  ordered?.end()
  const joined = joiner ? { joined: joiner.joined() } : {}
  out.write(writer.end({ inputs: inputs.files, warnings: inputs.warnings, stats, ...joined }))
  return code
}

/** For people: packets of one fate are told once. What is still being written is told as it comes, and counted at the end. */
async function foldJourneys(
  inputs: Inputs,
  selection: Selection,
  form: Form,
  terminal: FormOptions,
  out: Output,
  { idle, output, unmatched = false }: ExplainOptions,
): Promise<number> {
  const joiner = makeJoiner(inputs)
  const groups = new Groups(selection.journey, { joins: joiner !== undefined })
  const live = output === undefined && inputs.captures.some(({ source }) => source.live)
  const writer = form.open(terminal)
  if (live) out.write(writer.begin())
  const take = (closed: ClosedJourney) => {
    joiner?.note(closed.explain())
    if (!selection.packet(closed)) return
    const group = groups.add(closed)
    if (live && group) {
      out.write(writer.journey({ ...group }))
      out.flush()
    }
  }
  const stats = await runCaptures(inputs, take, { idle, unmatched, progress: new Progress() })
  if (joiner) groups.join(joiner.joined())
  const list: Group[] = groups.list
  if (!live) {
    const ordered = worstFirst(list)
    out.write(writer.begin(ordered))
    for (const group of ordered) out.write(writer.journey(group))
  }
  // on standard output only what is asked for: warnings go to standard error
  const warnings = output === undefined ? [] : inputs.warnings
  out.write(writer.end({ inputs: inputs.files, warnings, stats }, list))
  return list.some(({ journey }) => isProblem(journey)) ? EXIT.problem : EXIT.done
}

/** One packet may be seen on several machines. */
const makeJoiner = ({ machines }: Inputs): Joiner | undefined =>
  machines.length > 1 ? new Joiner((host) => host ?? 'the host above') : undefined

/** What makes the exit code 1. */
export const isProblem = ({ outcome, findings }: Journey): boolean =>
  outcome === 'dropped' ||
  outcome === 'rejected' ||
  outcome === 'vanished' ||
  findings.some((one) => one.severity === 'error')
