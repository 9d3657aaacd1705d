/** Archives given as inputs: what is read from them, and what is refused. */
import { spawnSync } from 'node:child_process'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { Bounds } from '../../src/analysis/inputs/bounds.ts'
import { ReadError, type Source } from '../../src/analysis/inputs/source.ts'
import { unpackTar } from '../../src/analysis/inputs/unpack-tar.ts'
import { header, makeTar } from '../read/make-tar.ts'
import { EXAMPLE, folder, nfwhy, type Run, shell } from './nfwhy.ts'
import { LOG, RULES } from './small.ts'

const read = ({ stdout }: Run) => JSON.parse(stdout)
const outcomes = (run: Run): string[] => read(run).journeys.map((one: { outcome: string }) => one.outcome)
const told = (run: Run): string[] =>
  read(run).warnings.map(({ input, code, message }: Record<string, string>) => `${input} ${code} ${message}`)

const FILES = [
  { name: 'why/log', content: LOG },
  { name: 'why/rules', content: RULES },
]

describe('an archive', () => {
  test('of a folder says what the folder says', async () => {
    const cwd = folder()
    spawnSync('bash', ['-c', `cp -r ${EXAMPLE} why; tar czf why.tgz why; tar cf why.tar why; cp why.tgz unknown`], {
      cwd,
    })
    const runs = await Promise.all(
      ['why', 'why.tgz', 'why.tar', 'unknown'].map((name) => nfwhy(['explain', '--json', name], { cwd })),
    )
    const [first, ...others] = runs.map((run) => ({ code: run.code, ...read(run), inputs: [] }))
    expect(first.journeys.map(({ outcome }: { outcome: string }) => outcome)).toEqual(['dropped', 'delivered'])
    for (const one of others) expect(one).toEqual(first)
    const texts = await Promise.all(['why', 'why.tgz'].map((name) => nfwhy(['explain', name], { cwd })))
    expect(texts[1]).toEqual(texts[0])
  })

  test('names its files behind its own name, and what came out of them in bytes', async () => {
    const cwd = folder({ 'why.tgz': gzipSync(makeTar(FILES)) })
    const run = await nfwhy(['explain', '--json', 'why.tgz'], { cwd })
    expect(read(run).inputs).toEqual([
      { name: 'why.tgz/why/log', format: 'kernel-log', bytes: LOG.length },
      { name: 'why.tgz/why/rules', format: 'iptables-save', bytes: RULES.length },
    ])
  })

  test('comes from a pipe, whole or through gzip', async () => {
    const cwd = folder({ 'a.tar': makeTar(FILES), 'a.tgz': gzipSync(makeTar(FILES)) })
    for (const name of ['a.tar', 'a.tgz']) {
      expect(outcomes(await shell(`cat ${name} | nfwhy explain --json -`, { cwd }))).toEqual(['dropped', 'delivered'])
      expect(outcomes(await shell(`nfwhy explain --json - < ${name}`, { cwd }))).toEqual(['dropped', 'delivered'])
    }
  })

  test('holds packed files and archives', async () => {
    const inner = gzipSync(makeTar([{ name: 'log.gz', content: gzipSync(LOG) }]))
    const cwd = folder({
      'b/outer.tar': makeTar([{ name: 'inner.tgz', content: inner }]),
      'b/rules.gz': gzipSync(RULES),
    })
    expect(outcomes(await nfwhy(['explain', '--json', 'b'], { cwd }))).toEqual(['dropped', 'delivered'])
  })

  test('in an archive in an archive in an archive is left alone', async () => {
    const nest = (depth: number): Buffer =>
      depth === 0 ? Buffer.from(LOG) : makeTar([{ name: `n${depth}`, content: nest(depth - 1) }])
    const cwd = folder({ 'b/deep.tar': nest(4), 'b/log': LOG })
    const run = await nfwhy(['explain', '--json', 'b'], { cwd })
    expect(told(run)).toEqual([
      'b/deep.tar/n4/n3/n2 unreadable it is an archive in an archive in an archive …; it was left out',
    ])
  })

  test('what leads out of it or is no file is refused by name, the rest is used', async () => {
    const hostile = makeTar([
      { name: '../../etc/cron.d/evil', content: 'x' },
      { name: '/etc/passwd', content: 'x' },
      { name: 'shadow', type: '2', link: '/etc/shadow' },
      { name: 'null', type: '3' },
      ...FILES,
    ])
    const cwd = folder({ 'evil.tgz': gzipSync(hostile) })
    const run = await nfwhy(['explain', '--json', 'evil.tgz'], { cwd })
    expect(outcomes(run)).toEqual(['dropped', 'delivered'])
    expect(told(run)).toEqual([
      'evil.tgz archive-name ../../etc/cron.d/evil: its name leads out of the archive (..); it was left out',
      'evil.tgz archive-name /etc/passwd: its name is an absolute path; it was left out',
      'evil.tgz archive-link shadow: it is a link, which is not followed; it was left out',
      'evil.tgz archive-device null: it is a device; it was left out',
    ])
  })

  test('hidden files are for others, the later of two of one name counts', async () => {
    const cwd = folder({
      'a.tar': makeTar([
        { name: '.hidden/log', content: LOG },
        { name: 'rules', content: 'x' },
        { name: 'rules', content: RULES },
        { name: 'log', content: LOG },
      ]),
    })
    const run = await nfwhy(['explain', '--json', 'a.tar'], { cwd })
    expect(read(run).inputs.map(({ name }: { name: string }) => name)).toEqual(['a.tar/log', 'a.tar/rules'])
    expect(told(run)).toEqual(['a.tar archive-twice rules is in a.tar twice; the later one is used'])
  })

  test.each([
    ['of tar', 'a.tar', (bytes: Buffer) => bytes],
    ['of gzip', 'a.tgz', (bytes: Buffer) => gzipSync(bytes, { level: 0 })],
  ])('that is cut (%s) is used as far as it goes', async (_, name, pack) => {
    const whole = pack(makeTar([...FILES, { name: 'zz', content: 'z'.repeat(5000) }]))
    const cwd = folder({ [name]: whole.subarray(0, whole.length - 4000) })
    const run = await nfwhy(['explain', '--json', name], { cwd })
    expect(outcomes(run)).toEqual(['dropped', 'delivered'])
    expect(told(run)[0]).toMatch(
      /archive-damaged (it ends in the middle of a file|the gzip file is truncated); the files before it/,
    )
  })

  test('a file too large to keep is read again from the archive', { tags: ['slow'] }, async () => {
    const at = (second: number) => LOG.replace(/\[[ \d.]+\]/g, `[${second}.000000]`)
    const big = Array.from({ length: 140_000 }, (_, i) => at(100_000 + i)).join('')
    expect(big.length).toBeGreaterThan(64e6)
    const cwd = folder({ 'a.tar': makeTar([{ name: 'log', content: big }, FILES[1]!]) })
    const run = await nfwhy(['explain', 'a.tar', '--outcome', 'dropped'], { cwd })
    expect(run.stderr).toBe('')
    expect(run.stdout).toMatch(/ of 280,000 in the capture/)
  })
})

describe('what grows beyond reason', () => {
  const bomb = gzipSync(Buffer.alloc(100e6))

  test('alone is an error', async () => {
    const cwd = folder({ 'bomb.gz': bomb })
    const run = await nfwhy(['explain', 'bomb.gz'], { cwd })
    expect(run.code).toBe(2)
    expect(run.stderr).toMatch(/^nfwhy: bomb\.gz: it unpacks to more than 300 times its size/)
  })

  test.each([
    [
      'a packed file in an archive',
      makeTar([{ name: 'bomb.gz', content: bomb }, ...FILES]),
      'a.tar/bomb.gz unreadable',
    ],
    [
      'an archive that is packed',
      gzipSync(makeTar([...FILES, { name: 'zeros', content: Buffer.alloc(100e6) }])),
      'a.tar archive-damaged',
    ],
  ])('is left out, and the rest used: %s', { tags: ['slow'] }, async (_, archive, words) => {
    const cwd = folder({ 'a.tar': archive })
    const run = await nfwhy(['explain', '--json', 'a.tar'], { cwd })
    expect(outcomes(run)).toEqual(['dropped', 'delivered'])
    expect(told(run)[0]).toMatch(new RegExp(`^${words} it unpacks to more than 300 times its size`))
  })

  const source = (bytes: Uint8Array, again = true): Source => {
    const blocks = async function* () {
      yield bytes
    }
    return { live: false, again, forgotten: { bytes: 0, lines: 0 }, peek: blocks, forget() {}, blocks, close() {} }
  }

  test('too many files', async () => {
    const reports: string[] = []
    const bounds = Object.assign(new Bounds(), { files: 19_999 })
    const files = await unpackTar('a', source(makeTar([...FILES, ...FILES])), bounds, (code) => void reports.push(code))
    expect(files.map(({ name }) => name)).toEqual(['why/log'])
    expect(reports).toEqual(['archive-files'])
  })

  test('more than memory is for, from what cannot be read again', async () => {
    const reports: string[] = []
    const archive = Buffer.concat([header({ name: 'big', size: 300e6 })])
    await unpackTar(
      'a',
      source(archive, false),
      new Bounds(),
      (code, message) => void reports.push(`${code} ${message}`),
    )
    expect(reports[0]).toBe(
      'archive-size big: it is too large to be read from a pipe; give the archive as a file; it was left out',
    )
  })

  test('is counted over a whole run', async () => {
    const { gunzipped } = await import('../../src/analysis/inputs/unpack.ts')
    const bounds = Object.assign(new Bounds(), { bytes: 16e9 })
    const all = async () => {
      for await (const _ of gunzipped('a', source(gzipSync('x')), bounds).blocks());
    }
    await expect(all()).rejects.toThrow(ReadError)
  })
})
