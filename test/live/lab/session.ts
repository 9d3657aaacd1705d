/** `nfwhy trace` as a process of its own, whose processes on this machine can be found and ended one by one. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { shellWord } from '../../../src/model/command.ts'
import { BIN } from '../../cli/nfwhy.ts'
import { LATEST } from '../../latest.ts'
import { MARK } from './snapshot.ts'

export interface Ended {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
  /** From its start, in milliseconds. */
  after: number
}

/** What of a session's shells is over there: the first, the one that sets up and holds, the one that takes back. */
export interface Halves {
  first: number
  holder?: number
  keeper?: number
  all: number[]
}

export class TraceRun {
  readonly mark = randomUUID()
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  stdout = ''
  stderr = ''
  private readonly began = Date.now()

  /** `command`: other words in front of node's. */
  constructor(
    args: readonly string[],
    { env = {}, command = [], readsOutput = true, terminal = false, words: own = ['trace'] }: RunOptions = {},
  ) {
    const whole = [...command, process.execPath, BIN, ...own, ...args]
    const [program, ...words] = terminal
      ? ['script', '-qefc', `exec ${whole.map(shellWord).join(' ')}`, '/dev/null']
      : whole
    this.child = spawn(program!, words, {
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        LANG: 'C.UTF-8',
        TERM: 'xterm',
        ...env,
        [MARK]: this.mark,
      },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    })
    if (readsOutput)
      this.child.stdout!.setEncoding('utf8').on('data', (text) => {
        this.stdout += text
      })
    this.child.stderr!.setEncoding('utf8').on('data', (text) => {
      this.stderr += text
    })
    const over = once(this.child, readsOutput ? 'close' : 'exit')
    this.ended = over.then(([code, signal]) => ({
      code,
      signal,
      stdout: this.stdout,
      stderr: this.stderr,
      after: Date.now() - this.began,
    }))
  }

  /** nfwhy alone; what it started ends by itself. */
  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    this.child.kill(signal)
  }

  get age(): number {
    return Date.now() - this.began
  }

  /** Waits until this is on standard error; throws after two minutes or where it ended before. */
  async says(what: RegExp): Promise<void> {
    const until = Date.now() + LATEST
    while (!what.test(this.stderr)) {
      if (this.child.exitCode !== null || this.child.signalCode !== null || Date.now() > until)
        throw new Error(`${what} was not said; this was:\n${this.stderr}`)
      await sleep(10)
    }
  }

  /** Of what is printed in the beginning. */
  get id(): string | undefined {
    return /nfwhy-\d+/.exec(this.stderr)?.[0]
  }

  /** Waits until the clock shows what is printed in the beginning. */
  async deadline(): Promise<void> {
    while (!this.isOverdue()) await sleep(20)
  }

  /** The clock will show, in so many seconds, what is printed in the beginning. */
  isOverdue(seconds = 0): boolean {
    const [, time] = /until (\d\d:\d\d:\d\d) UTC/.exec(this.stderr)!
    const then = Date.now() + seconds * 1000
    // no deadline is half a day away, so one that seems to be is tomorrow's, or yesterday's
    const late = (then - Date.parse(`${new Date(then).toISOString().slice(0, 10)}T${time}Z`)) % DAY
    return (late + DAY) % DAY < DAY / 2
  }

  /** Undefined: none is there (any more, or yet). */
  halves(): Halves | undefined {
    const { id } = this
    if (id === undefined) return undefined
    const parents = new Map<number, number>()
    for (const pid of this.processes()) {
      const words = read(`/proc/${pid}/cmdline`).split('\0')
      if (words.includes(id) && words.includes('-s') && !words.includes('ssh')) parents.set(pid, parentOf(pid))
    }
    const all = [...parents.keys()].sort((a, b) => a - b)
    const first = all.find((pid) => !parents.has(parents.get(pid)!))
    if (first === undefined) return undefined
    const children = all.filter((pid) => parents.get(pid) === first)
    const keeper = children.find(ignoresTermination)
    const holder = children.find((pid) => pid !== keeper && (keeper !== undefined || children.length > 1))
    return { first, all, ...(holder === undefined ? {} : { holder }), ...(keeper === undefined ? {} : { keeper }) }
  }

  /** All that it and what it started have started on this machine. */
  processes(): number[] {
    return readdirSync('/proc').flatMap((pid) =>
      /^\d+$/.test(pid) && read(`/proc/${pid}/environ`).includes(`${MARK}=${this.mark}`) ? [Number(pid)] : [],
    )
  }
}

export interface RunOptions {
  env?: NodeJS.ProcessEnv
  command?: readonly string[]
  /** In place of `trace`. */
  words?: readonly string[]
  /** Else its pipe fills up. */
  readsOutput?: boolean
  /** Of its own; all that is shown comes as standard output, and keys go to standard input. */
  terminal?: boolean
}

const DAY = 24 * 3600 * 1000

export const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

/** One process that a test started, by its number. */
export function kill(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** SIGTERM is 15, the mask's bit 14. */
const ignoresTermination = (pid: number): boolean =>
  ((Number.parseInt(/^SigIgn:\s*\w*(\w{8})$/m.exec(read(`/proc/${pid}/status`))?.[1] ?? '0', 16) >> 14) & 1) === 1

const parentOf = (pid: number): number => Number(/^PPid:\s*(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0)

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
