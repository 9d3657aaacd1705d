/** The incidents in all other forms in which they were captured: on the page, what the command line says of them. */
import { afterAll, describe, test } from 'vitest'
import { Chromium, hasChromium } from './browser.ts'
import { expectConcluded, OTHER_FORMS } from './incidents.ts'
import { expectSame } from './same.ts'
import { toldOf } from './told.ts'
import { Ways } from './ways.ts'

describe.skipIf(!hasChromium)('the page', () => {
  const chromium = new Chromium()
  const ways = new Ways(chromium)
  afterAll(async () => {
    await chromium.end()
    ways.end()
  })

  // dropped one after the other on the same two pages, as the decoders run in the browser then; served, or as a report
  const cases = OTHER_FORMS.map((incident, i) => ({
    incident,
    name: incident.name,
    dropped: (['dropped on a page from disk', 'dropped on a page from a web server'] as const)[i % 2]!,
    other: (['served', 'a report'] as const)[Math.floor(i / 2) % 2]!,
  }))

  test.each(cases)(
    'says of $name what the command line says: $dropped, and $other',
    async ({ incident, ...opened }) => {
      const told = await toldOf(incident.files)
      expectConcluded(told, incident)
      await ways.again(opened.dropped, incident.files, (shown, way) => expectSame(shown, told, way))
      await ways.each([opened.other], incident.files, (shown, way) => expectSame(shown, told, way))
    },
  )
})
