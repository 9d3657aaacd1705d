/** docs/collect.md has a row for each file that is collected. UPDATE_DOCS=1 npx vitest run test/docs rewrites them. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { NOTES, SECTIONS } from '../../src/live/script/index.ts'
import { ROOT } from './sources.ts'

const PAGE = join(ROOT, 'docs/collect.md')
const HEAD = '| file | what is asked |\n| --- | --- |\n'

test('every file', () => {
  const rows = SECTIONS.filter(({ file }) => file !== NOTES).map(({ file, what }) => `| \`${file}\` | \`${what}\` |\n`)
  const text = readFileSync(PAGE, 'utf8')
  const start = text.indexOf(HEAD) + HEAD.length
  const end = text.indexOf('\n`collected.txt` says', start)
  if (process.env.UPDATE_DOCS) writeFileSync(PAGE, text.slice(0, start) + rows.join('') + text.slice(end))
  expect(readFileSync(PAGE, 'utf8')).toContain(`${HEAD}${rows.join('')}\n\`collected.txt\``)
})
