/** `nfwhy demo`: a real incident in throw-away network namespaces, traced, explained, mended, and traced again. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Command } from 'commander'
import type { Incident } from '../demo/incident.ts'
import { INCIDENTS } from '../demo/incidents/index.ts'
import { differences } from '../demo/judge.ts'
import { type Host, LabError } from '../demo/lab.ts'
import { interfaces, leftBehind } from '../demo/left-behind.ts'
import { type Played, play } from '../demo/play.ts'
import { type Recorded, record, recordedAs, recordedPage } from '../demo/record.ts'
import { playable } from '../demo/tools.ts'
import { printable } from '../model/printable.ts'
import { isSystemError, reasonOf } from '../model/system-error.ts'
import { UserError } from '../model/user-error.ts'
import { wordLines } from '../model/word-lines.ts'
import { closest } from '../rules/closest.ts'
import { DemoText } from './demo-text.ts'
import { EXIT } from './errors.ts'
import { Output } from './stdout.ts'
import { type Colour, terminalOptions, textOptions } from './terminal.ts'

interface DemoOptions {
  keep?: boolean
  record?: string
  full?: boolean
  color?: Colour
  width?: number
}

export function demoCommand(program: Command): Command {
  return textOptions(
    program
      .command('demo')
      .summary('a real incident in throw-away network namespaces, traced live')
      .description(
        'Builds an incident in network namespaces of its own, sends the packet that fails, traces and explains it, applies ' +
          'the fix, and sends it again. Nothing outside of these namespaces is touched, and they are removed at the end.\n' +
          'Without INCIDENT it lists all incidents. It needs root, or a system that allows unprivileged user namespaces.',
      )
      .argument('[INCIDENT]', 'one of the incidents that nfwhy demo lists')
      .option('--keep', 'stop before the fix, keep the lab running, and print how to enter it')
      .option(
        '--record <DIR>',
        'write the captures to DIR, as bundles for nfwhy explain; without INCIDENT, run and record all incidents',
      )
      .option('--full', 'every step, every rule in full length, all fixes and notes'),
  ).action(async (name: string | undefined, options: DemoOptions) => {
    process.exitCode = await runDemo(name, options)
  })
}

/** The exit code; throws UserError and ClosedPipe. */
async function runDemo(name: string | undefined, options: DemoOptions): Promise<number> {
  const out = new Output()
  const text = new DemoText(out, terminalOptions(options, true))
  if (name === undefined && options.record === undefined) {
    if (options.keep) throw new UserError('--keep needs the name of an incident: nfwhy demo lists them.')
    text.list(INCIDENTS)
    return EXIT.done
  }
  const incidents = name === undefined ? INCIDENTS : [named(name)]
  if (options.record !== undefined) mustBeFree(options.record, incidents)
  const list: { incident: Incident; played: Played }[] = []
  let code: number = EXIT.done
  for (const one of incidents) {
    const { incident, instead } = asUserError(() => playable(one))
    text.begin(incident, instead)
    const played = await playOne(incident, text, options)
    list.push({ incident, played })
    const told = differences(incident, played)
    text.differences(told)
    if (told.length > 0) code = EXIT.problem
    if (options.record !== undefined) write(options.record, record(incident, played))
  }
  if (options.record !== undefined) {
    const page = join(options.record, 'README.md')
    if (!existsSync(page)) write(options.record, { 'README.md': recordedPage(list) })
    text.recorded(options.record, incidents.flatMap(recordedAs))
  }
  return code
}

function asUserError<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof LabError) throw new UserError(printable(error.message), error.hint)
    throw error
  }
}

function named(name: string): Incident {
  const found = INCIDENTS.find((one) => one.name === name)
  if (found) return found
  const names = INCIDENTS.map((one) => one.name)
  const meant = closest(name, names)
  throw new UserError(
    `There is no incident "${printable(name)}".${meant === undefined ? '' : ` Did you mean ${meant}?`}`,
    wordLines('Incidents:', names),
  )
}

/** The first ends the demo and takes the lab down; the second, as always, the program. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

async function playOne(incident: Incident, text: DemoText, { keep }: DemoOptions): Promise<Played> {
  const before = interfaces()
  const stopping = new AbortController()
  const stop = () => stopping.abort()
  for (const signal of SIGNALS) process.once(signal, stop)
  let hosts: ReadonlyMap<string, Host> = new Map()
  try {
    const played = await play(
      incident,
      {
        built: (done, made) => {
          hosts = made
          text.built(done)
        },
        before: async (round) => {
          text.round(round, false)
          if (keep) await kept(hosts, text, stopping.signal)
        },
        fixed: (fix) => text.fix(incident, fix),
        after: (round) => text.round(round, true),
      },
      { signal: stopping.signal },
    )
    text.left(await leftBehind(hosts, before), hosts.size)
    return played
  } catch (error) {
    const left = await leftBehind(hosts, before)
    const rest = left.length === 0 ? '' : `\nLeft behind: ${left.join(', ')}.`
    if (stopping.signal.aborted) throw new UserError(`Stopped; the lab is removed.${rest}`)
    if (error instanceof LabError) throw new UserError(`${printable(error.message)}${rest}`, error.hint)
    throw error
  } finally {
    for (const signal of SIGNALS) process.off(signal, stop)
  }
}

/** Until Enter, or the end of standard input. */
async function kept(hosts: ReadonlyMap<string, Host>, text: DemoText, stopped: AbortSignal): Promise<void> {
  text.kept(hosts)
  await new Promise<void>((resolve) => {
    stopped.addEventListener('abort', () => resolve())
    process.stdin.once('data', () => resolve()).once('end', () => resolve())
  })
  process.stdin.pause()
}

function mustBeFree(folder: string, incidents: readonly Incident[]): void {
  const there = incidents.flatMap(recordedAs).find((name) => existsSync(join(folder, name)))
  if (there !== undefined)
    throw new UserError(`--record ${printable(folder)}: ${there} already exists.`, 'Remove it, or name another folder.')
}

function write(folder: string, files: Recorded): void {
  try {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), content)
    }
  } catch (error) {
    if (!isSystemError(error)) throw error
    throw new UserError(`--record ${printable(folder)}: it cannot be written: ${reasonOf(error)}.`)
  }
}
