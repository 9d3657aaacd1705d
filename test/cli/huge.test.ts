// @module-tag slow
import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { EXAMPLE, folder, nfwhy, type Run, shell } from './nfwhy.ts'
import { dropped, LOG, RULES } from './small.ts'

const MB = 1e6
/** More than Node itself takes (about 45 MB) and a few blocks; much less than the inputs here. */
const MEMORY = 190 * MB

/** Tells the most memory that the command ever had, in its last line on standard error. */
const METER = `process.on('exit', () => {
  const fs = require('node:fs')
  fs.writeSync(2, '\\nmemory ' + /VmHWM:\\s*(\\d+) kB/.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1])
})`

async function measured(args: readonly string[], cwd: string, input?: Uint8Array): Promise<Run & { memory: number }> {
  const meter = join(cwd, 'meter.cjs')
  writeFileSync(meter, METER)
  const run = await nfwhy(args, { cwd, node: ['--require', meter], ...(input ? { input } : {}) })
  const [stderr = '', memory] = run.stderr.split('\nmemory ')
  return { ...run, stderr, memory: Number(memory) * 1024 }
}

const NOT_KNOWN =
  /: this (binary file )?is neither a capture nor a ruleset nor host state that nfwhy knows; it was skipped\.\n/

describe('bigger than anybody would think', () => {
  const line = Buffer.alloc(50 * MB, 'x')

  test('50 MB without a line break', async () => {
    const cwd = folder({ x: line })
    const run = await measured(['explain', 'x'], cwd)
    expect(run).toMatchObject({ code: 2, stdout: '' })
    expect(run.stderr).toMatch(NOT_KNOWN)
    expect(run.memory).toBeLessThan(MEMORY)
  })

  test('the same on standard input', async () => {
    const run = await measured(['explain', '-'], folder(), line)
    expect(run).toMatchObject({ code: 2, stdout: '' })
    expect(run.stderr).toMatch(/^nfwhy: standard input: this is neither /)
    expect(run.memory).toBeLessThan(MEMORY)
  })

  test('the same behind a log, and in front of one', async () => {
    const cwd = folder({
      behind: Buffer.concat([Buffer.from(LOG), line]),
      before: Buffer.concat([line, Buffer.from(`\n${LOG}`)]),
      rules: RULES,
    })
    for (const [name, at] of [
      ['behind', 3],
      ['before', 1],
    ] as const) {
      const run = await measured(['explain', '--json', name, 'rules'], cwd)
      expect(run.code).toBe(1)
      const { stats, warnings } = JSON.parse(run.stdout)
      expect(stats).toMatchObject({ events: 2, journeys: 2, skipped: 1 })
      expect(warnings).toMatchObject([{ input: name, line: at, code: 'line-too-long' }])
      expect(run.memory).toBeLessThan(MEMORY)
    }
  })

  test('200 MB of zeros that take no room on the disk', async () => {
    const cwd = folder({ zeros: '', behind: LOG, rules: RULES })
    for (const name of ['zeros', 'behind']) truncateSync(join(cwd, name), 200 * MB)
    const zeros = await measured(['explain', 'zeros'], cwd)
    expect(zeros).toMatchObject({ code: 2, stdout: '' })
    expect(zeros.stderr).toMatch(/^nfwhy: zeros: this binary file is neither /)
    expect(zeros.memory).toBeLessThan(MEMORY)
    // a log whose rest was lost when the machine went down
    const behind = await measured(['explain', '--json', 'behind', 'rules'], cwd)
    expect(JSON.parse(behind.stdout).stats).toMatchObject({ bytes: 200 * MB, events: 2 })
    expect(behind.memory).toBeLessThan(MEMORY)
  })

  test('a ruleset of which most is zeros', async () => {
    const cwd = folder({ log: LOG, rules: RULES })
    truncateSync(join(cwd, 'rules'), 50 * MB)
    const run = await nfwhy(['explain', '--json', 'log', 'rules'], { cwd })
    expect(JSON.parse(run.stdout).journeys).toMatchObject([{ outcome: 'dropped' }, { outcome: 'delivered' }])
  })

  test('a ruleset longer than any text in JavaScript', async () => {
    const cwd = folder({ log: LOG, 'b/rules': RULES, 'b/log': LOG })
    truncateSync(join(cwd, 'b/rules'), 600 * MB)
    const sentence = 'b/rules: it is larger than 400 MB, the limit for iptables-save'
    const file = await nfwhy(['explain', 'log', 'b/rules'], { cwd })
    expect(file).toEqual({ code: 2, stdout: '', stderr: `nfwhy: ${sentence}.\n` })
    const found = await nfwhy(['explain', 'b', '--json'], { cwd })
    expect(found).toMatchObject({ code: 0 })
    expect(found.stderr.replace(/\s+/g, ' ')).toBe(` warn ${sentence}; it was left out `)
  })
})

describe('logs of much else', () => {
  const others = Array.from(
    { length: 40_000 },
    (_, i) => `Nov 20 08:00:00 host prog[${i}]: something quite different, no. ${i}\n`,
  ).join('')
  const log = `${others}${dropped()}[   99.000000] TRACE: filter:INPUT:rule:1 nothing\n`

  test.each([
    ['file', 'nfwhy explain --json log rules'],
    ['pipe', 'cat log | nfwhy explain --json - rules'],
    ['file on standard input', 'nfwhy explain --json - rules < log'],
    ['pipe given as a file', 'nfwhy explain --json <(cat log) rules'],
  ])('the first record comes after 3 MB (%s): bytes and lines are right', async (_, script) => {
    expect(others.length).toBeGreaterThan(2.5 * MB)
    const { code, stdout } = await shell(script, { cwd: folder({ log, rules: RULES }) })
    expect(code).toBe(1)
    const { inputs, stats, warnings } = JSON.parse(stdout)
    expect(inputs.map(({ bytes }: { bytes: number }) => bytes)).toEqual([log.length, RULES.length])
    expect(stats).toMatchObject({ bytes: log.length, events: 1, journeys: 1, skipped: 1 })
    expect(warnings).toMatchObject([{ line: 40_002 }])
  })

  test('a pipe of nothing else does not fill the memory', async () => {
    const cwd = folder()
    const run = await measured(
      ['explain', '-'],
      cwd,
      Buffer.concat(Array.from({ length: 40 }, () => Buffer.from(others))),
    )
    expect(run.code).toBe(2)
    expect(run.memory).toBeLessThan(MEMORY)
  })
})

describe('lines that stand in one', () => {
  const glued = readFileSync(join(EXAMPLE, 'dmesg.log'), 'latin1').replaceAll('\n', '')

  test('of less than 1 MB: taken apart', async () => {
    const cwd = folder({ log: glued })
    const run = await nfwhy(['explain', '--json', 'log', join(EXAMPLE, 'rules.v4')], { cwd })
    const { journeys, warnings } = JSON.parse(run.stdout)
    expect(journeys).toMatchObject([{ outcome: 'dropped' }, { outcome: 'delivered' }])
    expect(warnings).toMatchObject([{ line: 1, code: 'lines-glued' }])
  })

  test('of 5 MB: one sentence', async () => {
    const cwd = folder({ log: glued.repeat(Math.ceil((5 * MB) / glued.length)) })
    const run = await measured(['explain', 'log'], cwd)
    expect(run).toMatchObject({ code: 2, stdout: '' })
    expect(run.stderr).toMatch(/^nfwhy: log:1: a line of more than 1 MB is no log line; it was skipped\.\n/)
    expect(run.memory).toBeLessThan(MEMORY)
  })
})

/** Says at the end what processor time it took: a busy machine's clock runs on meanwhile. */
const TELLS_CPU = `--import=data:text/javascript,${encodeURIComponent(
  "process.on('exit',()=>{const{user,system}=process.cpuUsage();process.stderr.write('processor '+Math.round((user+system)/1000)+' ms')})",
)}`

describe('lines made to be slow', () => {
  test.each([
    'IN=',
    'IN= OUT=',
    'IN=OUT=',
    'SRC=',
    'SRC=a ',
    'TRACE: ',
    'TRACE: a:',
    'TRACE: filter:INPUT:rule:1 ',
    'TRACE: filter:INPUT:rule:1 IN=',
    'TRACE: filter:INPUT:rule:1 IN=eth0 OUT= SRC=',
    'TRACE: filter:INPUT:rule:1 IN=eth0 OUT= [',
    'PROTO=',
    '[ ',
    '<1>1 [',
    'Nov 20 ',
    '\\"',
    '((((',
    '    ',
  ])('%j again and again', async (part) => {
    const cwd = folder({ log: `${part.repeat(Math.floor((0.5 * MB) / part.length))}\n${LOG}`, rules: RULES })
    const run = await nfwhy(['explain', '--json', 'log', 'rules'], { cwd, node: [TELLS_CPU] })
    expect(Number(/processor (\d+) ms$/.exec(run.stderr)?.[1])).toBeLessThan(10_000)
    expect(run.code).toBe(1)
    expect(JSON.parse(run.stdout).stats.events).toBeGreaterThanOrEqual(2)
  })
})
