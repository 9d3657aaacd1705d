import { readFileSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { EXAMPLE, folder, nfwhy, type Run, shell } from './nfwhy.ts'
import { delivered, dropped, LOG, RULES } from './small.ts'

/** Of a run with --json. */
const read = ({ stdout }: Run) => JSON.parse(stdout)
const outcomes = (run: Run): string[] => read(run).journeys.map((one: { outcome: string }) => one.outcome)
const formats = (run: Run) =>
  Object.fromEntries(read(run).inputs.map((one: { name: string; format: string }) => [one.name, one.format]))
const warnings = (run: Run) => read(run).warnings.map(({ input, code }: Record<string, string>) => `${input} ${code}`)

describe('files', () => {
  test('in any order', async () => {
    const cwd = folder({ log: LOG, rules: RULES })
    const runs = await Promise.all([
      nfwhy(['explain', 'log', 'rules'], { cwd }),
      nfwhy(['explain', 'rules', 'log'], { cwd }),
    ])
    expect(runs[0]).toEqual(runs[1])
    expect(runs[0]).toMatchObject({ code: 1, stderr: '' })
    expect(runs[0].stdout).toContain('\n  tcp 192.0.2.1:40000 → 192.0.2.2:23')
    expect(runs[0].stdout).toMatch(/\n2 packets: 1 dropped, 1 to this host\n$/)
  })

  test('are told by what is in them, not by their names', async () => {
    const bytes = (name: string) => readFileSync(join(EXAMPLE, name))
    const cwd = folder({
      'rules.v4': bytes('dmesg.log'),
      'ip-addr.json': bytes('rules.v4'),
      unknown: bytes('host/ip-addr.json'),
      'unknown.log': bytes('host/sysctl.txt'),
    })
    const run = await nfwhy(['explain', '--json', '.'], { cwd })
    expect(formats(run)).toEqual({
      'rules.v4': 'kernel-log',
      'ip-addr.json': 'iptables-save',
      unknown: 'ip-addr-json',
      'unknown.log': 'sysctl',
    })
    expect(outcomes(run)).toEqual(['dropped', 'delivered'])
  })

  test('a file given twice is read once, under whatever name', async () => {
    const cwd = folder({ log: LOG, rules: RULES })
    symlinkSync('log', join(cwd, 'link'))
    const run = await nfwhy(['explain', '--json', 'log', 'rules', './log', 'link'], { cwd })
    expect(outcomes(run)).toEqual(['dropped', 'delivered'])
    expect(warnings(run)).toEqual(['./log given-twice', 'link given-twice'])
    expect(run.stderr).toBe(
      '  warn   ./log: this is the same file as log; it was read once\n' +
        '  warn   link: this is the same file as log; it was read once\n',
    )
  })

  test('what nfwhy has printed is passed over in a folder', async () => {
    const cwd = folder({ log: LOG, rules: RULES })
    await nfwhy(['explain', 'log', 'rules', '-o', 'told.json'], { cwd })
    await nfwhy(['explain', 'log', 'rules', '-o', 'told.ndjson'], { cwd })
    const run = await nfwhy(['explain', '--json', '.'], { cwd })
    expect(warnings(run)).toEqual([])
    expect(outcomes(run)).toEqual(['dropped', 'delivered'])
    expect((await nfwhy(['explain', 'told.json'], { cwd })).stderr).toContain(
      "told.json: this is nfwhy's own output (nfwhy.explanation/1), not an input",
    )
  })

  test('a file that is in a folder given too is read once', async () => {
    const cwd = folder({ 'bundle/log': LOG, 'bundle/rules': RULES })
    const run = await nfwhy(['explain', '--json', 'bundle', 'bundle/log', 'bundle'], { cwd })
    expect(outcomes(run)).toEqual(['dropped', 'delivered'])
    expect(warnings(run)).toEqual(['bundle/log given-twice'])
  })

  test('an empty one among others is listed and no error', async () => {
    const cwd = folder({ log: LOG, rules: RULES, none: '' })
    const run = await nfwhy(['explain', '--json', 'none', 'log', 'rules'], { cwd })
    expect(run).toMatchObject({ code: 1, stderr: '' })
    expect(formats(run)).toEqual({ none: 'empty', log: 'kernel-log', rules: 'iptables-save' })
    expect(warnings(run)).toEqual([])
  })

  test('an empty one that is named as rules or a capture is told of', async () => {
    const cwd = folder({ log: LOG, rules: RULES, 'ruleset.nft': '', 'ss.txt': '', 'sub/dmesg.log': '' })
    const run = await nfwhy(['explain', '--json', '.'], { cwd })
    expect(warnings(run).sort()).toEqual(['ruleset.nft empty', 'sub/dmesg.log empty'])
  })

  test('an empty one alone is an error', async () => {
    const cwd = folder({ none: '', too: '' })
    const { code, stdout, stderr } = await nfwhy(['explain', 'none'], { cwd })
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^nfwhy: none: it is empty\.\nDid the command that wrote it run as root\?/)
    const both = await nfwhy(['explain', 'none', 'too'], { cwd })
    expect(both).toMatchObject({ code: 2, stdout: '' })
    expect(both.stderr).toMatch(/^nfwhy: All files given are empty\.\n/)
  })

  test('one that is not known is named and left alone', async () => {
    const cwd = folder({ log: LOG, rules: RULES, 'notes.txt': 'The firewall eats my packets.\n' })
    const run = await nfwhy(['explain', 'notes.txt', 'log', 'rules'], { cwd })
    expect(run.code).toBe(1)
    // data on standard output, all else on standard error
    expect(run.stdout).not.toContain('notes.txt')
    expect(run.stderr).toContain(
      '  warn   notes.txt: this is neither a capture nor a ruleset nor host state that\n         nfwhy knows; it was skipped\n',
    )
  })

  test.each([
    [
      'xz',
      Buffer.from('fd377a585a000004', 'hex'),
      'this is compressed, and was skipped; read it with: xzcat x | nfwhy explain -',
    ],
  ])('what to do with one that has to be unpacked (%s)', async (_, bytes, words) => {
    const cwd = folder({ x: bytes })
    const { code, stderr } = await nfwhy(['explain', 'x'], { cwd })
    expect(code).toBe(2)
    expect(stderr.split('\n')[0]).toBe(`nfwhy: x: ${words}.`)
  })

  test.each([
    ['as PowerShell writes it', (bytes: Buffer) => bytes],
    ['with the other byte first', (bytes: Buffer) => bytes.swap16()],
  ])('text of two bytes a letter is read (%s)', async (_, order) => {
    const text = `\ufeff${LOG.replaceAll('\n', '\r\n')}`
    const [plain, wide] = [Buffer.from(LOG), order(Buffer.from(text, 'utf16le'))].map((bytes) => folder({ x: bytes }))
    const [told, same] = await Promise.all([plain, wide].map((cwd) => nfwhy(['explain', 'x'], { cwd: cwd! })))
    expect(same).toEqual(told)
    expect(same!.stdout).toContain('192.0.2.')
  })

  test('what to do with a packed folder', async () => {
    const cwd = folder({ 'why.tar.xz': Buffer.from('fd377a585a000004', 'hex') })
    const { code, stderr } = await nfwhy(['explain', 'why.tar.xz'], { cwd })
    expect(code).toBe(2)
    expect(stderr).toContain('unpack it with: tar xf why.tar.xz, and give the folder.')
  })

  test('what to take in place of iptables -L', async () => {
    const listing = 'Chain INPUT (policy DROP)\ntarget prot opt source destination\nDROP all -- 0.0.0.0/0 0.0.0.0/0\n'
    const cwd = folder({ log: LOG, listed: listing })
    const { stderr } = await nfwhy(['explain', 'log', 'listed', '--width', '200'], { cwd })
    expect(stderr).toContain('iptables -L without -v does not show interfaces')
    expect(stderr).toContain('iptables-save -c')
  })

  test('one that is cut in the middle is used as far as it goes', async () => {
    const cwd = folder({ log: LOG.slice(0, -100), rules: RULES.slice(0, RULES.indexOf('COMMIT')) })
    const run = await nfwhy(['explain', '--json', 'log', 'rules'], { cwd })
    expect(run.code).toBe(1)
    expect(outcomes(run)).toEqual(['dropped', 'delivered'])
    expect(read(run).warnings).toContainEqual({
      input: 'rules',
      line: 2,
      code: 'missing-commit',
      message: 'table filter lacks its COMMIT at the end of the file',
    })
  })
})

describe('folders', () => {
  test('the example', async () => {
    const run = await nfwhy(['explain', '--json', EXAMPLE])
    expect(run).toMatchObject({ code: 1, stderr: '' })
    expect(outcomes(run)).toEqual(['dropped', 'delivered'])
    expect(read(run).journeys[0].culprit).toMatchObject({ table: 'nat', chain: 'KUBE-NODEPORTS', ruleNumber: 16 })
    const bytes = (name: string) => readFileSync(join(EXAMPLE, name)).length
    expect(read(run).inputs).toEqual(
      [
        ['dmesg.log', 'kernel-log'],
        ['host/conntrack.txt', 'conntrack'],
        ['host/ip-addr.json', 'ip-addr-json'],
        ['host/ip-route.json', 'ip-route-json'],
        ['host/ip-rule.json', 'ip-rule-json'],
        ['host/ss-listening.txt', 'ss'],
        ['host/sysctl.txt', 'sysctl'],
        ['rules.v4', 'iptables-save'],
      ].map(([name, format]) => ({ name: join(EXAMPLE, name!), format, bytes: bytes(name!) })),
    )
  })

  test('folders in folders, links, empty and hidden files', async () => {
    const cwd = folder({
      'b/deep/er/log': LOG,
      'b/rules': RULES,
      'b/none': '',
      'b/.hidden.log': dropped({ sport: 1 }),
      'b/.git/log': dropped({ sport: 2 }),
      'elsewhere/log': delivered({ at: 102, sport: 3 }),
    })
    symlinkSync('..', join(cwd, 'b/deep/round'))
    symlinkSync('nowhere', join(cwd, 'b/broken'))
    symlinkSync('../elsewhere', join(cwd, 'b/linked'))
    const run = await nfwhy(['explain', '--json', 'b'], { cwd })
    expect(run.code).toBe(1)
    expect(formats(run)).toEqual({
      'b/deep/er/log': 'kernel-log',
      'b/linked/log': 'kernel-log',
      'b/none': 'empty',
      'b/rules': 'iptables-save',
    })
    expect(outcomes(run)).toEqual(['dropped', 'delivered', 'delivered'])
    expect(run.stderr).toBe('  warn   b/broken: there is no such file; it was left out\n')
  })

  test("Kubernetes' way to mount files", async () => {
    const cwd = folder({ 'm/..2026/log': LOG, 'm/..2026/rules': RULES })
    symlinkSync('..2026', join(cwd, 'm/..data'))
    for (const name of ['log', 'rules']) symlinkSync(`..data/${name}`, join(cwd, 'm', name))
    expect(formats(await nfwhy(['explain', '--json', 'm'], { cwd }))).toEqual({
      'm/log': 'kernel-log',
      'm/rules': 'iptables-save',
    })
  })

  test('only empty files, no file, and only hidden ones are errors', async () => {
    const cwd = folder({ 'empty/a': '', 'empty/b': '', 'hidden/.a': LOG })
    const empty = await nfwhy(['explain', 'empty'], { cwd })
    expect(empty).toMatchObject({ code: 2, stdout: '' })
    expect(empty.stderr).toMatch(/^nfwhy: All files given are empty\.\n/)
    const hidden = await nfwhy(['explain', 'hidden'], { cwd })
    expect(hidden).toEqual({
      code: 2,
      stdout: '',
      stderr: 'nfwhy: hidden: there is no file in this folder (nfwhy ignores hidden files).\n',
    })
  })

  test('what is no file is not waited for', async () => {
    const cwd = folder({ 'b/log': LOG, 'b/rules': RULES })
    await shell('mkfifo b/fifo', { cwd })
    const server = createServer().listen(join(cwd, 'b/socket'))
    onTestFinished(() => void server.close())
    const run = await nfwhy(['explain', '--json', 'b'], { cwd })
    expect(outcomes(run)).toEqual(['dropped', 'delivered'])
    expect(warnings(run)).toEqual(['b/fifo not-a-file', 'b/socket not-a-file'])
  })
})

describe('an input that cannot be read to its end', () => {
  /** Of the log the seventh read fails, as on a broken disk: two tell what it is, four more blocks can be read. */
  const BROKEN = `
    const fs = require('node:fs')
    const { readSync } = fs
    const { ino } = fs.statSync('log')
    let reads = 0
    fs.readSync = (fd, ...args) => {
      if (fs.fstatSync(fd).ino !== ino || ++reads < 7) return readSync(fd, ...args)
      throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO', syscall: 'read' })
    }
    require('node:module').syncBuiltinESMExports()`

  test('is used as far as it goes', async () => {
    const cwd = folder({ 'broken.cjs': BROKEN, log: LOG + `${'x'.repeat(99)}\n`.repeat(30_000), rules: RULES })
    const run = await nfwhy(['explain', '--json', 'log', 'rules'], {
      cwd,
      node: ['--require', join(cwd, 'broken.cjs')],
    })
    expect(run.code).toBe(1)
    expect(outcomes(run)).toEqual(['dropped', 'delivered'])
    expect(read(run).stats.bytes).toBe(2 ** 20)
    expect(read(run).warnings).toEqual([
      {
        input: 'log',
        code: 'unreadable-rest',
        message: 'it could not be read to its end: the system cannot read or write it (input/output error)',
      },
    ])
  })
})

describe('pipes given as files', () => {
  test('process substitution', async () => {
    const cwd = folder({ log: LOG, rules: RULES })
    const run = await shell('nfwhy explain --json <(cat log) <(cat rules)', { cwd })
    expect(outcomes(run)).toEqual(['dropped', 'delivered'])
    expect(read(run).inputs.map(({ format, bytes }: Record<string, unknown>) => [format, bytes])).toEqual([
      ['kernel-log', LOG.length],
      ['iptables-save', RULES.length],
    ])
  })

  test('a FIFO, whose writer comes later', async () => {
    const cwd = folder({ log: LOG, rules: RULES })
    await shell('mkfifo fifo', { cwd })
    const run = await shell('(sleep 0.3; cat log > fifo) & nfwhy explain --json fifo rules', { cwd })
    expect(run.code).toBe(1)
    expect(outcomes(run)).toEqual(['dropped', 'delivered'])
  })
})

describe('--as', () => {
  test('overrides what a file looks like, also of one in a folder', async () => {
    // of a long file the beginning tells what it is
    const long = `${RULES.replace('--dport 23', '--dport 80')}${'# \n'.repeat(30_000)}${LOG}`
    const cwd = folder({ 'b/rules': RULES, 'b/ticket': long })
    const guessed = await nfwhy(['explain', '--json', 'b'], { cwd })
    expect(guessed).toMatchObject({ code: 2, stdout: '' })
    expect(guessed.stderr).toMatch(
      /^nfwhy: There is no capture among the inputs: b\/rules \(iptables-save\), b\/ticket \(iptables-save\)\.\n/,
    )
    const told = await nfwhy(['explain', '--json', 'b', '--as', 'kernel-log:b/ticket'], { cwd })
    expect(formats(told)).toEqual({ 'b/ticket': 'kernel-log', 'b/rules': 'iptables-save' })
    expect(outcomes(told)).toEqual(['dropped', 'delivered'])
    expect(warnings(told)).toEqual([])
  })

  test('a file may be read as two things', async () => {
    const cwd = folder({ ticket: `Rules:\n${RULES}\nLog:\n${LOG}` })
    const run = await nfwhy(['explain', '--json', '--as', 'kernel-log:ticket', '--as', 'iptables-save:ticket'], { cwd })
    expect(outcomes(run)).toEqual(['dropped', 'delivered'])
    expect(read(run).inputs.map(({ format }: { format: string }) => format)).toEqual(['kernel-log', 'iptables-save'])
  })

  test('of standard input', async () => {
    const cwd = folder({ rules: RULES })
    const run = await nfwhy(['explain', '--json', '--as', 'kernel-log:-', 'rules'], { cwd, input: LOG })
    expect(formats(run)).toEqual({ 'standard input': 'kernel-log', rules: 'iptables-save' })
  })

  test('of a file that has nothing of the kind', async () => {
    const cwd = folder({ prose: 'Dear all,\n\nthe firewall is broken.\n' })
    const { code, stdout, stderr } = await nfwhy(['explain', '--as', 'kernel-log:prose'], { cwd })
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^nfwhy: prose: it contains no packet\.\nWas a packet sent /)
  })
})
