/** Who may not watch drops is told why, and the kernel keeps nothing of who did. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chmodSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, it } from 'vitest'
import { LATEST } from '../latest.ts'
import { until, whyNoDrops } from './drops/available.ts'
import { buildDrops } from './drops/build.ts'
import { isLoaded, programsOf } from './drops/programs.ts'
import { whyNot } from './namespaces.ts'

const built = await buildDrops()
const reason = whyNot('setpriv', 'timeout') ?? (await whyNoDrops(built.thread))
if (reason) console.warn(`it is not tried who may watch drops: ${reason}`)

const INODE = String(statSync('/proc/self/ns/net').ino)
// some tests are run by another user
chmodSync(dirname(built.program), 0o755)

/** What the program says first. */
function said(...argv: string[]): unknown {
  const [command = '', ...args] = [...argv, process.execPath, built.program, INODE]
  const { stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', timeout: LATEST })
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout.split('\n')[0]!)
}

describe.skipIf(reason)('watching drops', () => {
  it.each<[string, string[], string]>([
    ['as nobody', ['setpriv', '--reuid=65534', '--clear-groups', '--bounding-set=-all'], 'CAP_BPF and CAP_PERFMON'],
    ['without CAP_BPF', ['setpriv', '--bounding-set=-bpf,-sys_admin', '--inh-caps=-bpf,-sys_admin'], 'CAP_BPF'],
    [
      'without CAP_PERFMON',
      ['setpriv', '--bounding-set=-perfmon,-sys_admin', '--inh-caps=-perfmon,-sys_admin'],
      'CAP_PERFMON',
    ],
  ])('%s', (_, wrapper, missing) => {
    expect(said(...wrapper)).toEqual({
      unavailable: 'rights',
      message: `watching drops needs ${missing} (or root)`,
    })
  })

  it('as root of a user namespace', () => {
    expect(said('unshare', '--user', '--map-root-user')).toEqual({
      unavailable: 'rights',
      message: 'watching drops needs root rights outside of this user namespace',
    })
  })

  it('with no more than those two', () => {
    const only = '-all,+bpf,+perfmon'
    expect(said('timeout', '3', 'setpriv', `--bounding-set=${only}`, `--inh-caps=${only}`)).toEqual({ ready: true })
  })

  it('leaves no program behind, even where it is killed', async () => {
    const child = spawn(process.execPath, [built.program, INODE], { stdio: ['ignore', 'pipe', 'inherit'] })
    try {
      expect(await firstLine(child)).toBe('{"ready":true}')
      const programs = programsOf(child.pid!)
      expect(programs.length).toBeGreaterThan(0)
      expect(programs.map(isLoaded)).not.toContain(false)
      child.kill('SIGKILL')
      await new Promise((resolve) => child.once('exit', resolve))
      // the kernel frees it a moment later
      await until(() => !programs.some(isLoaded))
      expect(programs.map(isLoaded)).not.toContain(true)
    } finally {
      child.kill('SIGKILL')
    }
  })
})

const firstLine = (child: ChildProcess): Promise<string> =>
  new Promise((resolve) => createInterface({ input: child.stdout! }).once('line', resolve))
