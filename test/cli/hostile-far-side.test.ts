/** Commands that ask a machine which lies, with the limits as they are: memory, the terminal, files, and the end. */
// @module-tag slow
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { SECTIONS } from '../../src/live/script/index.ts'
import { LATEST } from '../latest.ts'
import { farSide } from '../live/lab/far-side.ts'
import { BIN, folder } from './nfwhy.ts'

/** Of the process, in MB. */
const MOST_MEMORY = 340
const KNOWN = new Set(['collected.txt', ...SECTIONS.map(({ file }) => file)])
/** What would move a cursor, or turn the reading direction round. */
const RAW = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/

interface Run {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
  /** The most that it had at any time, in MB. */
  memory: number
}

function start(args: readonly string[], cwd: string) {
  const child = spawn(process.execPath, [BIN, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  let [stdout, stderr, memory] = ['', '', 0]
  child.stdout.on('data', (text) => {
    stdout += text
  })
  child.stderr.on('data', (text) => {
    stderr += text
  })
  const looking = setInterval(() => {
    try {
      const [, peak] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8')) ?? []
      memory = Math.max(memory, Number(peak ?? 0) / 1000)
    } catch {
      // it has ended
    }
  }, 20)
  const late = setTimeout(() => child.kill('SIGKILL'), LATEST)
  const ended = new Promise<Run>((resolve) => {
    child.on('close', (code, signal) => {
      clearInterval(looking)
      clearTimeout(late)
      resolve({ code, signal, stdout, stderr, memory })
    })
  })
  return { child, ended }
}

describe('collect', () => {
  test.for([
    ['endless', 'stopped after 128 MB', []],
    ['endless-line', 'stopped after 128 MB', []],
    ['endless-section', 'cut       ruleset.nft: stopped after 64 MB', ['collected.txt', 'ruleset.nft', 'uname.txt']],
    ['endless-mark', 'stopped after 128 MB between two files', ['collected.txt', 'uname.txt']],
    ['endless-complaint', 'stopped after 128 MB in the middle of ruleset.nft', ['collected.txt', 'uname.txt']],
    ['all-large', 'stopped after 128 MB', ['collected.txt', 'iptables-legacy.rules', 'ip6tables-legacy.rules']],
    ['ten-thousand', 'stopped after 200 sections', ['collected.txt', 'ruleset.nft', 'uname.txt']],
    ['complains', 'more lines', ['collected.txt', 'ruleset.nft', 'uname.txt']],
  ] as const)(
    'of %s ends in bounded memory, and keeps what was good',
    async ([mode, words, files], { onTestFinished }) => {
      const cwd = folder()
      const { ended } = start(['collect', '--via', farSide(mode, onTestFinished).via, '-o', 'why'], cwd)
      const { code, stderr, memory } = await ended
      expect(code, stderr).toBe(2)
      expect(stderr).toContain(words)
      expect(stderr.length).toBeLessThan(20_000)
      expect(memory).toBeGreaterThan(20)
      expect(memory).toBeLessThan(MOST_MEMORY)
      if (files.length > 0) expect(readdirSync(join(cwd, 'why')).sort()).toEqual([...files].sort())
      else expect(readdirSync(cwd)).toEqual([])
    },
  )

  // an archive that is not named is named after the host
  test.for([
    ['names', []],
    ['statuses', ['-o', 'why.tgz']],
    ['greeting', []],
    ['complains', ['-o', 'why.tgz']],
    ['hostile-host', []],
    ['long-host', []],
    ['rubbish', ['-o', 'why.tgz']],
    ['twice', []],
    ['crlf', ['-o', 'why.tgz']],
  ] as const)(
    'of %s shows nothing raw, and writes only files of its own',
    async ([mode, archive], { onTestFinished }) => {
      for (const output of [['-o', 'why'], archive]) {
        const around = folder({ 'cwd/x': '' })
        const cwd = join(around, 'cwd')
        const run = await start(['collect', '--via', farSide(mode, onTestFinished).via, ...output], cwd).ended
        expect(run.stdout + run.stderr).not.toMatch(RAW)
        expect(run.stderr).not.toContain('bug')
        expect(run.stdout).toMatch(/^[\w.-]+\n$/)
        expect(readdirSync(around)).toEqual(['cwd'])
        expect(readdirSync(cwd).sort()).toEqual([run.stdout.trim(), 'x'].sort())
        if (output[1] !== 'why') continue
        for (const name of readdirSync(join(cwd, 'why'))) expect(KNOWN).toContain(name)
      }
    },
  )

  test('of two, the honest one is kept', async ({ onTestFinished }) => {
    const cwd = folder()
    const via = ['honest', 'endless'].flatMap((mode) => ['--via', farSide(mode, onTestFinished).via])
    const { code, stderr } = await start(['collect', ...via, '-o', 'why'], cwd).ended
    expect(code).toBe(2)
    expect(stderr).toContain('stopped after 128 MB')
    expect(readdirSync(join(cwd, 'why')).sort()).toEqual(['collected.txt', 'ruleset.nft', 'uname.txt'])
  })
})

describe.each([
  ['collect', 'SIGINT'],
  ['collect', 'SIGTERM'],
  ['doctor', 'SIGINT'],
  ['doctor', 'SIGHUP'],
] as const)('%s, by %s', (command, signal) => {
  test.for(['hang', 'deaf', 'trickle'])(
    'ends what hangs over there, and itself: %s',
    async (mode, { onTestFinished }) => {
      const far = farSide(mode, onTestFinished)
      const cwd = folder()
      const { child, ended } = start([command, '--via', far.via], cwd)
      await vi.waitFor(async () => expect(await far.processes()).toHaveLength(1), { timeout: LATEST })
      await new Promise((resolve) => setTimeout(resolve, 500))
      child.kill(signal)
      expect(await ended).toMatchObject({ signal, stdout: '' })
      expect(far.processes()).toEqual([])
      expect(readdirSync(cwd)).toEqual([])
    },
  )
})

describe('doctor', () => {
  test.for([
    ['endless', 'printed more than 500000 lines; it was stopped'],
    ['endless-line', 'printed more than 32 MB; it was stopped'],
    ['half-an-answer', 'the connection broke while nfwhy examined it'],
  ] as const)('of %s ends in bounded memory', async ([mode, words], { onTestFinished }) => {
    const run = await start(['doctor', '--via', farSide(mode, onTestFinished).via], folder()).ended
    expect(run).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(words) })
    expect(run.memory).toBeLessThan(MOST_MEMORY)
  })

  test('of words for a shell or a terminal shows and proposes nothing but words', async ({ onTestFinished }) => {
    const via = farSide('hostile-facts', onTestFinished).via
    for (const args of [['doctor'], ['doctor', '--json'], ['trace', '--dry-run', 'tcp port 80']]) {
      const run = await start([...args, '--via', via], folder()).ended
      expect(run.stdout + run.stderr).not.toMatch(RAW)
      expect(run.stderr).not.toContain('bug')
      expect(run.stdout).not.toBe('')
      if (args[1] !== '--json') continue
      const commands = (JSON.parse(run.stdout).problems as { fix?: { command?: string; undo?: string } }[]).flatMap(
        ({ fix }) => [fix?.command, fix?.undo].filter((one) => one !== undefined),
      )
      expect(commands.length).toBeGreaterThan(0)
      const cwd = folder()
      const bin = join(cwd, 'bin')
      mkdirSync(bin)
      for (const name of [
        'sysctl',
        'modprobe',
        'nft',
        'kill',
        'systemctl',
        'iptables',
        'iptables-legacy',
        'ip6tables-legacy',
        'ethtool',
        'touch-really',
      ]) {
        writeFileSync(join(bin, name), '#!/bin/sh\n')
        chmodSync(join(bin, name), 0o755)
      }
      writeFileSync(join(bin, 'touch'), `#!/bin/sh\n: >${cwd}/pwned\n`)
      chmodSync(join(bin, 'touch'), 0o755)
      for (const command of commands) spawnSync('/bin/sh', ['-c', command], { cwd, env: { PATH: bin } })
      expect(readdirSync(cwd)).toEqual(['bin'])
    }
  })
})
