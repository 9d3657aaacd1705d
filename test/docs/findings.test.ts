/**
 * docs/findings: each finding code and each status has its page, each page has the same parts, and its example is what
 * the command prints. UPDATE_DOCS=1 npx vitest run test/docs/findings.test.ts writes the outputs.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { plainPage } from '../../src/cli/plain-page.ts'
import { STATUSES } from '../../src/model/exchange.ts'
import { SEVERITIES } from './codes.ts'
import { rewriteShown, runShown, shownIn } from './shown.ts'
import { ROOT } from './sources.ts'

const FOLDER = 'docs/findings'
const CODES = [...new Set([...SEVERITIES.keys(), ...STATUSES])].sort()
const SECTIONS = ['What it means', 'Example', 'Not to be confused with', 'What to do']
/** Lines; who reads one is tired. */
const MOST = 65

interface Explained {
  journeys: { findings: { code: string }[] }[]
  exchanges?: { status: string; findings: { code: string }[] }[]
}

const read = (code: string): string => readFileSync(join(ROOT, FOLDER, `${code}.md`), 'utf8')

test('every code has a page, and every page is of a code', () => {
  const pages = readdirSync(join(ROOT, FOLDER)).map((file) => file.replace(/\.md$/, ''))
  expect(pages.sort()).toEqual(CODES)
})

describe.each(CODES)('%s', (code) => {
  test('has its parts, and is short', () => {
    const page = read(code)
    expect(page).toMatch(new RegExp(`^# \`${code}\`: .+\n\n## `))
    expect([...page.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading)).toEqual(SECTIONS)
    expect(page.split('\n').length).toBeLessThanOrEqual(MOST)
    const [, neighbours = ''] = page.split('## Not to be confused with')
    expect(neighbours).toMatch(/\]\([a-z-]+\.md\)/)
  })

  test('reads well in a terminal of 80 columns', () => {
    const text = plainPage(read(code), 80)
    expect(text).not.toMatch(/\]\(|^#|```/m)
    // a quoted word of a command is never broken
    for (const line of text.split('\n').filter((one) => !/^ +'[^']*'\)?$/.test(one)))
      expect([...line].length, line).toBeLessThanOrEqual(80)
  })

  // one is about more ways than can be tried
  const tags = code === 'too-many-ways' ? ['slow'] : []
  test('shows one example as it is printed', { tags }, async () => {
    const shown = shownIn(read(code))
    expect(shown).toHaveLength(1)
    const { command } = shown[0]!
    const text = await runShown(command)
    expect(text.stderr).toBe('')
    expect([0, 1]).toContain(text.code)
    if (process.env.UPDATE_DOCS) rewriteShown(`${FOLDER}/${code}.md`, command, text.stdout)
    expect(shownIn(read(code))[0]!.output.text).toBe(text.stdout)
  })

  test('has an example that holds the code', { tags: ['slow'] }, async () => {
    const { command } = shownIn(read(code))[0]!
    const { stdout } = await runShown(command.replace(/npx nfwhy \w+/, '$& --json'))
    const { journeys, exchanges = [] } = JSON.parse(stdout) as Explained
    const found = [...journeys, ...exchanges].flatMap(({ findings }) => findings.map((one) => one.code))
    if (SEVERITIES.has(code)) expect(found).toContain(code)
    if (STATUSES.some((status) => status === code)) expect(exchanges.map(({ status }) => status)).toContain(code)
  })
})
