/**
 * A throw-away machine for a session to run on: a network namespace and a mount namespace of its own, with an empty /run,
 * and without the programs that it should not have. `via` leads to it. It is gone with its one process.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { shellWord } from '../../../src/model/command.ts'
import { whyNot } from '../../kernel/namespaces.ts'
import { LATEST } from '../../latest.ts'
import { type RunOptions, TraceRun } from './session.ts'

const TOOLS = ['nsenter', 'ip', 'nft', 'iptables-legacy', 'ip6tables-legacy', 'iptables-nft', 'ping', 'setsid']

/** What keeps such machines from being made here; undefined: nothing does. */
export function whyNoPlace(...tools: string[]): string | undefined {
  if (process.getuid?.() !== 0) return 'only root makes mount namespaces and enters them (run as root)'
  return whyNot(...TOOLS, ...tools)
}

export interface PlaceOptions {
  /** Programs that are not there. */
  without?: readonly string[]
  /** Scripts of sh that take the places of programs. */
  instead?: Readonly<Record<string, string>>
  /** sh: its interfaces and rules. */
  setup?: string
  /** Processes are counted anew: with its first process everything in it ends. */
  ownProcesses?: boolean
}

/** sh, in a script that takes a program's place: the program itself. */
export const itself = (name: string): string => `exec "$(PATH=/usr/sbin:/usr/bin:/sbin:/bin command -v ${name})" "$@"`

/** Vitest's, of the test that runs: tests run side by side. */
export type WhenOver = (cleanUp: () => void) => void

export class TestPlace {
  /** Of the process that keeps it, as this machine counts. */
  readonly pid: number
  private readonly keeper: ChildProcess
  private readonly whenOver: WhenOver

  private constructor(keeper: ChildProcess, pid: number, whenOver: WhenOver) {
    this.keeper = keeper
    this.pid = pid
    this.whenOver = whenOver
  }

  /** Closed when the test is over. */
  static async open(
    whenOver: WhenOver,
    { without = [], instead = {}, setup = '', ownProcesses = false }: PlaceOptions = {},
  ): Promise<TestPlace> {
    const hide = without.flatMap((name) =>
      programsCalled(name).map((path) => `mount --bind /dev/null ${path} || exit 1`),
    )
    // the first folder that programs are looked for in
    const replace = Object.entries(instead).map(
      ([name, text]) =>
        `printf '%s\\n' '#!/bin/sh' ${shellWord(text)} >/usr/local/sbin/${name}; chmod 755 /usr/local/sbin/${name}`,
    )
    const local = replace.length > 0 ? ['mount -t tmpfs none /usr/local/sbin || exit 1'] : []
    const script = `mount -t tmpfs -o mode=755 none /run || exit 1\n${[...hide, ...local, ...replace].join('\n')}\nip link set lo up\necho here\nexec sleep 900`
    const own = ownProcesses ? ['--pid', '--fork', '--mount-proc', '--kill-child'] : []
    const keeper = spawn('unshare', ['--mount', '--net', '--propagation', 'private', ...own, 'sh', '-c', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    whenOver(() => void keeper.kill('SIGKILL'))
    await once(keeper.stdout!, 'data')
    const pid = ownProcesses ? childOf(keeper.pid!) : keeper.pid!
    const place = new TestPlace(keeper, pid, whenOver)
    if (setup !== '') {
      const { status, output } = await place.run(`set -e\n${setup}`)
      if (status !== 0) throw new Error(`the place could not be set up:\n${output}`)
    }
    return place
  }

  /** For --via. */
  get via(): string {
    return `nsenter -t ${this.pid} -m -n${this.pid === this.keeper.pid ? '' : ' -p'}`
  }

  /** `nfwhy trace` of it, ended when the test is over. */
  trace(args: readonly string[], options?: RunOptions, via = this.via): TraceRun {
    const run = new TraceRun([...args, '--via', via], options)
    this.whenOver(() => run.kill())
    return run
  }

  /** A shell script in its network, with all programs that this machine has; standard error comes with the output. */
  run(script: string, seconds = 20): Promise<{ status: number | null; output: string }> {
    return finished(
      spawn('nsenter', ['-t', String(this.pid), '-n', 'sh', '-c', `exec 2>&1\n${script}`], {
        stdio: ['ignore', 'pipe', 'inherit'],
        timeout: seconds * 1000,
      }),
    )
  }

  /** The same, with its own files as well, and only the programs that it has. */
  runThere(script: string): Promise<{ status: number | null; output: string }> {
    return finished(
      spawn('nsenter', ['-t', String(this.pid), '-n', '-m', 'sh', '-c', `exec 2>&1\n${script}`], {
        stdio: ['ignore', 'pipe', 'inherit'],
        timeout: LATEST,
      }),
    )
  }

  /** Something runs in its network until the test is over. */
  background(script: string): ChildProcess {
    const child = spawn('nsenter', ['-t', String(this.pid), '-n', 'sh', '-c', script], { stdio: 'ignore' })
    this.whenOver(() => void child.kill('SIGKILL'))
    return child
  }

  /** The same, with its own files as well. */
  backgroundThere(script: string): ChildProcess {
    const child = spawn('nsenter', ['-t', String(this.pid), '-n', '-m', 'sh', '-c', script], { stdio: 'ignore' })
    this.whenOver(() => void child.kill('SIGKILL'))
    return child
  }

  /** Its first process, and with `ownProcesses` all others, are ended. */
  kill(): void {
    process.kill(this.pid, 'SIGKILL')
  }
}

async function finished(child: ChildProcess): Promise<{ status: number | null; output: string }> {
  let output = ''
  child.stdout!.setEncoding('utf8').on('data', (text) => {
    output += text
  })
  const [status] = await once(child, 'close')
  return { status, output }
}

/** Under every path where a program of this name is looked for; links to it are followed. */
function programsCalled(name: string): string[] {
  const { stdout } = spawnSync(
    'sh',
    [
      '-c',
      'for dir in /usr/sbin /usr/bin /usr/local/sbin /usr/local/bin; do [ -e "$dir/$1" ] && echo "$dir/$1"; done',
      'sh',
      name,
    ],
    { encoding: 'utf8' },
  )
  return stdout.split('\n').filter((path) => path !== '')
}

function childOf(pid: number): number {
  const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' })
  return Number(stdout)
}
