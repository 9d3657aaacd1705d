import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'rolldown'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ROOT } from '../docs/sources.ts'
import { stride } from '../share.ts'

const folder = mkdtempSync(join(tmpdir(), 'nfwhy-languages-'))
const program = join(folder, 'languages.mjs')

beforeAll(() =>
  build({
    input: join(ROOT, 'test/hostile/languages.ts'),
    platform: 'node',
    logLevel: 'silent',
    output: { file: program, format: 'esm', codeSplitting: false },
  }),
)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Behind an attack that ends the process, the next one is tried; each process has so much memory. */
const MEGABYTES = 768
const MOST_RUNS = 30
/** Of the longest text: a bounded share here, all of it by `npm run fuzz:languages`. */
const BYTES = process.env.NFWHY_LANGUAGES_BYTES ?? '16384'
/** Every so many attacks: those that use up a budget take seconds, however short they are. */
const STEP = process.env.NFWHY_LANGUAGES_BYTES === undefined ? stride(6) : 1

it('takes at most 2.5 times the time for twice the text, throws nowhere and stays small', {
  timeout: 1_200_000,
}, () => {
  const problems: string[] = []
  let [from, attacks] = [0, 0]
  for (let run = 0, ended = false; !ended && run < MOST_RUNS; run++) {
    const args = [`--max-old-space-size=${MEGABYTES}`, program, String(from), BYTES, String(STEP)]
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 600_000 })
    let current = ''
    for (const line of stdout.split('\n')) {
      if (line === '.') ended = true
      else if (line.startsWith('! ')) problems.push(`${current}: ${line.slice(2)}`)
      else if (line.startsWith('@ ')) {
        const [, number = '', name = ''] = /^@ (\d+) (.*)$/.exec(line) ?? []
        from = Number(number) + 1
        current = name
        attacks++
      }
    }
    if (!ended) problems.push(`${current}: the process ends: ${/FATAL.*|Error.*/.exec(stderr)?.[0] ?? 'it hangs'}`)
  }
  expect(problems).toEqual([])
  expect(attacks).toBeGreaterThan(100 / STEP)
})
