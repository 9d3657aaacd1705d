import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { printable } from '../../src/model/printable.ts'
import { FORMS } from '../../src/reports/index.ts'
import { block, cell, code, prose } from '../../src/reports/markdown/escape.ts'
import { anyGroup, anyTail, anyText } from './any-journey.ts'
import { expectGolden, explainFolder, FOLDERS, INCIDENTS, write } from './cases.ts'

test.each([...Object.keys(INCIDENTS), 'hostile-comment', 'policy-drop', 'masquerade', 'reverse-path'])('%s', (name) => {
  const { groups, tail } = explainFolder(FOLDERS[name]!)
  expectGolden(`markdown/${name}.md`, write(FORMS.markdown, groups, tail))
})

/** One line, much of it markup. */
const text = fc
  .oneof(anyText, fc.string({ unit: fc.constantFrom(...'`*_[]()<>|~$#@{}^\\&! a1') }))
  .map((one) => printable(one).trim())

describe('text stays text', () => {
  test('in prose: every sign that could begin markup is escaped, and nothing is lost', () => {
    fc.assert(
      fc.property(text, (one) => {
        const escaped = prose(one)
        expect(escaped.replace(/\\.|&amp;/g, '')).not.toMatch(/[\\`*_[\]<>|~$#@{}^&]/)
        expect(escaped.replace(/&amp;|\\(.)/g, (found, sign) => (found === '&amp;' ? '&' : sign))).toBe(one)
      }),
    )
  })

  test('in code: the ticks around it do not occur within', () => {
    fc.assert(
      fc.property(text, (one) => {
        if (one === '') return
        const [, ticks, inside] = /^(`+)(.*?)\1$/s.exec(code(one)) ?? []
        expect(inside?.match(/`+/g) ?? []).not.toContain(ticks)
        // one blank on both sides belongs to the ticks
        expect(/^ .* $/.test(inside!) ? inside!.slice(1, -1) : inside).toBe(one)
      }),
    )
  })

  test('in a cell: signs are entities', () => {
    fc.assert(
      fc.property(text, (one) => {
        const inside = cell(one).replace(/^<code>|<\/code>$/g, '')
        expect(inside.replace(/&#\d+;/g, '')).not.toMatch(/[\\`*_[\]<>|~$#@{}^&]/)
        expect(inside.replace(/&#(\d+);/g, (_, number) => String.fromCodePoint(Number(number)))).toBe(one)
      }),
    )
  })

  test('in a block: the fence is longer than any inside', () => {
    expect(block(['```', 'a ```` b'], 'sh')).toEqual(['`````sh', '```', 'a ```` b', '`````'])
    expect(block(['plain'])).toEqual(['```', 'plain', '```'])
  })
})

test('headings, tables and folds are those of the report, whatever an input holds', () => {
  fc.assert(
    fc.property(fc.array(anyGroup, { maxLength: 2 }), anyTail, (groups, tail) => {
      const fenced = /^ *(`{3,}).*\n(?:.*\n)*? *\1\n/gm
      const lines = write(FORMS.markdown, groups, tail).replaceAll(fenced, '').split('\n')
      const begin = (sign: string) => lines.filter((line) => line.trimStart().startsWith(sign)).length
      expect(begin('## ')).toBe(groups.length)
      expect(begin('<')).toBe(2 * groups.length)
      const steps = groups.reduce((sum, { journey }) => sum + journey.steps.length, 0)
      const tables = groups.filter(({ journey }) => journey.steps.length > 0)
      expect(begin('|')).toBe(steps + 2 * tables.length)
    }),
  )
})
