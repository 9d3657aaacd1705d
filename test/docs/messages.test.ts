/** docs/messages.md is printed from the sources: UPDATE_DOCS=1 npx vitest run test/docs/messages.test.ts */
import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { printMessagesPage } from './messages-page.ts'

const page = new URL('../../docs/messages.md', import.meta.url)
const printed = printMessagesPage()

test('docs/messages.md has every text of the sources', () => {
  if (process.env.UPDATE_DOCS) writeFileSync(page, printed)
  expect(readFileSync(page, 'utf8')).toBe(printed)
})

test('it has messages, notes, errors and helps that people see', () => {
  for (const text of ['opens only this source and service', 'the next hop does not reply to ARP'])
    expect(printed).toContain(text)
  for (const file of ['src/cli/', 'src/live/', 'src/reports/', 'src/rules/']) expect(printed).toContain(`## ${file}`)
})
