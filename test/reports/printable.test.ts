/** Nothing that an input holds acts on a terminal or hides from a reader, in any form. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareJourneys } from '../../src/analysis/compare.ts'
import { emptyWorld } from '../../src/index.ts'
import { printable, printableAscii, printableJson } from '../../src/model/printable.ts'
import { comparisonJson, comparisonText, FORMS, type FormOptions, warningsText } from '../../src/reports/index.ts'
import { share } from '../share.ts'
import { anyGroup, anyJourney, anyTail, anyText } from './any-journey.ts'
import { write } from './cases.ts'

/** Written apart from the code that is judged: controls, DEL, soft hyphen, Arabic letter mark, zero widths, bidi, separators, surrogates, BOM, tags. */
const ACTS =
  /[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]|\udb40[\udc00-\udfff]/

test.each([
  ['a\x1b[31mb', 'a\\x1b[31mb'],
  ['a\nb\tc\r', 'a\\x0ab\\x09c\\x0d'],
  ['\x7f\x9b\u202e', '\\x7f\\x9b\\u202e'],
  ['\u{e0041}\ud800', '\\u{e0041}\\ud800'],
  ['naïve 漢字 é "\\"', 'naïve 漢字 é "\\"'],
])('%j is shown as %s', (text, shown) => {
  expect(printable(text)).toBe(shown)
})

test('ASCII alone', () => {
  expect(printableAscii('a → b … é 漢 \x1b')).toBe('a -> b ... \\xe9 \\u6f22 \\x1b')
})

test('any text', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(printable(text)).not.toMatch(ACTS)
      expect(printable(text)).not.toContain('\n')
      expect(printableAscii(text)).toMatch(/^[\x20-\x7e]*$/)
      expect(printableJson(text)).not.toMatch(ACTS)
      expect(JSON.parse(printableJson(text))).toBe(text)
    }),
  )
})

describe('any journeys in every form', () => {
  const OPTIONS: Partial<FormOptions>[] = [
    {},
    { full: true, width: 40 },
    { unicode: false },
    { colour: true, width: 200 },
  ]

  test.each(Object.entries(FORMS))('%s', (_, form) => {
    fc.assert(
      fc.property(
        fc.array(anyGroup, { maxLength: 3 }),
        anyTail,
        fc.constantFrom(...OPTIONS),
        (groups, tail, options) => {
          const written = write(form, groups, tail, options)
          const bare = form === FORMS.text && options.colour ? written.replaceAll(/\x1b\[\d\d?m/g, '') : written
          expect(bare).not.toMatch(ACTS)
          if (form === FORMS.text && options.unicode === false) expect(bare).toMatch(/^[\x20-\x7e\n]*$/)
        },
      ),
      { numRuns: share(300) },
    )
  })

  test('comparisons and warnings', () => {
    fc.assert(
      fc.property(anyJourney, anyJourney, anyTail, (a, b, tail) => {
        const comparison = compareJourneys(a, b, emptyWorld())
        expect(comparisonText(comparison)).not.toMatch(ACTS)
        expect(comparisonText(comparison, { width: 150 })).not.toMatch(ACTS)
        expect(comparisonJson(comparison, tail)).not.toMatch(ACTS)
        expect(warningsText(tail.warnings)).not.toMatch(ACTS)
      }),
      { numRuns: share(200) },
    )
  })
})
