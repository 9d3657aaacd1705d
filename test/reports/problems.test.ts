/**
 * What a person reads of real problems (test/problems) that were captured on the kernel: the answer in a dozen lines.
 * UPDATE_GOLDEN=1 writes what they print.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { isFailing } from '../../src/analysis/exchange-counts.ts'
import { open } from '../../src/index.ts'
import { isStopped } from '../../src/model/outcome-kinds.ts'
import { markOfGroup } from '../../src/reports/exchange-words.ts'
import { FORMS, type Group } from '../../src/reports/index.ts'
import { expectGolden, write } from './cases.ts'

const FOLDER = new URL('../../fixtures/problems/', import.meta.url)
const PROBLEMS = readdirSync(FOLDER).map((file) => file.replace('.tgz', ''))
const MOST_LINES = 12

const analyse = async (name: string) => {
  const analysis = await open([{ name: `${name}.tgz`, bytes: readFileSync(new URL(`${name}.tgz`, FOLDER)) }])
  return analysis.groups()
}
const groups = new Map<string, ReturnType<typeof analyse>>()

/** Once, for all widths. */
function analysed(name: string): ReturnType<typeof analyse> {
  const known = groups.get(name) ?? analyse(name)
  groups.set(name, known)
  return known
}

/** What people ask about. */
const isAsked = (group: Group): boolean =>
  (isFailing(group) || isStopped(group.journey.outcome)) && markOfGroup(group) === 'bad'

describe.each([80, 120])('at %i columns', (width) => {
  test('real problems, as a person reads them', async () => {
    const texts: string[] = []
    for (const name of PROBLEMS) {
      const { groups, ending } = await analysed(name)
      texts.push(`# ${name}\n\n${write(FORMS.text, groups, ending, { width })}`)
    }
    expectGolden(`problems/${width}.txt`, texts.join('\n'))
  })

  test.each(PROBLEMS)('%s: what decided on line one, the cause on line three, a dozen lines', async (name) => {
    const { groups } = await analysed(name)
    const asked = groups.filter(isAsked)
    for (const group of asked) {
      const lines = FORMS.text.open({ width }).journey(group).trimEnd().split('\n')
      expect(lines.length, lines.join('\n')).toBeLessThanOrEqual(MOST_LINES)
      if (lines.length === 1) continue
      expect(lines[0]).toMatch(/^✗ [A-Z ]+( by | at |: ).* #\d+( ×\d+)?$/)
      expect(lines[2]).toMatch(/^ {2}(cause {2}|first {2})/)
      // whoever reads six lines reads how the fix begins
      expect(
        lines.findIndex((line) => line.startsWith('  fix  ')),
        lines.join('\n'),
      ).toBeLessThan(6)
    }
  })
})
