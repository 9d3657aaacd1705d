/**
 * However a session ends, all is taken back and it says so in a sentence; and what only looks changes nothing. On a place
 * where both a table, a setting and, in another, rules have to be taken back.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { LATEST } from '../latest.ts'
import { itself, type PlaceOptions, TestPlace, type WhenOver, whyNoPlace } from './lab/place.ts'
import { kill, type RunOptions, sleep, type TraceRun } from './lab/session.ts'
import { Patience } from './lab/slowness.ts'
import { changes, changesAfter, type Snapshot, snapshot } from './lab/snapshot.ts'

const missing = whyNoPlace('script', 'setpriv', 'tcpdump')
/** Seconds that taking back may last after what ended the session. */
const PATIENCE = 3

const RULES = `
iptables-legacy -A INPUT -p udp --dport 9 -j DROP
ip6tables-legacy -A INPUT -p udp --dport 9 -j DROP`
const TABLE: PlaceOptions = { setup: RULES }
const TRACE_RULES: PlaceOptions = { setup: RULES, without: ['nft'] }
const TRAFFIC = 'exec ping -q -i 0.1 127.0.0.1'

/** What it says where something went wrong: no bug, a sentence. */
const SENTENCE = /^nfwhy: (?!this is a bug)/m

interface Scene {
  place: TestPlace
  before: Snapshot
  trace(args?: readonly string[], options?: RunOptions): TraceRun
  /** Nothing is set up any more; its processes may still be there. */
  isTakenBack(): Promise<void>
  /** All is as it was, and its processes are gone. */
  isClean(run: TraceRun, seconds?: number): Promise<void>
}

async function open(whenOver: WhenOver, options: PlaceOptions, traffic = TRAFFIC): Promise<Scene> {
  const place = await TestPlace.open(whenOver, options)
  place.background(traffic)
  await sleep(50)
  const before = await snapshot(place)
  return {
    place,
    before,
    trace: (args = [], more) => place.trace(['--backend', 'legacy', ...args], more),
    isTakenBack: async () => {
      const patience = new Patience(PATIENCE, whenOver)
      const left = async () =>
        changes(before, await snapshot(place)).filter((line) => !/^\+ (process|proc: nflog)/.test(line))
      while ((await left()).length > 0 && !patience.isOver) await sleep(200)
      expect(await left()).toEqual([])
    },
    isClean: async (run, seconds = PATIENCE) =>
      expect(await changesAfter(before, place, run.mark, seconds), run.stderr).toEqual([]),
  }
}

function folder(whenOver: WhenOver): string {
  const path = mkdtempSync(join(tmpdir(), 'nfwhy-'))
  whenOver(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** In front of nfwhy: the folder is a disk of 16 kB for it. */
const onSmallDisk = (path: string): string[] => [
  'unshare',
  '--mount',
  'sh',
  '-c',
  'mount -t tmpfs -o size=16k none "$0" && exec "$@"',
  path,
]

describe.skipIf(missing)(`a session's end${missing ? `: ${missing}` : ''}`, () => {
  describe.concurrent.each([
    ['a table and a setting', TABLE],
    ['rules', TRACE_RULES],
  ])('with %s to take back', (_, options) => {
    test.for(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s', async (signal, { onTestFinished }) => {
      const { place, before, trace, isClean } = await open(onTestFinished, options)
      const run = trace()
      await run.says(/^Ready/m)
      expect(changes(before, await snapshot(place)).length).toBeGreaterThan(2)
      run.kill(signal)
      expect((await run.ended).code).toBe(0)
      await isClean(run)
    })

    test.for([
      ['--count', ['--count', '2'], 0],
      ['--for', ['--for', '300ms'], 0],
      ['the end of --exec', ['--exec', 'sleep 0.1'], 0],
      ['--exec of a program that is not there', ['--exec', 'no-such-program'], 2],
      ['the deadline', ['--deadline', '3s'], 0],
    ] as const)('%s', async ([, args, code], { onTestFinished }) => {
      const { trace, isClean } = await open(onTestFinished, options)
      const run = trace(args)
      expect((await run.ended).code, run.stderr).toBe(code)
      expect(run.stderr).toMatch(/^Ready/m)
      await isClean(run)
    })

    test('nobody reads its output any more', async ({ onTestFinished }) => {
      const { trace, isClean } = await open(onTestFinished, options)
      const run = trace(['--ndjson'])
      await run.says(/^Ready/m)
      run.child.stdout!.destroy()
      const ended = await run.ended
      expect(ended.code).toBe(0)
      expect(ended.stderr).not.toMatch(/bug|EPIPE/)
      await isClean(run)
    })

    test('nobody reads its output, and the pipe is full', async ({ onTestFinished }) => {
      const { trace, isClean, isTakenBack } = await open(onTestFinished, options, 'exec ping -q -i 0.01 127.0.0.1')
      const run = trace(['--ndjson', '--rate', 'unlimited', '--deadline', '6s'], { readsOutput: false })
      await run.says(/^Ready/m)
      await run.deadline()
      await isTakenBack()
      run.child.stdout!.resume()
      expect((await run.ended).code).not.toBeNull()
      await isClean(run)
    })

    test('it hangs: all is over with the deadline', async ({ onTestFinished }) => {
      const { trace, isClean, isTakenBack } = await open(onTestFinished, options)
      const run = trace(['--deadline', '6s'])
      await run.says(/^Ready/m)
      run.kill('SIGSTOP')
      await run.deadline()
      await isTakenBack()
      run.kill('SIGCONT')
      expect((await run.ended).code).not.toBeNull()
      await isClean(run)
    })

    test.for(['holder', 'first'] as const)(
      'its %s is killed: it ends and says so',
      async (half, { onTestFinished }) => {
        const { trace, isClean } = await open(onTestFinished, options)
        const run = trace()
        await run.says(/^Ready/m)
        kill(run.halves()![half]!)
        const { code, stderr } = await run.ended
        expect(code).toBe(2)
        expect(stderr).toMatch(SENTENCE)
        await isClean(run)
      },
    )

    test('its keeper is killed: all is taken back in the end', async ({ onTestFinished }) => {
      const { trace, isClean } = await open(onTestFinished, options)
      const run = trace()
      await run.says(/^Ready/m)
      kill(run.halves()!.keeper!)
      await sleep(500)
      run.kill('SIGINT')
      expect((await run.ended).code, run.stderr).toBe(0)
      await isClean(run)
    })

    test('the disk of --save is full: it goes on without', async ({ onTestFinished }) => {
      const { trace, isClean } = await open(onTestFinished, options)
      const disk = folder(onTestFinished)
      const run = trace(['--save', join(disk, 'bundle'), '--for', '1s'], { command: onSmallDisk(disk) })
      const { code, stdout, stderr } = await run.ended
      expect(code, stderr).toBe(0)
      expect(stderr).toMatch(/disk\s+is full; the rest is not saved/)
      expect(stdout).toContain('DELIVERED')
      await isClean(run)
    })

    test('the disk of -o is full: it ends and says so', async ({ onTestFinished }) => {
      const { trace, isClean } = await open(onTestFinished, options)
      const disk = folder(onTestFinished)
      const run = trace(['-o', join(disk, 'out.ndjson'), '--rate', 'unlimited'], { command: onSmallDisk(disk) })
      const { code, stderr } = await run.ended
      expect(code).toBe(2)
      expect(stderr).toMatch(/disk is full/)
      await isClean(run)
    })

    test.for([
      ['a terminal', []],
      ['a terminal, by lines', ['--plain']],
    ] as const)('Ctrl-C at %s', async ([, args], { onTestFinished }) => {
      const { place, before, trace, isClean } = await open(onTestFinished, options)
      const run = trace(args, { terminal: true })
      const until = Date.now() + LATEST
      while (!changes(before, await snapshot(place)).some((line) => /^\+ (nft|iptables -t raw): /.test(line))) {
        expect(Date.now(), run.stdout).toBeLessThan(until)
        await sleep(200)
      }
      // ready, which the view of a terminal tells by its first packet alone
      while (!run.stdout.includes('DELIVERED')) {
        expect(Date.now(), run.stdout).toBeLessThan(until)
        await sleep(20)
      }
      run.child.stdin!.write('\x03')
      expect((await run.ended).code).toBe(0)
      await isClean(run)
    })
  })

  test('another firewall holds the lock of iptables: it is waited for', async ({ onTestFinished }) => {
    const { place, trace, isClean } = await open(onTestFinished, TRACE_RULES)
    const run = trace()
    await run.says(/^Ready/m)
    const lock = place.runThere('exec flock /run/xtables.lock sleep 8')
    await sleep(300)
    run.kill('SIGINT')
    await lock
    expect((await run.ended).code, run.stderr).toBe(0)
    await isClean(run)
  })

  test('killed while a rule goes in: it is taken out behind it', async ({ onTestFinished }) => {
    const instead = { 'iptables-legacy': `case $* in *-I*TRACE) sleep 2 ;; esac\n${itself('iptables-legacy')}` }
    const { place, trace, isClean } = await open(onTestFinished, { ...TRACE_RULES, instead })
    const run = trace()
    await place.run('until pgrep -f "iptables-legacy [-]w .*-I" --ns $$ --nslist net; do sleep 0.05; done')
    kill(run.halves()!.holder!)
    run.kill()
    await sleep(3000)
    await isClean(run)
  })

  test('nft -i is killed: it ends and says so', async ({ onTestFinished }) => {
    const { place, trace, isClean } = await open(onTestFinished, TABLE)
    const run = trace()
    await run.says(/^Ready/m)
    const { output } = await place.run('pgrep -x nft --ns $$ --nslist net')
    kill(Number(output))
    const { code, stderr } = await run.ended
    expect(code).toBe(2)
    expect(stderr).toMatch(SENTENCE)
    await isClean(run)
  })

  test('half of it can be set up: it is taken back', async ({ onTestFinished }) => {
    // iptables has its rules by then
    const instead = {
      'ip6tables-legacy': `case $* in *TRACE*) echo no luck today >&2; exit 1 ;; esac\n${itself('ip6tables-legacy')}`,
    }
    const { trace, isClean } = await open(onTestFinished, { ...TRACE_RULES, instead })
    const run = trace()
    const { code, stderr } = await run.ended
    expect(code).toBe(2)
    expect(stderr).toContain('no luck today')
    await isClean(run)
  })

  test('the place is gone: it ends and says so', async ({ onTestFinished }) => {
    const { place, trace } = await open(onTestFinished, { ...TABLE, ownProcesses: true })
    const run = trace()
    await run.says(/^Ready/m)
    const patience = new Patience(5, onTestFinished)
    place.kill()
    const { code, stderr } = await run.ended
    expect(code).toBe(2)
    expect(stderr).toMatch(SENTENCE)
    expect(patience.isOver).toBe(false)
    expect(run.processes()).toEqual([])
  })
})
