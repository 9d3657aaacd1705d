/**
 * A lab: network namespaces of one process tree, in which commands run, sockets listen and packets are sent. Nothing of
 * it has a name outside, and nothing is written to the disk. It ends with this process, however that ends: see agent.ts.
 */
import type { ChildProcess } from 'node:child_process'
import { agent, type Request } from './agent.ts'

/** Foreseen: no right to make namespaces, a tool that is missing, a step that takes too long. */
export class LabError extends Error {
  readonly hint: string | undefined

  constructor(message: string, hint?: string) {
    super(message)
    this.hint = hint
  }
}

export interface Ran {
  status: number
  out: string
  err: string
}

export interface Host {
  /** Of the process that holds the namespace: inside of the lab, and outside. */
  pid: number
  outside: number
  /** `net:[4026532000]` */
  namespace: string
}

type Answer = { id: number; failed?: string; [key: string]: unknown }

/** Milliseconds that a command may take, and a request beyond what it says itself. */
const PATIENCE = 30_000

export class Lab {
  readonly hosts = new Map<string, Host>()
  private readonly child: ChildProcess
  private readonly waiting = new Map<number, { resolve(answer: Answer): void; reject(error: Error): void }>()
  private readonly first: Promise<Answer>
  private readonly ended: Promise<void>
  private said = ''
  private last = 0
  private closing = false

  private constructor(child: ChildProcess) {
    this.child = child
    this.ended = new Promise((resolve) => child.on('close', () => resolve()))
    this.first = new Promise((resolve, reject) => this.waiting.set(0, { resolve, reject }))
    let rest = ''
    child.stdin!.on('error', () => {})
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.said += text
    })
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop()!
      for (const line of lines) {
        const answer: Answer = { id: 0, ...JSON.parse(line) }
        this.waiting.get(answer.id)?.resolve(answer)
        this.waiting.delete(answer.id)
      }
    })
    child.on('error', (error) => this.fail(new LabError(`A lab cannot be started: ${error.message}.`)))
    child.on('close', () => this.fail(this.closing ? new LabError('The lab was closed.') : refused(this.said)))
  }

  /** Throws LabError where this user may not make network namespaces. */
  static async open(names: readonly string[]): Promise<Lab> {
    const { spawn } = process.getBuiltinModule('node:child_process')
    const { NODE_OPTIONS: _, ...environment } = process.env
    const env = {
      ...environment,
      PATH: `${process.env.PATH ?? ''}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin`,
      LC_ALL: 'C',
      // the lock is per machine by default, and these tables are nobody else's
      XTABLES_LOCKFILE: '/dev/null',
    }
    // a session of its own: Ctrl-C is for us, and we close the lab
    const child = spawn('unshare', [...unshareFlags(), '--', process.execPath, '-e', `(${agent})()`], {
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
      env,
    })
    const lab = new Lab(child)
    try {
      await within(PATIENCE, lab.first, 'Starting a lab')
      const hosts = await Promise.all(names.map((name) => lab.ask(undefined, { do: 'host', name })))
      for (const [i, name] of names.entries()) lab.hosts.set(name, hosts[i] as unknown as Host)
    } catch (error) {
      await lab.close()
      // where user namespaces are given without rights, the first that fails is a network namespace
      throw lab.said === '' || !(error instanceof LabError) ? error : refused(lab.said)
    }
    return lab
  }

  /** Words in front of a command that is to run on this host, from outside of the lab. */
  entry(host: string): string[] {
    return ['nsenter', '-t', String(this.hosts.get(host)!.outside), ...ENTRY_FLAGS]
  }

  /** Ends all processes of the lab, and with them its namespaces; may be called twice. */
  async close(): Promise<void> {
    this.closing = true
    this.child.stdin!.end()
    const killer = setTimeout(() => this.child.kill('SIGKILL'), 1000)
    await this.ended
    clearTimeout(killer)
  }

  private fail(error: Error): void {
    for (const { reject } of this.waiting.values()) reject(error)
    this.waiting.clear()
  }

  /** `on`: a host. Throws LabError where the request fails, or takes too long. */
  async ask(on: string | undefined, request: Request): Promise<Record<string, unknown>> {
    if (this.closing) throw new LabError('The lab was closed.')
    const id = ++this.last
    const answered = new Promise<Answer>((resolve, reject) => this.waiting.set(id, { resolve, reject }))
    this.child.stdin!.write(`${JSON.stringify({ id, ...(on === undefined ? {} : { on }), ...request })}\n`)
    const own = 'timeout' in request ? request.timeout * ('tries' in request ? request.tries : 1) : 0
    const answer = await within(own + PATIENCE, answered, `"${request.do}"${on === undefined ? '' : ` on ${on}`}`)
    if (answer.failed !== undefined) throw new LabError(`${request.do}${on ? ` on ${on}` : ''}: ${answer.failed}.`)
    return answer
  }

  async run(host: string, argv: readonly string[], input = ''): Promise<Ran> {
    return (await this.ask(host, { do: 'run', argv, input, timeout: PATIENCE })) as unknown as Ran
  }

  /** As run; what fails is a LabError that says what the command said. */
  async must(host: string, argv: readonly string[], input = ''): Promise<string> {
    const { status, out, err } = await this.run(host, argv, input)
    if (status !== 0)
      throw new LabError(`${host}$ ${argv.join(' ')}: ${(err || out).trim() || `it ended with ${status}`}`)
    return out
  }
}

/** Of nsenter. */
export const ENTRY_FLAGS = process.getuid?.() === 0 ? ['-n'] : ['-U', '--preserve-credentials', '-n']

/** Without root, a user namespace of its own gives the rights. */
const unshareFlags = (): string[] => [
  ...(process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']),
  '--pid',
  '--fork',
  '--kill-child',
]

function refused(said: string): LabError {
  const reason = said.trim().split('\n').at(-1) || 'its first process ended'
  const root = process.getuid?.() === 0
  return new LabError(
    `No network namespaces can be created here: ${reason}.`,
    root
      ? 'Root in a container needs CAP_SYS_ADMIN (docker run --privileged), and CAP_NET_ADMIN inside the namespaces.'
      : 'Run it as root, or allow unprivileged user namespaces: user.max_user_namespaces above 0, on Debian\n' +
          'kernel.unprivileged_userns_clone=1, on Ubuntu kernel.apparmor_restrict_unprivileged_userns=0.',
  )
}

async function within<T>(milliseconds: number, work: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new LabError(`${what} took longer than ${milliseconds / 1000} s.`)), milliseconds)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
