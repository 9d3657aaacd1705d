/** `nfwhy explain`: captures + rulesets → each packet's journey, what decided it, why, and what to change. */
import { closeSync } from 'node:fs'
import type { Command } from 'commander'
import { correlatorOf } from '../analysis/hosts.ts'
import type { UsedFile } from '../analysis/inputs/open.ts'
import { noCapture } from '../analysis/no-capture.ts'
import { hasSession } from '../analysis/nothing-traced.ts'
import { makeSelection, type SelectOptions } from '../analysis/select.ts'
import { printable } from '../model/printable.ts'
import { UserError } from '../model/user-error.ts'
import { type Redactor, redactPlain } from '../redact/index.ts'
import { chooseForm } from '../reports/choose-form.ts'
import { type Form, warningsText } from '../reports/index.ts'
import { openReport } from '../reports/journeys.ts'
import { tellAll } from '../reports/tell-all.ts'
import { EXIT } from './errors.ts'
import { STDIN } from './expand.ts'
import { HTML, htmlReport, isHtml } from './html-report.ts'
import { readInputs } from './inputs.ts'
import { readingOptions } from './reading.ts'
import { makeRedactor, type RedactOptions } from './redacting.ts'
import { Output, openOutput } from './stdout.ts'
import { openStoring, type StoreOption, storeOption } from './storing.ts'
import { type Colour, terminalOptions, textOptions } from './terminal.ts'

export interface ExplainOptions extends SelectOptions, RedactOptions, StoreOption {
  as?: string[]
  full?: boolean
  quiet?: boolean
  unmatched?: boolean
  json?: boolean
  ndjson?: boolean
  output?: string
  idle: number
  color?: Colour
  width?: number
}

/** Seconds. */
const DEFAULT_IDLE = 1
/** Of -o FILE, for Wireshark. */
const PCAPNG = '.pcapng'
/** A drawing for a ticket. */
const MERMAID = '.mmd'
const OTLP = '.otlp'
const SARIF = '.sarif'

declare const __VERSION__: string

/** Adds the options that every command with inputs has. */
export function inputOptions(command: Command): Command {
  const collect = (value: string, before: string[] = []) => [...before, value]
  return command
    .option('--as <FORMAT:FILE>', 'read FILE as FORMAT, whatever it looks like (repeatable)', collect)
    .option('--idle <SECONDS>', 'treat a packet as finished after SECONDS without a new line', seconds, DEFAULT_IDLE)
}

export function explainCommand(program: Command): Command {
  const collect = (value: string, before: string[] = []) => [...before, value]
  return textOptions(
    storeOption(
      inputOptions(
        program
          .command('explain')
          .summary('explain the path and the verdict of each packet in a capture')
          .description(
            'Reads captures (kernel logs with TRACE or LOG lines, nft monitor trace, xtables-monitor --trace, NFLOG), ' +
              'rulesets (iptables-save, nft list ruleset …) and host state, in any order, and says of each packet where it ' +
              'went, which rule decided that, why, and what to change.\n' +
              'INPUT is any number of files, folders and archives, or - for standard input. Their formats are detected from ' +
              'their content.',
          )
          .argument('[INPUT...]', 'captures, rulesets and host state'),
      )
        .option('-q, --quiet', 'one line for each exchange')
        .option('--full', 'every step, every rule in full length, all fixes and notes')
        .option('--unmatched', 'with --full: show which condition failed in each rule that does not match')
        .option('--json', 'one JSON document')
        .option('--ndjson', 'one JSON document per line for each packet, printed when the packet is finished')
        .option(
          '-o, --output <FILE>',
          'write to FILE; its suffix selects the format: .html .md .json .ndjson .txt .pcapng .mmd .otlp .sarif',
        )
        .option('--filter <EXPRESSION>', "only packets that match this filter, in tcpdump syntax: 'tcp dst port 80'")
        .option('--outcome <LIST>', 'only packets with these outcomes: dropped,rejected,vanished …', collect)
        .option(
          '--rule <RULE>',
          'only packets that match this rule: nat:KUBE-NODEPORTS:16, inet filter input handle 7',
          collect,
        )
        .option('--redact', 'replace addresses and names, so that the result can be shared')
        .option('--redact-key <KEY>', 'like --redact; the same KEY gives the same replacements every time'),
    ),
  ).action(async (given: string[], options: ExplainOptions) => {
    process.exitCode = await runExplain(given, options)
  })
}

function seconds(text: string): number {
  const value = Number(text.replace(/s$/, ''))
  if (!(value > 0)) throw new UserError(`--idle ${printable(text)}: give a number of seconds.`)
  return value
}

/** The exit code; throws UserError and ClosedPipe. */
export async function runExplain(given: readonly string[], options: ExplainOptions): Promise<number> {
  if (isHtml(options.output)) {
    if (options.store !== undefined) throw new UserError('--store and -o FILE.html exclude each other: choose one.')
    return explainToHtml(given, options)
  }
  const form = isPcapng(options) || isFor(OTLP, options) ? undefined : await formOf(options)
  const redactor = makeRedactor(options)
  const selection = makeSelection(redactor ? redactedSelection(options, redactor) : options)
  const wanted = terminalOptions(options, options.output === undefined)
  const inputs = await readInputs(withStdin(given, options.as), options.as ?? [], redactor)
  const terminal = { ...wanted, hosts: inputs.machines.length > 1 }
  if (inputs.captures.length === 0 && !hasSession(inputs)) throw noCapture(inputs)
  const file = options.output === undefined ? undefined : openOutput(options.output, inputs.includes)
  const storing = await openStoring(options, { selection })
  try {
    const out = new Output(file, options.output)
    const live = options.output === undefined && inputs.captures.some(({ source }) => source.live)
    const telling = { terminal, out, selection, correlator: correlatorOf(inputs.machines) }
    const told = form ? openReport({ ...telling, form, live }) : (await openFor(options))(telling)
    const report = storing?.journeys(told) ?? told
    // for a person on standard output only what is asked for: warnings go to standard error
    const warns = !form?.folds || options.output !== undefined
    const problem = await tellAll(inputs, report, {
      ...{ idle: options.idle, unmatched: options.unmatched ?? false, warns },
      ...readingOptions(),
      onPause: report.pause,
      ...(storing ? { room: storing.room } : {}),
    })
    out.flush()
    await storing?.end()
    if (file === undefined) process.stderr.write(warningsText(inputs.warnings, terminal))
    return problem ? EXIT.problem : EXIT.done
  } finally {
    await storing?.close()
    if (file !== undefined) closeSync(file)
  }
}

/** Throws UserError. */
async function formOf(options: ExplainOptions): Promise<Form> {
  if (isFor(MERMAID, options)) return (await import('../reports/mermaid/index.ts')).mermaid
  if (isFor(SARIF, options)) return (await import('../reports/sarif/index.ts')).sarif(__VERSION__)
  return chooseForm(options, [HTML, PCAPNG, MERMAID, OTLP, SARIF])
}

/** Each packet by itself, in the form of another program. */
const openFor = async (options: ExplainOptions) =>
  isPcapng(options)
    ? (await import('../reports/pcapng/index.ts')).openPcapng
    : (await import('../reports/otlp/index.ts')).openOtlp

const isPcapng = (options: ExplainOptions): boolean => isFor(PCAPNG, options)

const isFor = (suffix: string, { output, json, ndjson }: ExplainOptions): boolean =>
  !json && !ndjson && output?.endsWith(suffix) === true

/** The same as a page in one file. */
async function explainToHtml(given: readonly string[], options: ExplainOptions): Promise<number> {
  const { as = [], idle, output } = options
  const redactor = makeRedactor(options)
  const used: UsedFile[] = []
  const inputs = await readInputs(withStdin(given, as), as, redactor, (file) => used.push(file))
  if (inputs.captures.length === 0 && !hasSession(inputs)) throw noCapture(inputs)
  const { filter, outcome, rule } = redactor ? redactedSelection(options, redactor) : options
  const wanted = {
    ...(idle === DEFAULT_IDLE ? {} : { idle }),
    ...(filter === undefined ? {} : { filter }),
    ...(outcome ? { outcome } : {}),
    ...(rule ? { rule } : {}),
  }
  const { html, problem } = await htmlReport(inputs, wanted, used)
  const file = openOutput(output!, inputs.includes)
  try {
    const out = new Output(file, output)
    out.write(html)
    out.flush()
  } finally {
    closeSync(file)
  }
  return problem ? EXIT.problem : EXIT.done
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
