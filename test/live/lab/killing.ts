/**
 * Kills a session at a moment and looks what stays: processes of it one by one, or all of it at the same moment, as a
 * cgroup kill does. Only where all were killed may something stay, and then a note, by which --cleanup restores it.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LATEST } from '../../latest.ts'
import { TestPlace, type WhenOver } from './place.ts'
import { sleep, type TraceRun } from './session.ts'
import { changes, changesAfter, type Snapshot, snapshot } from './snapshot.ts'
import type { Way } from './ways.ts'

export const PHASES = ['looking', 'setting up', 'running', 'ending'] as const
export type Phase = (typeof PHASES)[number]

export const PROCESSES = ['nfwhy', 'first', 'holder', 'keeper'] as const
export type Process = (typeof PROCESSES)[number]

export interface Kill {
  phase: Phase
  /** Milliseconds into it. */
  after: number
  /** `all`: with everything that they have started. */
  victims: 'all' | readonly Process[]
}

export interface Outcome {
  /** Was nobody left who could restore anything? A session goes on while its processes are looked for. */
  wereAll: boolean
  result: 'nothing stays' | 'note, restored'
}

/** Seconds; nfwhy asks after its shells four times in it, and they after each other. */
const SILENCE = 4
/** Seconds that taking back may last on a busy machine. */
const PATIENCE = 30
const TRAFFIC = 'exec ping -q -i 0.2 127.0.0.1'
const CGROUPS = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup']

/** A place on which sessions of one way are killed, one after the other. */
export class KillingLab {
  readonly place: TestPlace
  private readonly args: readonly string[]
  private readonly before: Snapshot
  private readonly text: string
  private readonly cgroup: string | undefined

  private constructor(place: TestPlace, args: readonly string[], before: Snapshot, text: string, cgroup?: string) {
    this.place = place
    this.args = args
    this.before = before
    this.text = text
    this.cgroup = cgroup
  }

  static async open(whenOver: WhenOver, { args, ...options }: Way): Promise<KillingLab> {
    const place = await TestPlace.open(whenOver, options)
    place.background(TRAFFIC)
    // what every session leaves, by design: an empty table raw
    const { code, stderr } = await place.trace([...args, '--for', '100ms']).ended
    if (code !== 0) throw new Error(stderr)
    return new KillingLab(place, args, await snapshot(place), await rulesText(place), makeCgroup(whenOver))
  }

  /** Throws where something stays without a note, cannot be restored by it, or is not told. */
  async kill({ phase, after, victims }: Kill): Promise<Outcome> {
    const run = this.place.trace([...this.args, '--deadline', '60s'], {
      env: { NFWHY_SILENCE: String(SILENCE) },
      ...(this.cgroup === undefined
        ? {}
        : { command: ['sh', '-c', `echo $$ >${this.cgroup}/cgroup.procs; exec "$@"`, 'sh'] }),
    })
    if (phase === 'setting up') await run.says(/^Tracing/m)
    else if (phase !== 'looking') await run.says(/^Ready/m)
    if (phase === 'ending') run.kill('SIGINT')
    if (phase === 'setting up' && victims !== 'all') await shellsOf(run)
    await sleep(after)
    const met = victims === 'all' ? this.killAll(run) : killThese(run, victims)
    if (met.includes('nfwhy')) await run.ended
    else await this.endsItself(run, phase === 'ending' || met.length > 0)
    // as it ends, the holder leaves first
    const needed = phase === 'ending' ? PROCESSES.filter((name) => name !== 'holder') : PROCESSES
    const wereAll = needed.every((name) => met.includes(name))
    return { wereAll, result: await this.whatStays(run, met, wereAll) }
  }

  private killAll(run: TraceRun): readonly Process[] {
    if (this.cgroup !== undefined) writeFileSync(join(this.cgroup, 'cgroup.kill'), '1')
    // whoever was about to be started when the others were looked for
    for (let all = run.processes(); all.length > 0; all = run.processes()) kill9(all)
    return PROCESSES
  }

  private async endsItself(run: TraceRun, willEnd: boolean): Promise<void> {
    const until = Date.now() + (SILENCE + PATIENCE) * 1000
    // where nobody was there to be killed it runs on
    if (!willEnd) run.kill('SIGINT')
    while (run.child.exitCode === null && run.child.signalCode === null) {
      if (Date.now() > until) throw new Error(`it did not notice: ${run.stderr}`)
      await sleep(50)
    }
    const { code, signal, stderr } = await run.ended
    // told to end before it could take a signal
    if (!willEnd && signal === 'SIGINT' && stderr === '') return
    // 1: of what it saw in that time something did not arrive
    if (code !== 0 && code !== 1 && !/^nfwhy: (?!this is a bug)/m.test(stderr))
      throw new Error(`it said nothing, and ended with ${code ?? signal}: ${stderr}`)
  }

  private async whatStays(run: TraceRun, met: readonly Process[], wereAll: boolean): Promise<Outcome['result']> {
    const { place, before } = this
    const left = await changesAfter(before, place, run.mark, wereAll ? 1 : PATIENCE)
    const text = await rulesText(place)
    if (left.length === 0) {
      if (text !== this.text) throw new Error(`rules are not what they were:\n${text}\nbefore:\n${this.text}`)
      return 'nothing stays'
    }
    if (!wereAll)
      throw new Error(`this stays, though only ${met.join(', ')} were killed:\n${left.join('\n')}\n${run.stderr}`)
    if (!left.some((line) => /^\+ note: \/run\/nfwhy\/nfwhy-\d+$/.test(line)))
      throw new Error(`this stays without a note:\n${left.join('\n')}`)
    const cleanup = await place.trace(['--cleanup']).ended
    const still = changes(before, await snapshot(place, run.mark))
    if (cleanup.code !== 0 || still.length > 0 || (await rulesText(place)) !== this.text)
      throw new Error(`this was not restored:\n${still.join('\n')}\n${cleanup.stdout}${cleanup.stderr}`)
    return 'note, restored'
  }
}

/** In one command, so that it is as good as one moment. */
export const kill9 = (pids: readonly number[]) => spawnSync('kill', ['-9', ...pids.map(String)])

/** They are there as soon as it sets up. */
async function shellsOf(run: TraceRun): Promise<void> {
  const until = Date.now() + LATEST
  while (run.halves()?.keeper === undefined && Date.now() < until) await sleep(10)
}

function killThese(run: TraceRun, wanted: readonly Process[]): Process[] {
  const pids = { nfwhy: run.child.pid, ...run.halves() }
  const met = wanted.filter((name) => pids[name] !== undefined)
  if (met.length > 0) kill9(met.map((name) => pids[name]!))
  return met
}

/** As the tools print them, but for what packets count and when it was printed. */
async function rulesText(place: TestPlace): Promise<string> {
  const { status, output } = await place.run(`
nft -s list ruleset || exit 1
for family in ip ip6; do
  [ ! -s /proc/net/\${family}_tables_names ] || \${family}tables-legacy-save || exit 1
done
cd /proc/sys/net/netfilter/nf_log && grep . [0-9]*`)
  if (status !== 0) throw new Error(output)
  return output.replace(/^#.*\n/gm, '').replace(/ \[\d+:\d+\]$/gm, '')
}

/** All of its processes can be killed at once by the kernel (Linux 5.14); undefined where that cannot be had. */
function makeCgroup(whenOver: WhenOver): string | undefined {
  const root = CGROUPS.find(
    (path) => existsSync(join(path, 'cgroup.procs')) && existsSync(join(path, 'cgroup.controllers')),
  )
  if (root === undefined) return undefined
  const path = join(root, `nfwhy-test-${process.pid}-${Math.floor(performance.now() * 1000)}`)
  try {
    mkdirSync(path)
  } catch {
    return undefined
  }
  whenOver(() => {
    try {
      rmdirSync(path)
    } catch {
      // what is in it ends
      if (existsSync(path) && readFileSync(join(path, 'cgroup.procs'), 'utf8') !== '')
        writeFileSync(join(path, 'cgroup.kill'), '1')
    }
  })
  return existsSync(join(path, 'cgroup.kill')) ? path : undefined
}
