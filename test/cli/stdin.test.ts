import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { BIN, begin, EXAMPLE, folder, nfwhy, shell } from './nfwhy.ts'
import { delivered, dropped, LOG, RULES } from './small.ts'

const SUMMARY = /\n2 packets: 1 dropped, 1 to this host\n$/

describe('standard input', () => {
  test.each([
    ['a pipe', 'cat log | nfwhy explain - rules'],
    ['a file', 'nfwhy explain - rules < log'],
    ['named after the rules', 'cat log | nfwhy explain rules -'],
    ['by its path', 'cat log | nfwhy explain /dev/stdin rules'],
    ['by its number', 'nfwhy explain /dev/fd/0 rules < log'],
  ])('is %s', async (_, script) => {
    const run = await shell(script, { cwd: folder({ log: LOG, rules: RULES }) })
    expect(run).toMatchObject({ code: 1, stderr: '' })
    expect(run.stdout).toMatch(SUMMARY)
  })

  test('is a socket, as under inetd, ssh or Node', async () => {
    for (const path of ['-', '/dev/stdin']) {
      const run = await nfwhy(['explain', path, join(EXAMPLE, 'rules.v4')], { input: LOG })
      expect(run.stdout).toMatch(/\n2 packets: /)
    }
  })

  test('goes on where the program before stopped reading', async () => {
    const run = await shell('{ head -c 1 > /dev/null; nfwhy explain --json; } < log', {
      cwd: folder({ log: `x${LOG}` }),
    })
    expect(JSON.parse(run.stdout).stats).toMatchObject({ bytes: LOG.length, events: 2 })
  })

  test('is taken where nothing is given', async () => {
    const run = await nfwhy(['explain', '--json'], { input: LOG })
    expect(JSON.parse(run.stdout).inputs).toEqual([{ name: 'standard input', format: 'kernel-log', bytes: LOG.length }])
  })

  test('may be the ruleset', async () => {
    const run = await shell('cat rules | nfwhy explain log -', { cwd: folder({ log: LOG, rules: RULES }) })
    expect(run.code).toBe(1)
    expect(run.stdout).toMatch(SUMMARY)
  })

  test('given twice is read once', async () => {
    const run = await nfwhy(['explain', '--json', '-', '-'], { input: LOG })
    expect(JSON.parse(run.stdout)).toMatchObject({
      stats: { events: 2 },
      warnings: [{ input: 'standard input', code: 'given-twice' }],
    })
  })

  test.each([
    ['closed', 'nfwhy explain <&-'],
    ['/dev/null', 'nfwhy explain < /dev/null'],
    ['a pipe in which nothing comes', ': | nfwhy explain -'],
  ])('is empty: %s', async (_, script) => {
    expect(await shell(script)).toEqual({
      code: 2,
      stdout: '',
      stderr:
        'nfwhy: standard input: it is empty.\nName the files, or check that the command before the pipe prints something.\n',
    })
  })

  test('is a folder', async () => {
    const run = await shell('nfwhy explain - < .', { cwd: folder() })
    expect(run).toEqual({ code: 2, stdout: '', stderr: 'nfwhy: standard input: it is a folder.\n' })
  })

  test('only rules, and no capture', async () => {
    const run = await nfwhy(['explain'], { input: RULES })
    expect(run).toMatchObject({ code: 2, stdout: '' })
    expect(run.stderr).toMatch(/^nfwhy: There is no capture among the inputs: standard input \(iptables-save\)\.\n/)
  })

  test('nothing given at a terminal: how to begin', async () => {
    // script(1) makes a terminal; it has CR LF, and stderr is on it too
    const run = await shell(`script -qec "'${process.execPath}' '${BIN}' explain" /dev/null < /dev/null`)
    expect(run).toEqual({
      code: 2,
      stderr: '',
      stdout: [
        'nfwhy: Nothing to explain: give a capture, and the ruleset it was taken with.',
        '  dmesg > trace.log; iptables-save -c > rules.v4',
        '  nfwhy explain trace.log rules.v4',
        '',
        '  nft -a monitor trace > trace.txt; nft -a list ruleset > rules.nft',
        '  nfwhy explain trace.txt rules.nft',
        '',
        'A folder with both does as well. `nfwhy explain --help` says more.',
        '',
      ].join('\r\n'),
    })
  })
})

describe('standard input that is still being written', () => {
  const half = dropped({ dport: 80 }).replace('filter:INPUT:rule:1', 'raw:PREROUTING:policy:1')
  const rest = delivered({ sport: 40000, at: 100.1 })

  test('a packet is told as soon as it is complete', async () => {
    const cwd = folder({ rules: RULES })
    const live = begin(['explain', '-', 'rules'], { cwd })
    live.write(dropped().slice(0, 60))
    live.write(dropped().slice(60))
    await live.shows('✗ DROPPED')
    live.write(half)
    live.write(rest)
    await live.shows('✓ DELIVERED')
    expect(live.shown()).not.toMatch(SUMMARY)
    const { code, stderr } = await live.end()
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
    expect(live.shown()).toMatch(SUMMARY)
  })

  test('also with --ndjson, and the summary last', async () => {
    const cwd = folder({ rules: RULES })
    const live = begin(['explain', '--ndjson', '-', 'rules'], { cwd })
    live.write(half)
    live.write(rest)
    await live.shows('\n')
    expect(JSON.parse(live.shown())).toMatchObject({ id: '1', outcome: 'delivered', steps: [{ n: 1 }, { n: 2 }] })
    live.write(dropped({ sport: 40002 }))
    await live.shows('"id":"2"')
    const { code } = await live.end()
    expect(code).toBe(1)
    const lines = live
      .shown()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines.map((line) => line.outcome)).toEqual(['delivered', 'dropped', undefined, undefined, undefined])
    expect(lines.map((line) => line.exchange?.status)).toEqual([
      undefined,
      undefined,
      'undetermined',
      'dropped',
      undefined,
    ])
    expect(lines[4].summary.stats).toMatchObject({ events: 3, journeys: 2 })
  })

  test('a packet that waits for more is told when nothing comes', async () => {
    const live = begin(['explain', '-'])
    live.write(half)
    const from = Date.now()
    await live.shows('UNDETERMINED')
    expect(Date.now() - from).toBeGreaterThan(1000)
    expect((await live.end()).code).toBe(0)
  })

  test('what it is is known with its first record', async () => {
    const cwd = folder({ rules: RULES })
    const live = begin(['explain', '-', 'rules'], { cwd })
    for (let i = 0; i < 20; i++)
      live.write(`[   ${10 + i}.000000] usb 1-1: device not accepting address ${i}, error -71\n`)
    live.write(dropped())
    await live.shows('✗ DROPPED')
    await live.end()
  })

  const OTHER_LINES = '[    9.000000] usb 1-1: device not accepting address 1, error -71\n'.repeat(4000)

  test.each(['SIGINT', 'SIGTERM'] as const)('%s ends it as its end would', async (signal) => {
    const cwd = folder({ rules: RULES })
    for (const form of ['--no-color', '--json']) {
      const live = begin(['explain', form, '-', 'rules'], { cwd })
      // more than a pipe holds: once all is written, what stands in front of it was read
      await new Promise((resolve) => live.child.stdin!.write(dropped() + half + OTHER_LINES, resolve))
      live.child.kill(signal)
      const code = await new Promise((resolve) => live.child.on('close', resolve))
      expect(code).toBe(1)
      if (form === '--json') expect(JSON.parse(live.shown()).stats).toMatchObject({ events: 2, journeys: 2 })
      else expect(live.shown()).toMatch(/\n2 packets: 1 dropped, 1 undetermined\n$/)
    }
  })
})
