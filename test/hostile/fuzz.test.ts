/** A share of `npm run fuzz:inputs` that stays the same; and that it finds what it looks for. */
import { execFile } from 'node:child_process'
import { expect, test } from 'vitest'
import { share } from '../share.ts'
import { Broken } from './broken.ts'
import { type Case, makeCase } from './case.ts'
import { judgeDocument, judgeForm, judgePrototypes, judgeText } from './judge-output.ts'
import { Random } from './random.ts'
import { failureOf } from './run-case.ts'
import { Seeds } from './seeds.ts'
import { shrink } from './shrink.ts'

const CASES = share(1000)
const SEED = 11

const run = (...args: string[]): Promise<{ code: number; text: string }> =>
  new Promise((resolve) => {
    execFile(
      process.execPath,
      ['scripts/fuzz-inputs.mjs', ...args],
      { env: environment() },
      (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code ?? -1) : 0, text: stdout + stderr })
      },
    )
  })

/** Seeds are the repository's own, so that the cases are the same everywhere. */
const environment = () => ({ ...process.env, NFWHY_CORPUS: '' })

test('nothing throws, hangs or breaks a promise', { timeout: 1_200_000 }, async () => {
  const { code, text } = await run('--cases', String(CASES), '--seed', String(SEED), '--jobs', '1')
  expect(text).toContain(`${CASES} cases from seed ${SEED}`)
  expect(code, text).toBe(0)
})

test('a case is told by seed and number alone', () => {
  const [one, other] = [new Seeds(['fixtures', 'examples']), new Seeds(['fixtures', 'examples'])]
  for (const number of [0, 1, 17, 4_000_000]) {
    expect(makeCase(one, SEED, number)).toEqual(makeCase(other, SEED, number))
    expect(makeCase(one, SEED, number)).not.toEqual(makeCase(one, SEED, number + 1))
  }
  const [a, b] = [new Random(1, 2), new Random(1, 2)]
  expect(Array.from({ length: 9 }, () => a.next())).toEqual(Array.from({ length: 9 }, () => b.next()))
})

/** Of no rules at all. */
const document = (more: object): string =>
  JSON.stringify({ schema: 'nfwhy.ruleset/1', hooks: [], tables: [], sets: [], inputs: [], warnings: [], ...more })

test('a document as it is promised is no failure', () => judgeDocument(document({}), 'nfwhy.ruleset/1'))

test.each([
  ['a raw escape', () => judgeText('a\x1b[2Jb', 'text')],
  ['a colour where there is none', () => judgeText('\x1b[31ma', 'text')],
  ['what turns the reading direction', () => judgeText('a\u202eb', 'text', { colour: true })],
  ['half a letter', () => judgeText('a\ud800', 'text')],
  ['no JSON', () => judgeForm('json', '{', false)],
  ['a document without its stats', () => judgeForm('json', '{"schema":"nfwhy.explanation/1","journeys":[]}', false)],
  ['a line that is no journey', () => judgeForm('ndjson', '{}\n{"summary":{}}\n', false)],
  ['another schema', () => judgeDocument('{"schema":"x","warnings":[]}', 'nfwhy.flows/1')],
  ['a field that nobody knows', () => judgeDocument(document({ more: 1 }), 'nfwhy.ruleset/1')],
  ['no warnings', () => judgeDocument(document({ warnings: undefined }), 'nfwhy.ruleset/1')],
  [
    'a number that was none',
    () => judgeDocument(document({ inputs: [{ name: 'x', format: 'x', bytes: Number.NaN }] }), 'nfwhy.ruleset/1'),
  ],
])('%s is a failure', (_, judge) => {
  expect(judge).toThrow(Broken)
})

test('what every object gets is a failure', () => {
  expect(judgePrototypes).not.toThrow()
  Object.defineProperty(Object.prototype, 'planted', { value: 1, configurable: true })
  try {
    expect(judgePrototypes).toThrow(Broken)
  } finally {
    Reflect.deleteProperty(Object.prototype, 'planted')
  }
})

test('failures at one place are one', () => {
  const fail = (value: unknown) => {
    try {
      return (value as { a: { b: number } }).a.b
    } catch (error) {
      return failureOf('explain', error).signature
    }
  }
  expect(fail({})).toBe(fail({}))
  expect(fail({})).not.toBe(fail(undefined))
})

test('a failing case is made small', async () => {
  const noise = Array.from({ length: 50 }, (_, i) => `line ${i}`).join('\n')
  const files = ['a', 'b'].map((name) => ({ name, text: `${noise}\nhere is the culprit, so it is\n${noise}` }))
  const one = { kind: 'explain', files, words: { packets: ['x', 'y'], apply: [] }, options: {} } as unknown as Case
  const small = await shrink(one, async ({ files: left }) => left.some(({ text }) => text.includes('culprit')), 2000)
  expect(small.files.map(({ text }) => text)).toEqual(['culprit'])
  expect(small.words.packets).toEqual([])
})
