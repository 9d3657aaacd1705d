/** Bundles: several machines, rules of several times, files that are nobody's. */
import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { makeTar } from '../read/make-tar.ts'
import { checkDocument } from '../schemas.ts'
import { folder, nfwhy, type Run } from './nfwhy.ts'
import { dropped, LOG, RULES } from './small.ts'

const read = ({ stdout }: Run) => JSON.parse(stdout)
const hosts = (run: Run) =>
  read(run).journeys.map(({ host, outcome }: Record<string, string>) => `${host ?? '-'} ${outcome}`)

describe('files that are nobody’s', () => {
  test('are named once, and left alone', async () => {
    const cwd = folder({ 'b/log': LOG, 'b/rules': RULES, 'b/notes.txt': 'lunch\n', 'b/todo.md': 'nothing\n' })
    const run = await nfwhy(['explain', 'b'], { cwd })
    expect(run.stderr).toBe(
      '  warn   b/notes.txt: this is neither a capture nor a ruleset nor host state\n' +
        '         that nfwhy knows; it was skipped\n' +
        '         the same applies to b/todo.md\n',
    )
  })
})

describe('a bundle without a capture', () => {
  test('says what is missing, how to get it, and what can be told without', async () => {
    const cwd = folder({ 'b/rules': RULES })
    const { code, stdout, stderr } = await nfwhy(['explain', 'b'], { cwd })
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^nfwhy: There is no capture among the inputs: b\/rules \(iptables-save\)\.\n/)
    expect(stderr).toContain('iptables -t raw -I PREROUTING 1')
    expect(stderr).toContain('nfwhy map ')
    expect(stderr).not.toContain('nfwhy flows')
  })
})

describe('several machines', () => {
  const OPEN = RULES.replace(/-A INPUT.*\n/, '')

  test('each has its own rules, and journeys their host', async () => {
    const cwd = folder({
      'b/a/log': dropped(),
      'b/a/rules': RULES,
      'b/z/log': dropped().replace(':rule:1', ':policy:1'),
      'b/z/rules': OPEN,
    })
    const expected = ['a dropped', 'z delivered']
    expect(hosts(await nfwhy(['explain', '--json', 'b'], { cwd }))).toEqual(expected)
    expect(hosts(await nfwhy(['explain', '--json', 'b/a', 'b/z'], { cwd }))).toEqual(expected)
    spawnSync('bash', ['-c', 'cd b; tar czf ../a.tgz a; tar czf ../z.tgz z; cd ..; tar czf b.tgz b'], { cwd })
    expect(hosts(await nfwhy(['explain', '--json', 'a.tgz', 'z.tgz'], { cwd }))).toEqual(expected)
    expect(hosts(await nfwhy(['explain', '--json', 'b.tgz'], { cwd }))).toEqual(expected)
    const { stdout } = await nfwhy(['explain', 'b'], { cwd })
    expect(stdout).toMatch(/^✗ DROPPED .* #1\n.* on a\n/)
  })

  test('a namespace inside its host', async () => {
    const cwd = folder({
      'box/log': dropped(),
      'box/rules': RULES,
      'box/netns/web/log': dropped().replace(':rule:1', ':policy:1'),
      'box/netns/web/rules': OPEN,
    })
    expect(hosts(await nfwhy(['explain', '--json', 'box'], { cwd }))).toEqual(['box dropped', 'web delivered'])
  })

  test('dated folders are of one machine, unless their machines name themselves otherwise', async () => {
    const uname = (host: string) => `Linux ${host} 6.1.0-28-amd64 #1 SMP x86_64 GNU/Linux\n`
    const files = (one: string, other: string) => ({
      'why-20261120/log': dropped(),
      'why-20261120/rules': RULES,
      'why-20261120/uname': uname(one),
      'why-20261121/log': dropped().replace(':rule:1', ':policy:1'),
      'why-20261121/rules': OPEN,
      'why-20261121/uname': uname(other),
    })
    const args = ['explain', '--json', 'why-20261120', 'why-20261121']
    expect(hosts(await nfwhy(args, { cwd: folder(files('a', 'b')) }))).toEqual([
      'why-20261120 dropped',
      'why-20261121 delivered',
    ])
    const same = await nfwhy(args, { cwd: folder(files('a', 'a')) })
    expect(read(same).journeys.map(({ host }: Record<string, string>) => host)).toEqual([undefined, undefined])
  })

  test('folders that sort one machine’s files are none', async () => {
    const cwd = folder({
      'b/captures/log': LOG,
      'b/rules/v4': RULES,
      'b/rules/v6': RULES.replace('iptables', 'ip6tables'),
    })
    expect(hosts(await nfwhy(['explain', '--json', 'b'], { cwd }))).toEqual(['- dropped', '- delivered'])
  })

  test('a log that is gathered from many is laid on the rules of the host it names', async () => {
    const line = (host: string, text: string) => `Nov 20 11:00:00 ${host} kernel: ${text}`
    const log = line('a', dropped()) + line('z', dropped().replace(':rule:1', ':policy:1')) + line('y', dropped())
    const cwd = folder({ 'b/all.log': log + dropped({ sport: 9 }), 'b/a/rules': RULES, 'b/z/rules': OPEN })
    expect(hosts(await nfwhy(['explain', '--json', 'b'], { cwd }))).toEqual([
      'a dropped',
      'z delivered',
      'y undetermined',
      'b undetermined',
    ])
  })

  test('commands about one ask for one', async () => {
    const cwd = folder({ 'b/a/log': LOG, 'b/a/rules': RULES, 'b/z/log': LOG, 'b/z/rules': RULES })
    const run = await nfwhy(['simulate', 'b', '--packet', 'tcp 1.2.3.4:1 > 1.2.3.5:2'], { cwd })
    expect(run).toMatchObject({ code: 2, stderr: expect.stringContaining('several machines among the inputs: a, z.') })
  })

  describe('one packet seen on both', () => {
    const line = (host: string, ttl: number, words = '') =>
      `[ 9.0] TRACE: filter:${host} SRC=192.0.2.1 DST=198.51.100.9 LEN=60 TOS=0x00 PREC=0x00 TTL=${ttl} ID=4711 ` +
      `PROTO=TCP SPT=40000 DPT=23 SEQ=77 ACK=0 WINDOW=64240 RES=0x00 SYN URGP=0 ${words}\n`
    const first = line('FORWARD:policy:1 IN=eth0 OUT=eth1', 63)
    const second = line('INPUT:rule:1 IN=eth0 OUT=', 63)
    const bundle = (a: string, z: string) =>
      folder({ 'b/a/log': a, 'b/a/rules': OPEN, 'b/z/log': z, 'b/z/rules': RULES })

    test('is joined, whatever the clocks say', async () => {
      const cwd = bundle(first, second.replace('9.0', '123456.0'))
      const run = await nfwhy(['explain', '--json', 'b'], { cwd })
      const both = [{ from: { host: 'a', journey: '1' }, to: { host: 'z', journey: '2' } }]
      expect(read(run).joined).toEqual(both)
      checkDocument(read(run))
      const lines = (await nfwhy(['explain', '--ndjson', 'b'], { cwd })).stdout.trim().split('\n')
      expect(JSON.parse(lines.at(-1)!).summary.joined).toEqual(both)
      const { stdout } = await nfwhy(['explain', 'b'], { cwd })
      expect(stdout).toContain('  also   the same packet on a: #1 FORWARDED\n')
      expect(stdout).toContain('  also   the same packet on z: #2 DROPPED at filter INPUT\n')
    })

    test.each([
      ['another IP ID', second.replace('ID=4711', 'ID=4712')],
      ['another sequence number', second.replace('SEQ=77', 'SEQ=78')],
      ['another port', second.replace('SPT=40000', 'SPT=40001')],
      ['a TTL that grew', second.replace('TTL=63', 'TTL=64')],
      ['two that would do', second + second.replace('9.0', '99.0')],
    ])('is not claimed: %s', async (_, z) => {
      const run = await nfwhy(['explain', '--json', 'b'], { cwd: bundle(first, z) })
      expect(read(run).joined).toEqual([])
    })
  })
})

describe('rules saved at several times', () => {
  const EARLY = RULES.replaceAll('08:00:00', '10:00:00').replace('--dport 23 -j DROP', '--dport 23 -j ACCEPT')
  const LATE = RULES.replaceAll('08:00:00', '12:00:00')
  const undated = (rules: string) => rules.replace(/^#.*\n/gm, '')
  const at = (time: string) => `Nov 20 ${time} box kernel: ${dropped()}`
  const log = at('11:00:00') + at('12:30:00')
  const findings = (run: Run) =>
    read(run).journeys.map(({ outcome, findings }: { outcome: string; findings: { code: string }[] }) =>
      [outcome, ...findings.filter(({ code }) => code === 'ruleset-changed').map(({ code }) => code)].join(' '),
    )
  const EXPECTED = ['delivered ruleset-changed', 'dropped']

  test.each<[string, Record<string, string>]>([
    ['comments', { 'b/one': EARLY, 'b/two': LATE }],
    ['comments in one file', { 'b/all': EARLY + LATE }],
    ['names of files', { 'b/rules-2026-11-20T10:00:00': undated(EARLY), 'b/rules-20261120-120000': undated(LATE) }],
    ['names of folders', { 'b/2026-11-20_10-00/rules': undated(EARLY), 'b/2026-11-20_12-00/rules': undated(LATE) }],
  ])('are told by %s', async (_, files) => {
    const run = await nfwhy(['explain', '--json', 'b'], { cwd: folder({ ...files, 'b/log': log }) })
    expect(findings(run)).toEqual(EXPECTED)
    expect(read(run).warnings).toEqual([])
  })

  test('are told by when the files of an archive were written', async () => {
    const time = (hour: number) => Date.UTC(2026, 10, 20, hour) / 1000
    const archive = makeTar([
      { name: 'a', content: undated(LATE), mtime: time(12) },
      { name: 'b', content: undated(EARLY), mtime: time(10) },
      { name: 'log', content: log },
    ])
    expect(findings(await nfwhy(['explain', '--json', 'b.tar'], { cwd: folder({ 'b.tar': archive }) }))).toEqual(
      EXPECTED,
    )
  })

  test('say between when the rules were changed', async () => {
    const cwd = folder({ one: EARLY, two: LATE, log })
    const { stdout } = await nfwhy(['explain', 'one', 'two', 'log'], { cwd })
    expect(stdout.replace(/\s+/g, ' ')).toContain(
      'The packet came while the rules changed: filter INPUT changed between 2026-11-20 10:00:00 ' +
        'and 2026-11-20 12:00:00. nfwhy uses the earlier rules.',
    )
  })

  test('what the trace contradicts were not those in force', async () => {
    const more = LATE.replace('-A INPUT', '-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n-A INPUT')
    const second = (time: string) => at(time).replace('INPUT:rule:1', 'INPUT:rule:2')
    const files = { one: EARLY, two: more, log: at('10:30:00') + second('11:00:00') }
    const run = await nfwhy(['explain', '--json', 'one', 'two', 'log'], { cwd: folder(files) })
    // of the first both may be true, were it not for the second rule's number
    expect(findings(run)).toEqual(['delivered ruleset-changed', 'dropped'])
  })

  test('without a date in the capture the latest count, and that is told', async () => {
    const cwd = folder({ one: EARLY, two: LATE, log: dropped() })
    expect(findings(await nfwhy(['explain', '--json', 'one', 'two', 'log'], { cwd }))).toEqual([
      'dropped ruleset-changed',
    ])
  })

  test('that say the same, whatever they counted, are one', async () => {
    const again = LATE.replace('[0:0]', '[5:300]').replaceAll('12:00:00', '13:00:00')
    const cwd = folder({ one: LATE, two: again, log: at('12:30:00') })
    const run = await nfwhy(['explain', '--json', 'one', 'two', 'log'], { cwd })
    expect(findings(run)).toEqual(['dropped'])
    expect(read(run).warnings).toEqual([])
  })

  test('a set that its rules ask for was changed', async () => {
    const rules = (elements: string) =>
      `table inet t {\n\tset allowed {\n\t\ttype inet_service\n\t\telements = { ${elements} }\n\t}\n\tset other {\n\t\ttype mark\n\t}\n}\n`
    const all = RULES.replace('-A INPUT', '-A INPUT -m set --match-set hosts src -j ACCEPT\n-A INPUT').replace(
      /^#.*\n/gm,
      '',
    )
    const ipset = (address: string) => `create hosts hash:ip family inet\nadd hosts ${address}\n`
    const files = {
      'b/rules': all,
      'b/2026-11-20T10:00/nft': rules('80'),
      'b/2026-11-20T12:00/nft': rules('80, 443'),
      'b/2026-11-20T10:00/ipset': ipset('203.0.113.1'),
      'b/2026-11-20T12:00/ipset': ipset('203.0.113.2'),
      'b/log': at('11:00:00').replace('INPUT:rule:1', 'INPUT:rule:2'),
    }
    const run = await nfwhy(['explain', '--json', 'b'], { cwd: folder(files) })
    const [{ findings }] = read(run).journeys
    const told = findings.find(({ code }: { code: string }) => code === 'ruleset-changed')
    // what asks for the other one is nobody
    expect(told.message).toContain('set hosts changed between')
  })

  test('a change that the packet did not meet is none', async () => {
    const other = LATE.replace('-A INPUT', '-A FORWARD -j DROP\n-A INPUT').replaceAll('12:00:00', '13:00:00')
    const cwd = folder({ one: LATE, two: other, log: at('12:30:00') })
    expect(findings(await nfwhy(['explain', '--json', 'one', 'two', 'log'], { cwd }))).toEqual(['dropped'])
  })
})
