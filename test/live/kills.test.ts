/**
 * A session is killed at any moment: before it has looked, while it sets up, while it runs, while it stops. Nothing
 * stays behind: by its keeper, or, where that was killed as well, what stays is inert by the deadline, and
 * `nfwhy trace --cleanup` removes it. NFWHY_KILLS=N kills N sessions of each way to trace (ten in CI).
 */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { share, some } from '../share.ts'
import { showAllNamespaces } from './lab/kernel-log.ts'
import { itself, TestPlace, whyNoPlace } from './lab/place.ts'
import { kill, sleep, type TraceRun } from './lab/session.ts'
import { changes, changesAfter, type Snapshot, snapshot } from './lab/snapshot.ts'
import { WAYS } from './lab/ways.ts'

const KILLS = Number(process.env.NFWHY_KILLS ?? share(25))
/** Seconds that taking back may last; a program there may be waited for 3 s before it is looked after. */
const PATIENCE = 8
/** Seconds to set up and to look at what was set up: the first, and the most that a busy machine gets. */
const DEADLINE = { first: 15, most: 120 }
const missing = whyNoPlace('tcpdump', 'dmesg')

/** They take their time, so that nfwhy can be killed before they listen. */
const READERS: readonly [string, string][] = [
  ['nft', `case $* in *monitor*) sleep 0.5 ;; esac\n${itself('nft')}`],
  ['tcpdump', `sleep 0.5\n${itself('tcpdump')}`],
]

/** sh, true when something of a session is there: what listens, what marks, a setting. */
const SIGNS = [
  'pgrep -f "[t]cpdump -n" --ns $$ --nslist net',
  'grep -q "^ *0 " /proc/net/netfilter/nfnetlink_log || pgrep -f "[m]onitor trace" --ns $$ --nslist net',
  'nft list ruleset | grep -q -e "inet nfwhy" -e "nfwhy-[0-9]"',
  '! grep -q nf_log_ipv /proc/sys/net/netfilter/nf_log/2',
]

/** Packets all the time. */
const TRAFFIC = 'exec ping -q -i 0.2 127.0.0.1'

describe.skipIf(missing)(`nothing stays behind${missing ? `: ${missing}` : ''}`, () => {
  let hideAgain = async (): Promise<unknown> => undefined
  beforeAll(async () => {
    hideAgain = await showAllNamespaces()
  })
  afterAll(() => hideAgain())

  describe.concurrent.each(WAYS)('$name', ({ args, ...options }) => {
    test(`${KILLS} kills`, { timeout: 240_000 + KILLS * 15_000 }, async ({ onTestFinished }) => {
      const place = await TestPlace.open(onTestFinished, options)
      place.background(TRAFFIC)
      await sleep(100)
      const before = await snapshot(place)
      const start = () => place.trace([...args, '--for', '200ms', '--deadline', '30s'])
      const whole = await start().ended
      expect(whole.stderr).toContain('Ready')
      expect(whole.code, whole.stderr).toBe(0)
      const phases = new Map<string, number>()
      for (let i = 0; i < KILLS; i++) {
        // spread over all of its time, and a little longer
        const at = ((i + 0.5) / KILLS) * whole.after * 1.1
        const run = start()
        await sleep(at)
        const phase = phaseOf(run)
        phases.set(phase, (phases.get(phase) ?? 0) + 1)
        const victims = whom(run, i)
        for (const pid of victims) kill(pid)
        const found = await changesAfter(before, place, run.mark, PATIENCE)
        expect(found, `killed ${at.toFixed(0)} ms after its start (${phase}), ${victims.length} processes`).toEqual([])
      }
      if (KILLS < 10) return
      // before it has looked, or while; and while it sets up or runs
      expect(phases.get('looking') ?? 0).toBeGreaterThan(0)
      expect((phases.get('setting up') ?? 0) + (phases.get('running') ?? 0)).toBeGreaterThan(0)
    })

    test('killed with the first sign of it', async ({ onTestFinished }) => {
      const instead = Object.fromEntries(READERS.filter(([name]) => !options.without?.includes(name)))
      const place = await TestPlace.open(onTestFinished, { ...options, instead })
      const before = await snapshot(place)
      for (const sign of some(SIGNS)) {
        const run = place.trace([...args, '--for', '100ms'])
        await place.run(`while kill -0 ${run.child.pid}; do ${sign} && exit; sleep 0.01; done`)
        run.kill()
        expect(await changesAfter(before, place, run.mark, PATIENCE), sign).toEqual([])
      }
    })

    test('its keeper killed as well: inert by the deadline, and cleaned up', { timeout: 600_000 }, async ({
      onTestFinished,
    }) => {
      const place = await TestPlace.open(onTestFinished, options)
      place.background(TRAFFIC)
      await sleep(100)
      const before = await snapshot(place)
      const { run, seconds, halves, made } = await setUp(place, args, before)
      expect(made).not.toEqual([])
      expect(halves.all.length).toBeGreaterThanOrEqual(3)
      for (const pid of [...halves.all.toReversed(), run.child.pid!]) kill(pid)
      const deadline = run.deadline()
      // with the process that made it the kernel deletes the table
      await vi.waitFor(async () => expect(changes(before, await snapshot(place)).filter(isOwnTable)).toEqual([]), {
        timeout: seconds * 1000,
      })
      await deadline
      expect(await tracedDuring(place, 1000)).toBe(0)
      // asked now, not at once: on a busy machine the kernel and programs whose pipe was closed take their time. A note
      // may stay alone: what lived longest had set back what it tells
      const left = changes(before, await snapshot(place, run.mark)).filter((line) => !/^. (note|process): /.test(line))
      const cleanup = await place.trace(['--cleanup']).ended
      expect(cleanup.code).toBe(0)
      if (left.length > 0) expect(cleanup.stdout, left.join('\n')).toMatch(/ removed /)
      expect(await changesAfter(before, place, run.mark, 1)).toEqual([])
    })
  })
})

/** A session and what it has made, looked at before its deadline. */
async function setUp(place: TestPlace, args: readonly string[], before: Snapshot, seconds = DEADLINE.first) {
  const run = place.trace([...args, '--deadline', `${seconds}s`, '--rate', 'unlimited'])
  await run.says(/^Ready/m)
  const halves = run.halves()
  const made = changes(before, await snapshot(place))
  if (halves && !run.isOverdue(1)) return { run, seconds, halves, made }
  expect(seconds).toBeLessThan(DEADLINE.most)
  run.kill('SIGINT')
  await run.ended
  return setUp(place, args, before, Math.min(DEADLINE.most, seconds * 3))
}

const isOwnTable = (line: string): boolean => /^\+ nft: inet nfwhy/.test(line)

function phaseOf({ stderr, child }: TraceRun): string {
  if (child.exitCode !== null) return 'over'
  if (/^Ready/m.test(stderr)) return 'running'
  return /^Tracing/m.test(stderr) ? 'setting up' : 'looking'
}

/** nfwhy alone; with it who holds what it set up; or the first shell of the two. */
function whom(run: TraceRun, i: number): number[] {
  const [nfwhy, halves] = [run.child.pid!, run.halves()]
  const other = i % 3 === 1 ? halves?.holder : i % 3 === 2 ? halves?.first : undefined
  const victims = other === undefined ? [nfwhy] : [nfwhy, other]
  return i % 2 === 0 ? victims : victims.toReversed()
}

/** Packets that rules for tracing count, of both packet filters, while packets go. */
async function tracedDuring(place: TestPlace, milliseconds: number): Promise<number> {
  const count = async () => {
    const { output } = await place.run(`
for tool in iptables ip6tables; do
  grep -qsx raw /proc/net/\${tool%%tables}_tables_names && $tool-legacy-save -c -t raw
  nft list ruleset | grep -q 'table ip.* raw' && $tool-nft-save -c -t raw
done
nft list ruleset | grep -v 'meta time' | grep nftrace
:`)
    expect(output).not.toContain('nftrace set 1')
    return [...output.matchAll(/^\[(\d+):\d+\].* -j TRACE/gm)].reduce((sum, [, packets]) => sum + Number(packets), 0)
  }
  const first = await count()
  await sleep(milliseconds)
  return (await count()) - first
}
