/**
 * The table of causes in docs/doctor.md is printed from the code:
 * UPDATE_DOCS=1 npx vitest run test/docs/doctor.test.ts
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CAUSES } from '../../src/live/doctor/causes/index.ts'
import { ROOT, sourcesIn } from './sources.ts'

const path = join(ROOT, 'docs/doctor.md')
const MARKED = /(<!-- from src\/live\/doctor\/causes: .* -->\n).*?(<!-- end -->)/s

/** What each cause's file says; `code: 'a'`, and both words of a choice. */
function codesOf(id: string): string[] {
  const files = sourcesIn('src/live/doctor/').filter(({ path: file }) => file.endsWith(`/causes/${id}.ts`))
  const more =
    id === 'log-daemon'
      ? sourcesIn('src/live/doctor/').filter(({ path: file }) => /(?:rsyslog|journald)\.ts$/.test(file))
      : []
  const texts = [...files, ...more].map(({ text }) => text)
  const found = texts.flatMap((text) => [...text.matchAll(/\bcode: ([^\n]*)/g)].flatMap((match) => wordsIn(match[1]!)))
  return [...new Set(found)].sort()
}

const wordsIn = (text: string) => [
  ...[...text.matchAll(/'([a-z-]+)'/g)].map((match) => match[1]!),
  ...(text.startsWith('`trace-hook-') ? ['trace-hook-output', 'trace-hook-prerouting'] : []),
]

const row = (...cells: string[]) => `| ${cells.join(' | ')} |\n`

const table = () =>
  row('cause', 'what is looked at', 'what mends it', 'codes', 'tested') +
  row('---', '---', '---', '---', '---') +
  CAUSES.map(({ id, about, tested }) =>
    row(
      about.cause,
      about.check,
      about.mend,
      codesOf(id)
        .map((code) => `\`${code}\``)
        .join(' '),
      tested,
    ),
  ).join('')

test('the table says what the code says', () => {
  const page = readFileSync(path, 'utf8')
  const printed = page.replace(MARKED, (_, begin, end) => `${begin}\n${table()}\n${end}`)
  if (process.env.UPDATE_DOCS) writeFileSync(path, printed)
  expect(readFileSync(path, 'utf8')).toBe(printed)
  expect(page).toMatch(MARKED)
})

test('every cause has a code, and every file in causes is one', () => {
  const files = sourcesIn('src/live/doctor/causes/').map(({ path: file }) => /([^/]+)\.ts$/.exec(file)![1]!)
  expect(files.filter((name) => name !== 'index').sort()).toEqual(CAUSES.map(({ id }) => id).sort())
  expect(CAUSES.filter(({ id }) => codesOf(id).length === 0)).toEqual([])
})
