/** The incidents on the page, however it is opened: what the command line says of every row, the page says in the same words. */
import { afterAll, describe, test } from 'vitest'
import { Chromium, hasChromium } from './browser.ts'
import { expectConcluded, INCIDENTS } from './incidents.ts'
import { expectSame } from './same.ts'
import { toldOf } from './told.ts'
import { expectDelivered } from './try-fix.ts'
import { type Way, Ways } from './ways.ts'

/** Chosen here and dropped there, or the other way round. */
const STATIC: readonly (readonly Way[])[] = [
  ['chosen on a page from a web server', 'dropped on a page from disk'],
  ['chosen on a page from disk', 'dropped on a page from a web server'],
]

describe.skipIf(!hasChromium)('the page', () => {
  const chromium = new Chromium()
  const ways = new Ways(chromium)
  afterAll(async () => {
    await chromium.end()
    ways.end()
  })

  test.each(INCIDENTS.map((incident, i) => ({ incident, name: incident.name, pages: STATIC[i % 2]! })))(
    'says of $name what the command line says, and its first fix delivers the packet',
    async ({ incident, pages }) => {
      const told = await toldOf(incident.files)
      expectConcluded(told, incident)
      await ways.each(['served', ...pages, 'a report'], incident.files, async (shown, way) => {
        await expectSame(shown, told, way)
        await expectDelivered(shown, told[0]!, incident.expected[0]!.afterFix, way)
      })
    },
  )
})
