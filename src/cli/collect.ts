/** `nfwhy collect`: what the other commands read of one or several machines, in one bundle. */

import { readdirSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import type { Command } from 'commander'
import { recogniseSource } from '../analysis/inputs/recognise.ts'
import { doubtsOf, redactedSource } from '../analysis/inputs/redacted.ts'
import { packingOf } from '../analysis/inputs/unpack.ts'
import { type BundleFile, isArchive, makeBundle } from '../live/collect/bundle.ts'
import { type Answer, type Gathered, gather, isNote } from '../live/collect/gather.ts'
import { listText } from '../live/collect/list.ts'
import { learnNames, redactMachine } from '../live/collect/redact.ts'
import { COLLECT } from '../live/limits.ts'
import { type KilledSession, killedSession } from '../live/notes/find.ts'
import { killedLines } from '../live/notes/tell.ts'
import { LiveProblem } from '../live/problem.ts'
import { NOTES, SECTIONS, sectionScript } from '../live/script/index.ts'
import { HERE, parseVia, type TraceHost } from '../live/trace-host.ts'
import { command, operands, printCommand } from '../model/command.ts'
import { printable } from '../model/printable.ts'
import { isSystemError, reasonOf } from '../model/system-error.ts'
import { UserError } from '../model/user-error.ts'
import { wordLines } from '../model/word-lines.ts'
import { type Redactor, redactingStream, redactPath } from '../redact/index.ts'
import { endable } from './end-signals.ts'
import { EXIT } from './errors.ts'
import { makeRedactor, type RedactOptions } from './redacting.ts'
import { openSource } from './source.ts'
import { Output } from './stdout.ts'

declare const __VERSION__: string

interface CollectOptions extends RedactOptions {
  output?: string
  via?: string[]
  printScript?: boolean
  capture?: string[]
}

export function collectCommand(program: Command): Command {
  return program
    .command('collect')
    .summary('collect everything that the other commands need, as one bundle')
    .description(
      'Gathers rules, sets, addresses, routes, sockets, connections and settings into a folder or an archive ' +
        'that every other command reads. It changes nothing: it creates no table, loads no module and changes no ' +
        'setting. Run it as root, because other users see only a part.',
    )
    .option('-o, --output <PATH>', 'write to this folder or archive (FILE.tgz)')
    .option('--via <COMMAND>', "collect on another machine: 'ssh root@host', 'ip netns exec N' (repeatable)", append)
    .option('--capture <FILE...>', 'add these captures to the bundle')
    .option('--redact', 'replace addresses and names, so that the result can be shared')
    .option('--redact-key <KEY>', 'like --redact; the same KEY gives the same replacements every time')
    .option('--print-script', 'print a sh script that does the same without nfwhy')
    .action(async (options: CollectOptions) => {
      process.exitCode = await runCollect(options)
    })
}

const append = (value: string, before: string[] = []) => [...before, value]

/** The exit code; throws UserError, LiveProblem and ClosedPipe. */
async function runCollect({ output, via = [], printScript, capture = [], ...redact }: CollectOptions): Promise<number> {
  const out = new Output()
  if (printScript) {
    if (via.length > 0 || capture.length > 0 || output !== undefined || redact.redact || redact.redactKey !== undefined)
      throw new UserError('--print-script cannot be combined with other options.')
    out.write(sectionScript(SECTIONS, { form: 'folder', version: __VERSION__ }))
    out.flush()
    return EXIT.done
  }
  for (const path of capture) refuseMissing(path)
  if (output !== undefined) refuseExisting(output)
  const places = via.length === 0 ? [HERE] : via.map(parseVia)
  const { machines, failed } = await endable((ending) => gatherAll(places, ending))
  if (machines.length === 0) throw new UserError(failed.map(problemText).join('\n'))
  const redactor = makeRedactor(redact)
  if (redactor) for (const machine of machines) learnNames(machine, redactor)
  const captures: BundleFile[] = []
  for (const one of capture) captures.push(await captureFile(one, redactor))
  const shown = redactor ? machines.map((machine) => redactMachine(machine, redactor)) : machines
  const names = machineNames(shown)
  const path = output ?? defaultName(shown)
  if (output === undefined) refuseExisting(path)
  const files = [
    ...shown.flatMap((machine, i) => machineFiles(machine, machines.length > 1 ? `${names[i]}/` : '', redactor)),
    ...captures,
  ]
  await writeBundle(path, files)
  for (const [i, machine] of shown.entries()) say(machineReport(machine, names[i]!))
  if (redactor) for (const { message } of doubtsOf(redactor)) say(`  redacted  ${message}\n`)
  for (const { place, about } of machines)
    for (const line of killedLines(place, killedIn(about))) say(`nfwhy: ${printable(line)}\n`)
  for (const problem of failed) say(`nfwhy: ${problemText(problem)}\n`)
  out.write(`${path}\n`)
  out.flush()
  say(nextSteps(path, captures.length > 0))
  return failed.length > 0 || machines.some(({ broken }) => broken !== undefined) ? EXIT.failed : EXIT.done
}

function refuseMissing(path: string): void {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile())
    throw new UserError(`--capture ${printable(path)}: there is no such file.`)
}

async function captureFile(path: string, redactor: Redactor | undefined): Promise<BundleFile> {
  const source = openSource({ name: path, path, stats: statSync(path), folders: [] })
  const name = safeName(basename(path))
  if (!redactor) return { name, blocks: () => source.blocks() }
  if (await packingOf(source))
    throw new UserError(`--capture ${printable(path)}: it is compressed; unpack it, so that it can be redacted.`)
  const { recognised } = await recogniseSource(source, undefined)
  const format = recognised?.format.id
  const open = () => (format === undefined ? undefined : redactingStream(format, redactor))
  if (!open())
    throw new UserError(
      `--capture ${printable(path)}: ${format ?? 'a file that nfwhy does not know'} cannot be redacted: it may contain private data anywhere.`,
    )
  const redacted = redactedSource(source, () => open()!)
  // to its end, so that names which stand there are known from the beginning, and it is the same each time it is read
  redactor.learning = true
  for await (const _ of redacted.blocks());
  redactor.learning = false
  return { name: safeName(redactPath(name, redactor)), blocks: () => redacted.blocks() }
}

/** For archives and shells: nothing that has a meaning there, and never hidden. */
const safeName = (name: string) =>
  name
    .replace(/[^\w.-]+/g, '_')
    .replace(/^[.-]+/, '')
    .slice(0, 60) || 'unnamed'

function refuseExisting(path: string): void {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats === undefined || (stats.isDirectory() && !isArchive(path) && readdirSync(path).length === 0)) return
  throw new UserError(`${printable(path)} already exists; give another name with -o.`)
}

const problemText = ({ message, hint }: LiveProblem) =>
  printable(hint === undefined ? message : `${message} ${hint.replaceAll('\n', ' ')}`)

/** All at once: over ssh most of the time is waiting. */
async function gatherAll(
  places: readonly TraceHost[],
  ending: AbortSignal,
): Promise<{ machines: Gathered[]; failed: LiveProblem[] }> {
  const machines: Gathered[] = []
  const failed: LiveProblem[] = []
  for (const result of await Promise.allSettled(places.map((place) => gather(place, SECTIONS, COLLECT, ending)))) {
    if (result.status === 'fulfilled') machines.push(result.value)
    else if (result.reason instanceof LiveProblem) failed.push(result.reason)
    else throw result.reason
  }
  return { machines, failed }
}

const killedIn = (about: string): KilledSession[] =>
  about.split('\n').flatMap((line) => (line.startsWith('note ') && killedSession(line.slice(5))) || [])

/** By host; namespaces and containers of one host by the last word of what leads there as well. */
function machineNames(machines: readonly Gathered[]): string[] {
  const names: string[] = []
  for (const { host, place } of machines) {
    const shared = machines.filter((other) => other.host === host).length > 1
    const last = place.prefix.findLast((word) => !word.startsWith('-')) ?? 'here'
    const name = safeName(shared ? `${host}-${last}` : host)
    let free = name
    for (let i = 2; names.includes(free); i++) free = `${name}-${i}`
    names.push(free)
  }
  return names
}

function defaultName(machines: readonly Gathered[]): string {
  const time = new Date()
    .toISOString()
    .replace(/[-:]|\..*/g, '')
    .replace('T', '-')
  const [first] = machines
  return `nfwhy${machines.length === 1 && first?.host ? `-${safeName(first.host)}` : ''}-${time}Z.tgz`
}

function machineFiles(machine: Gathered, folder: string, redactor: Redactor | undefined): BundleFile[] {
  const answers = machine.answers.filter((one) => !isNote(one) && one.bytes.length > 0)
  const list = new TextEncoder().encode(listText(machine, __VERSION__, redactor ? ['redacted'] : []))
  return [
    { name: `${folder}${NOTES}`, blocks: () => [list] },
    ...answers.map(({ section, bytes }) => ({ name: `${folder}${section.file}`, blocks: () => [bytes] })),
  ]
}

/** Whole or not at all, whatever happens. */
async function writeBundle(path: string, files: readonly BundleFile[]): Promise<void> {
  const bundle = makeBundle(path)
  const stop = (signal: NodeJS.Signals) => {
    bundle.discard()
    process.kill(process.pid, signal)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, stop)
  try {
    await bundle.write(files)
  } catch (error) {
    if (isSystemError(error)) throw new UserError(`${printable(path)} cannot be written: ${reasonOf(error)}.`)
    throw error
  } finally {
    bundle.discard()
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, stop)
  }
}

const say = (text: string) => process.stderr.write(text)

/** What there is, and what is missing and why that matters. */
function machineReport({ answers, broken, place, unasked }: Gathered, name: string): string {
  const files = answers.filter((one) => !isNote(one))
  const have = files.filter(({ word, bytes }) => bytes.length > 0 && word !== 'missing')
  const empty = files.filter(({ word }) => word === 'empty').map(({ section }) => section.id)
  const lines = [`${printable(place === HERE ? name : `${name} (${place.name})`)}: ${sizeText(have)}`]
  if (empty.length > 0) lines.push(wordLines('  empty    ', empty))
  for (const answer of files) {
    const { word, section, remark } = answer
    if (word === 'collected' && remark !== '') lines.push(`  note      ${section.file}: ${printable(remark)}`)
    if (word === 'cut') lines.push(`  cut       ${section.file}: ${printable(remark.replace(/^cut: /, ''))}`)
    if (word === 'missing') lines.push(`  missing   ${section.file}: ${printable(remark)}`)
    if (word === 'refused' || word === 'failed')
      lines.push(
        `  ${word.padEnd(9)} ${section.file}: ${printable(remark) || 'no reason given'}; it shows ${section.why}`,
      )
  }
  if (unasked > 0)
    lines.push(
      `  left out  ${unasked} ${unasked === 1 ? 'section' : 'sections'} that nfwhy did not request, or that came twice`,
    )
  if (broken !== undefined) lines.push(`  broken    ${printable(broken)}; the data received so far is kept`)
  return `${lines.join('\n')}\n`
}

function sizeText(files: readonly Answer[]): string {
  const bytes = files.reduce((sum, one) => sum + one.bytes.length, 0)
  return `${files.length} files, ${bytes < 1e6 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`}`
}

function nextSteps(path: string, hasCapture: boolean): string {
  const nfwhy = (...words: string[]) => printCommand(command('nfwhy', ...words, ...operands(path)))
  return hasCapture
    ? `Next: ${nfwhy('explain')}\n`
    : `Next: ${nfwhy('explain', 'CAPTURE')}, with a capture from there; or ${nfwhy('map')}\n`
}
