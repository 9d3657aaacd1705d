import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { printedJourney } from '../../src/edits/fix.ts'
import { FORMS, type Group } from '../../src/reports/index.ts'
import { anyGroup, anyTail } from './any-journey.ts'
import { explainFolder, INCIDENTS, write } from './cases.ts'

const CLASH = explainFolder(INCIDENTS['nodeport-clash']!)

/** What JSON can hold: -0 is 0 in it. */
const plain = (value: unknown) => JSON.parse(JSON.stringify(value))

describe('json', () => {
  test('is one document with what was explained', () => {
    const document = JSON.parse(write(FORMS.json, CLASH.groups, CLASH.tail))
    expect(Object.keys(document).sort()).toEqual(['exchanges', 'inputs', 'journeys', 'schema', 'stats', 'warnings'])
    expect(document.schema).toBe('nfwhy.explanation/1')
    expect(document.journeys).toEqual(plain(CLASH.groups.map((group: Group) => printedJourney(group.journey))))
    expect(document.inputs).toEqual(CLASH.tail.inputs)
    expect(document.stats).toEqual(CLASH.tail.stats)
  })

  test('is one without journeys, too', () => {
    expect(JSON.parse(write(FORMS.json, [], CLASH.tail)).journeys).toEqual([])
  })

  test('parses back to the same data, whatever that is', () => {
    fc.assert(
      fc.property(fc.array(anyGroup, { maxLength: 3 }), anyTail, (groups, tail) => {
        const { schema: _, exchanges: __, ...document } = JSON.parse(write(FORMS.json, groups, tail))
        expect(document).toEqual(plain({ ...tail, journeys: groups.map(({ journey }) => printedJourney(journey)) }))
      }),
    )
  })

  test('each report starts anew', () => {
    const first = FORMS.json.open()
    first.begin()
    first.journey(CLASH.groups[0]!)
    expect(() => JSON.parse(write(FORMS.json, CLASH.groups, CLASH.tail))).not.toThrow()
  })
})

test('ndjson: a journey a line, then the summary', () => {
  fc.assert(
    fc.property(fc.array(anyGroup, { maxLength: 3 }), anyTail, (groups, tail) => {
      const lines = write(FORMS.ndjson, groups, tail).split('\n')
      expect(lines.pop()).toBe('')
      const documents = lines.map((line) => JSON.parse(line))
      expect(documents.pop()).toEqual(plain({ summary: tail }))
      expect(documents).toEqual(plain(groups.map(({ journey }) => printedJourney(journey))))
    }),
  )
})
