/**
 * Where commands run: this machine, or what an argv prefix leads to (`ssh root@host`, `ip netns exec N`,
 * `kubectl exec -n kube-system POD --`). Nothing is needed there but a POSIX sh, which gets its script over standard
 * input; so no word of ours is ever split or expanded by a shell on the way.
 */
import { basename } from 'node:path'
import { shellTokens } from '../edits/shell.ts'
import { shellWord } from '../model/command.ts'
import { BoundedBytes } from './bounded-bytes.ts'
import { Complaints } from './complaints.ts'
import { SCRIPT, type ScriptLimits, sizeWords } from './limits.ts'
import { LiveProblem, unlessEnded } from './problem.ts'

export interface TraceHost {
  /** As a person knows it: `this host`, `ssh root@host`. */
  name: string
  /** Words before `sh -s`; none: this machine. */
  prefix: readonly string[]
}

export const HERE: TraceHost = { name: 'this host', prefix: [] }

/** `--via`'s text as words; quotes as in a shell, but nothing is expanded or run. Throws LiveProblem. */
export function parseVia(text: string): TraceHost {
  let words: string[]
  try {
    const tokens = shellTokens(text)
    const operator = tokens.find(({ kind }) => kind === 'operator')
    if (operator) throw new Error(`give one command; ${operator.text} is not allowed in it`)
    words = tokens.map((token) => token.text)
  } catch (error) {
    throw new LiveProblem(`--via ${text}: ${(error as Error).message}.`)
  }
  if (words.length === 0) throw new LiveProblem('--via: give a command, as in --via "ssh root@host".')
  // its other words were taken for the filter
  if (words.length === 1 && NEED_WORDS.has(basename(words[0]!)))
    throw new LiveProblem(`--via ${text}: quote the whole command as one argument, as in --via "ssh root@host".`)
  return { name: words.map((word) => shellWord(word)).join(' '), prefix: withOpenInput(words, text) }
}

/** Subcommands that leave standard input closed unless they are told. */
const EXEC_TOOLS = new Set(['docker', 'podman', 'nerdctl', 'crictl', 'kubectl', 'oc', 'k3s', 'microk8s'])
/** Nothing is run by these alone. */
const NEED_WORDS = new Set([...EXEC_TOOLS, 'ssh', 'ip', 'nsenter'])
const KUBERNETES = new Set(['kubectl', 'oc', 'k3s', 'microk8s'])
const TERMINAL = /^(?:--tty(?:=true)?|-[a-zA-Z]*t[a-zA-Z]*)$/
const OPEN_INPUT = /^(?:--interactive(?:=true)?|--stdin(?:=true)?|-[a-zA-Z]*i[a-zA-Z]*)$/

/** With what the tools need to hand on their standard input as it is, and no terminal in between; they may stand one behind another. */
function withOpenInput(given: readonly string[], text: string): string[] {
  const words = given.flatMap((word) => (basename(word) === 'ssh' ? [word, '-T'] : [word]))
  const tool = words.findLastIndex((word) => EXEC_TOOLS.has(basename(word)))
  const exec = words.indexOf('exec', tool)
  if (tool < 0 || exec < 0) return words
  const options = words.slice(exec + 1).filter((word) => /^-\w/.test(word) || word.startsWith('--'))
  const terminal = options.find((word) => TERMINAL.test(word))
  if (terminal !== undefined)
    throw new LiveProblem(`--via ${text}: leave out ${terminal}; a terminal in between would change the output.`)
  const open = options.some((word) => OPEN_INPUT.test(word)) ? [] : ['-i']
  // what stands behind it would be options of kubectl's
  const end = KUBERNETES.has(basename(words[tool]!)) && !words.includes('--') ? ['--'] : []
  return [...words.slice(0, exec + 1), ...open, ...words.slice(exec + 1), ...end]
}

/** Why no shell answered: what it complained of, and where the names stand that could be meant. */
export const whyNoShell = ({ prefix }: TraceHost, complaints: string | undefined): string | undefined => {
  const lists = prefix.join(' ').startsWith('ip netns exec ') ? 'ip netns lists the existing namespaces.' : undefined
  return [complaints, lists].filter((one) => one !== undefined).join('\n') || undefined
}

export interface ScriptResult {
  /** The shell's exit status; undefined where a signal ended it. */
  status: number | undefined
  stdout: Uint8Array
  /** What it complained of, for people. */
  complaints: string | undefined
}

/**
 * Runs a POSIX sh script to its end; its own standard input is empty. What goes beyond the limits is ended, by force where
 * it has to be. Throws LiveProblem where it cannot be started, lasts too long, prints too much, or (Interrupted) an end
 * is asked for.
 */
export async function runScript(
  place: TraceHost,
  script: string,
  given: Partial<ScriptLimits> = {},
  ending?: AbortSignal,
): Promise<ScriptResult> {
  const limits = { ...SCRIPT, ...given }
  const running = startScript(place, script)
  running.stdin.end()
  const printed = new BoundedBytes(limits.bytes)
  let lines = 0
  let tooMuch: string | undefined
  const stop = (why: string) => {
    if (tooMuch !== undefined) return
    tooMuch = why
    void running.abandon()
  }
  running.stdout.on('data', (chunk: Uint8Array) => {
    printed.add(chunk)
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines++
    if (printed.dropped > 0) stop(`printed more than ${sizeWords(limits.bytes)}`)
    else if (lines > limits.lines) stop(`printed more than ${limits.lines} lines`)
  })
  const late = setTimeout(() => stop(`did not answer within ${limits.seconds} s`), limits.seconds * 1000)
  const status = await untilEnded(running, ending).finally(() => clearTimeout(late))
  const complaints = running.complaints()
  if (tooMuch !== undefined) throw new LiveProblem(`${place.name}: ${tooMuch}; it was stopped.`, complaints)
  return { status, stdout: printed.all(), complaints }
}

/** The exit status of a script that only looks; where an end is asked for it is ended, whatever it waits for. Rejects as `unlessEnded` does. */
export async function untilEnded(running: RunningScript, ending: AbortSignal | undefined): Promise<number | undefined> {
  try {
    return await unlessEnded(running.ended, ending)
  } catch (error) {
    if (ending?.aborted) await running.abandon()
    throw error
  }
}

/** Milliseconds that what is abandoned has to end by itself, and then to be gone. */
const GRACE = 200
const after = (milliseconds: number) =>
  new Promise<void>((resolve) => {
    setTimeout(resolve, milliseconds).unref()
  })

export interface RunningScript {
  /** What stands behind the script. Write nothing before the script has said that it is there: a shell reads ahead. */
  stdin: NodeJS.WritableStream
  stdout: NodeJS.ReadableStream
  /** What it has said on standard error so far, for people: a few lines. */
  complaints(): string | undefined
  onErrors(callback: (text: string) => void): void
  /** The exit status; rejects with LiveProblem where the first program cannot be started. */
  ended: Promise<number | undefined>
  /** The first program has ended here; what it printed may still wait. */
  exited: Promise<void>
  kill(signal?: NodeJS.Signals): void
  /** Ends all of it here, by force where it does not end itself; never for what has something to take back. Then `ended` is so. */
  abandon(): Promise<void>
  /** Lets go of it: a connection that hangs is cut, and `ended` is so. Who is over there notices, and takes back what there is. */
  letGo(): void
}

/**
 * Starts a POSIX sh script and leaves its standard input open. It runs in a process group of its own, so that Ctrl-C
 * at the terminal reaches nfwhy alone, which then ends it in order. `label`: one plain word that its processes show over
 * there (`pkill -f`).
 */
export function startScript({ name, prefix }: TraceHost, script: string, label?: string): RunningScript {
  const [program, ...words] = [...prefix, 'sh', '-s', ...(label === undefined ? [] : [label])]
  const { spawn } = process.getBuiltinModule('node:child_process')
  const child = spawn(program!, words, { stdio: ['pipe', 'pipe', 'pipe'], detached: true })
  const listeners: ((text: string) => void)[] = []
  const complaints = new Complaints()
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints.add(text)
    for (const listener of listeners) listener(text)
  })
  // it may end before it has read everything
  child.stdin.on('error', () => {})
  child.stdin.write(wholeScript(script))
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve()).once('error', () => resolve())
  })
  let giveUp = () => {}
  const ended = new Promise<number | undefined>((resolve, reject) => {
    giveUp = () => resolve(undefined)
    child.on('error', (error: NodeJS.ErrnoException) =>
      reject(
        new LiveProblem(
          error.code === 'ENOENT'
            ? `${name}: there is no program ${program} on this machine.`
            : `${name}: ${error.message}.`,
          prefix.length > 0 && error.code === 'ENOENT'
            ? "--via is a command that runs programs there: 'ssh root@host', 'ip netns exec N', 'docker exec C'."
            : undefined,
        ),
      ),
    )
    child.on('close', (code) => resolve(code ?? undefined))
  })
  // whoever waits for it later is told then
  ended.catch(() => {})
  /** Who holds the other ends of the pipes may have left the group, and live on. */
  const cut = () => {
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy()
    child.unref()
    giveUp()
  }
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    complaints: () => complaints.shown,
    onErrors: (callback) => listeners.push(callback),
    ended,
    exited,
    kill: (signal = 'SIGTERM') => {
      child.kill(signal)
    },
    async abandon() {
      const killAll = (signal: NodeJS.Signals) => {
        try {
          if (child.pid !== undefined) process.kill(-child.pid, signal)
        } catch {
          // there is nobody any more
        }
      }
      killAll('SIGTERM')
      await Promise.race([ended.catch(() => {}), after(GRACE)])
      killAll('SIGKILL')
      await Promise.race([exited, after(GRACE)])
      cut()
    },
    letGo() {
      child.kill('SIGKILL')
      cut()
    },
  }
}

/**
 * One compound command: a shell reads it to its end before it runs any of it, so that nothing of it is missing when
 * the connection is cut, and what follows on standard input is not taken for commands. The tools speak English, and
 * those of the administrator are found.
 */
const wholeScript = (script: string): string =>
  `nfwhy_main() {\nLC_ALL=C; PATH=$PATH:/usr/sbin:/sbin:/usr/local/sbin; export LC_ALL PATH\n${script}\n}\nnfwhy_main; exit $?\n`
