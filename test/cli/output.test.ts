import { readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkDocument, checkExchange, checkJourney, checkSummary } from '../schemas.ts'
import { begin, EXAMPLE, folder, nfwhy, shell } from './nfwhy.ts'
import { delivered, dropped, LOG, RULES, traceLine } from './small.ts'

const files = () => folder({ log: LOG, rules: RULES })

/** So much that no pipe holds it. */
function long(packets = 3000): string {
  const parts: string[] = []
  for (let i = 0; i < packets; i++)
    parts.push((i % 3 === 0 ? dropped : delivered)({ at: i / 100, sport: 1024 + i, in: `eth${i}` }))
  return parts.join('')
}

test('of packets of one fate the first and the last time are told', async () => {
  const log = [100, 130, 160.5].map((at, i) => dropped({ at, sport: 40_000 + i })).join('')
  const { stdout } = await nfwhy(['explain', 'log', 'rules'], { cwd: folder({ log, rules: RULES }) })
  expect(stdout).toContain('100.000 – 160.500 s after boot')
})

test('of one fate only the exchanges that a filter leaves are counted', async () => {
  const log =
    [100, 130, 160].map((at, i) => dropped({ at, sport: 40_000 + i })).join('') + delivered({ at: 170, sport: 40_001 })
  const cwd = folder({ log, rules: RULES })
  const told = async (...args: string[]) =>
    (await nfwhy(['explain', 'log', 'rules', ...args], { cwd })).stdout.match(/^\d+ exchanges?: .*$/m)?.[0]
  expect(await told('--filter', 'src port 40000')).toBe('1 exchange: dropped')
  expect(await told('--outcome', 'delivered')).toBe('1 exchange: without a captured reply')
  expect(await told()).toBe('4 exchanges: 3 dropped, 1 without a captured reply')
  await nfwhy(['explain', 'log', 'rules', '--filter', 'src port 40000', '-o', 'x.md'], { cwd })
  expect(readFileSync(join(cwd, 'x.md'), 'utf8')).toContain('1 exchange: dropped')
})

test('packets that are sent again are told together, and that they were', async () => {
  const log = [100, 101, 103].map((at) => dropped({ at })).join('') + dropped({ at: 104, sport: 40_009 })
  const cwd = folder({ log, rules: RULES })
  const { stdout } = await nfwhy(['explain', 'log', 'rules'], { cwd })
  expect(stdout).toContain('#1 ×4')
  expect(stdout.match(/DROPPED/g)).toHaveLength(1)
  expect(stdout).toContain('2 retransmissions')
  await nfwhy(['explain', 'log', 'rules', '-o', 'report.md'], { cwd })
  expect(readFileSync(join(cwd, 'report.md'), 'utf8')).toContain('\n2 are retransmissions: their senders got no reply.')
  // for programs each is told by itself
  const lines = (await nfwhy(['explain', 'log', 'rules', '--ndjson'], { cwd })).stdout.split('\n')
  const codes = lines.filter((line) => line.includes('"steps":[{')).map((line) => line.includes('"retransmission"'))
  expect(codes).toEqual([false, true, true, false])
  // while they come: the number at the end
  const live = await nfwhy(['explain', '-', 'rules'], { cwd, input: log })
  expect(live.stdout).toContain('more   #1 ×4 (2 retransmissions)')
})

describe('exit codes', () => {
  test.each([
    ['a drop', '', 1],
    ['only what is shown counts', '--outcome delivered', 0],
    ['the drop is shown', '--outcome dropped,delivered', 1],
    ['the filter leaves the drop out', "--filter 'dst port 80'", 0],
    ['the rule leaves the delivered one out', '--rule filter:INPUT:1', 1],
    ['nothing is shown', '--outcome rejected', 0],
  ])('%s', async (_, options, code) => {
    const cwd = files()
    const runs = ['', '--json', '--ndjson'].map((form) => shell(`nfwhy explain log rules ${form} ${options}`, { cwd }))
    for (const run of await Promise.all(runs)) expect(run).toMatchObject({ code, stderr: '' })
  })

  test('an error among the findings is a problem, wherever the packet went', async () => {
    const run = await nfwhy(['explain', '--json', EXAMPLE, '--outcome', 'delivered'])
    expect(run.code).toBe(0)
    expect(JSON.parse(run.stdout).journeys.map(({ id }: { id: string }) => id)).toEqual(['2'])
  })

  test('what was not shown is counted', async () => {
    const run = await nfwhy(['explain', 'log', 'rules', '--outcome', 'delivered'], { cwd: files() })
    expect(run.stdout).toMatch(/\n1 packet of 2 in the capture: to this host\n$/)
  })
})

describe('JSON', () => {
  test('is as the contract says', async () => {
    const run = await nfwhy(['explain', '--json', EXAMPLE])
    checkDocument(JSON.parse(run.stdout))
    const lines = (await nfwhy(['explain', '--ndjson', EXAMPLE])).stdout.split('\n')
    expect(lines.pop()).toBe('')
    checkSummary(JSON.parse(lines.pop()!))
    expect(lines).toHaveLength(4)
    for (const line of lines.slice(0, 2)) checkJourney(JSON.parse(line))
    for (const line of lines.slice(2)) checkExchange(JSON.parse(line).exchange)
    const { exchanges } = JSON.parse(run.stdout)
    expect(lines.slice(2).map((line) => JSON.parse(line).exchange)).toEqual(exchanges)
  })

  test('of nothing shown is still a document', async () => {
    const options = ['explain', 'log', '--outcome', 'stolen']
    const [json, ndjson] = await Promise.all(
      ['--json', '--ndjson'].map((form) => nfwhy([...options, form], { cwd: files() })),
    )
    checkDocument(JSON.parse(json!.stdout))
    expect(JSON.parse(json!.stdout)).toMatchObject({ journeys: [], stats: { journeys: 2 } })
    checkSummary(JSON.parse(ndjson!.stdout))
  })

  test('counts bytes, events, journeys, and lines that could not be used', async () => {
    const log = `[   99.000000] TRACE: filter:INPUT:rule:1 nothing\n${LOG}`
    const cwd = folder({ log, second: dropped({ at: 300, sport: 7 }), rules: RULES })
    const { stdout } = await nfwhy(['explain', '--json', 'log', 'rules', 'second'], { cwd })
    const { inputs, stats, warnings } = JSON.parse(stdout)
    const second = dropped({ at: 300, sport: 7 }).length
    expect(stats).toMatchObject({ bytes: log.length + second, events: 3, journeys: 3, skipped: 1, lost: 0 })
    expect(inputs).toEqual([
      { name: 'log', format: 'kernel-log', bytes: log.length },
      { name: 'rules', format: 'iptables-save', bytes: RULES.length },
      { name: 'second', format: 'kernel-log', bytes: second },
    ])
    expect(warnings).toMatchObject([{ input: 'log', line: 1 }])
  })

  test('says nothing of a time that is not there', async () => {
    const unstamped = delivered({ sport: 40000, dport: 23 }).replace(/^\[.*?\] /, '')
    const log = dropped().replace('rule:1', 'rule:9').replace('filter', 'mangle') + unstamped
    const { stdout } = await nfwhy(['explain', '--json'], { input: log })
    const { journeys } = JSON.parse(stdout)
    expect(journeys[0].steps).toHaveLength(2)
    expect(journeys[0]).not.toHaveProperty('uptime')
  })

  test('has journeys by their numbers, JSON lines as they complete', async () => {
    // the first packet waits for more while 5000 others come and go
    const cwd = folder({ rules: RULES })
    const others = Array.from({ length: 5000 }, (_, i) => dropped({ at: 1 + i / 1e5, sport: 2000 + i })).join('')
    writeFileSync(join(cwd, 'log'), traceLine('raw:PREROUTING:policy:1', { at: 1, sport: 9 }) + others)
    const ids = (list: { id: string }[]) => list.map(({ id }) => Number(id))
    const { stdout } = await nfwhy(['explain', '--json', 'log', 'rules'], { cwd })
    const sorted = Array.from({ length: 5001 }, (_, i) => i + 1)
    expect(ids(JSON.parse(stdout).journeys)).toEqual(sorted)
    const lines = (await nfwhy(['explain', '--ndjson', 'log', 'rules'], { cwd })).stdout.trimEnd().split('\n')
    expect(ids(lines.slice(0, 5001).map((line) => JSON.parse(line)))).toEqual([...sorted.slice(1), 1])
    expect(ids(lines.slice(5001, -1).map((line) => JSON.parse(line).exchange))).toEqual(sorted)
  })
})

describe('-o', () => {
  test.each([
    ['.txt', []],
    ['.md', undefined],
    ['.json', ['--json']],
    ['.ndjson', ['--ndjson']],
  ])('%s holds what standard output would', async (ending, options) => {
    const cwd = files()
    const written = await nfwhy(['explain', 'log', 'rules', '-o', `report${ending}`], { cwd })
    expect(written).toEqual({ code: 1, stdout: '', stderr: '' })
    const report = readFileSync(join(cwd, `report${ending}`), 'utf8')
    if (options) expect(report).toBe((await nfwhy(['explain', 'log', 'rules', ...options], { cwd })).stdout)
    else expect(report).toMatch(/192\.0\.2\.1/)
  })

  test.each([
    [
      'report.exe',
      '-o report.exe: the suffix selects the format: .html .pcapng .mmd .otlp .sarif .txt .md .json .ndjson.',
    ],
    ['report', '-o report: the suffix selects the format: .html .pcapng .mmd .otlp .sarif .txt .md .json .ndjson.'],
    ['no/report.json', '-o no/report.json cannot be written: there is no such folder.'],
    ['folder.json', '-o folder.json cannot be written: it is a folder.'],
    ['full.json', 'full.json cannot be written: the disk is full.'],
    ['full.md', 'full.md cannot be written: the disk is full.'],
    ['log', '-o log: the suffix selects the format: .html .pcapng .mmd .otlp .sarif .txt .md .json .ndjson.'],
    ['link.json', '-o link.json: this file is one of the inputs, and would be overwritten.'],
  ])('%s', async (output, sentence) => {
    const cwd = folder({ log: LOG, rules: RULES, 'folder.json/x': '' })
    for (const name of ['full.json', 'full.md']) symlinkSync('/dev/full', join(cwd, name))
    symlinkSync('rules', join(cwd, 'link.json'))
    const run = await nfwhy(['explain', 'log', 'rules', '-o', output], { cwd })
    expect(run).toEqual({ code: 2, stdout: '', stderr: `nfwhy: ${sentence}\n` })
    expect(readFileSync(join(cwd, 'rules'), 'utf8')).toBe(RULES)
  })
})

describe('standard output', () => {
  test.each(['', '--json', '--ndjson', '--full'])('on a full disk %s', async (form) => {
    const run = await shell(`nfwhy explain log rules ${form} > /dev/full`, { cwd: files() })
    expect(run).toEqual({
      code: 2,
      stdout: '',
      stderr: 'nfwhy: standard output cannot be written: the disk is full.\n',
    })
  })

  test.each(['', '--json', '--ndjson', '--full'])(
    'closed early: quiet, and an end at once %s',
    { tags: ['slow'] },
    async (form) => {
      const cwd = folder({ log: long() })
      const run = await shell(`nfwhy explain log ${form} | head -n 1; exit "\${PIPESTATUS[0]}"`, { cwd })
      expect(run).toMatchObject({ code: 0, stderr: '' })
      expect(run.stdout.split('\n')).toHaveLength(2)
    },
  )

  test('closed early while the input goes on: ends with the next packet', { tags: ['slow'] }, async () => {
    const script = `(cat log; while cat log; do sleep 0.2; done) | nfwhy explain --ndjson - | head -n 1; exit "\${PIPESTATUS[1]}"`
    const run = await shell(script, { cwd: folder({ log: long(300) }) })
    expect(run).toMatchObject({ code: 0, stderr: '' })
  })

  test('closed while nothing comes in: ends with the pause', { tags: ['slow'] }, async () => {
    const live = begin(['explain', '--ndjson', '-'])
    live.child.stdout!.destroy()
    live.write(traceLine('raw:PREROUTING:policy:1'))
    expect(await new Promise((resolve) => live.child.on('close', resolve))).toBe(0)
  })

  test('nobody listens at all', async () => {
    const cwd = files()
    for (const words of ['explain log rules', '--help', '--version', 'explain --help', 'nosuch'])
      expect((await shell(`nfwhy ${words} 2>&1 | true; exit "\${PIPESTATUS[0]}"`, { cwd })).stderr).toBe('')
  })

  test('slower than we are', { tags: ['slow'] }, async () => {
    const cwd = folder({ log: long() })
    const [slow, fast] = await Promise.all([
      shell('nfwhy explain --json log | (sleep 0.5; cat)', { cwd }),
      shell('nfwhy explain --json log', { cwd }),
    ])
    expect(slow.stdout).toBe(fast.stdout)
  })

  test('is as wide as is asked for, and ASCII where the locale has no more', async () => {
    const cwd = folder({ log: LOG, rules: RULES })
    const widest = ({ stdout }: { stdout: string }) => Math.max(...stdout.split('\n').map((line) => [...line].length))
    const [usual, narrow, wide, ascii, option] = await Promise.all([
      nfwhy(['explain', 'log', 'rules'], { cwd }),
      nfwhy(['explain', 'log', 'rules'], { cwd, env: { COLUMNS: '50' } }),
      nfwhy(['explain', 'log', 'rules'], { cwd, env: { COLUMNS: '200' } }),
      nfwhy(['explain', 'log', 'rules'], { cwd, env: { LANG: 'C' } }),
      nfwhy(['explain', 'log', 'rules', '--width', '50'], { cwd, env: { COLUMNS: '200' } }),
    ])
    expect(widest(usual)).toBeLessThanOrEqual(80)
    expect(widest(narrow)).toBeLessThanOrEqual(50)
    expect(widest(wide)).toBeGreaterThan(80)
    expect(option).toEqual(narrow)
    expect(ascii.stdout).toMatch(/^[\x20-\x7e\n]+$/)
    expect(usual.stdout).not.toMatch(/^[\x20-\x7e\n]+$/)
  })

  test('has no colour away from a terminal, and colour at one unless that is not wanted', async () => {
    const cwd = files()
    const atTerminal = (words: string, env: NodeJS.ProcessEnv = {}) =>
      shell(
        `script -qec "'${process.execPath}' '${new URL('../../bin/nfwhy.js', import.meta.url).pathname}' explain log rules ${words}" /dev/null < /dev/null`,
        {
          cwd,
          env: { TERM: 'xterm', ...env },
        },
      )
    const COLOUR = /\x1b\[/
    expect((await nfwhy(['explain', 'log', 'rules'], { cwd })).stdout).not.toMatch(COLOUR)
    expect((await atTerminal('')).stdout).toMatch(COLOUR)
    expect((await atTerminal('--no-color')).stdout).not.toMatch(COLOUR)
    expect((await atTerminal('', { NO_COLOR: '1' })).stdout).not.toMatch(COLOUR)
    expect((await atTerminal('', { TERM: 'dumb' })).stdout).not.toMatch(COLOUR)
    expect((await atTerminal('-o x.txt')).stdout).toBe('')
    expect(readFileSync(join(cwd, 'x.txt'), 'utf8')).not.toMatch(COLOUR)
  })
})
