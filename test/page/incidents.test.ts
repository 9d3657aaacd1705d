/** The incidents on the page, however it is opened: what the command line says of every row, the page says in the same words. */
import { afterAll, describe, test } from 'vitest'
import { Chromium, hasChromium } from './browser.ts'
import { expectConcluded, INCIDENTS } from './incidents.ts'
import { expectSame } from './same.ts'
import { toldOf } from './told.ts'
import { expectDelivered } from './try-fix.ts'
import { type Way, Ways } from './ways.ts'

const ALL: readonly Way[] = [
  'served',
  'chosen on a page from a web server',
  'chosen on a page from disk',
  'dropped on a page from a web server',
  'dropped on a page from disk',
  'a report',
]

describe.skipIf(!hasChromium)('the page', () => {
  const chromium = new Chromium()
  const ways = new Ways(chromium)
  afterAll(async () => {
    await chromium.end()
    ways.end()
  })

  test.each(INCIDENTS)(
    'says of $name what the command line says, and its first fix delivers the packet',
    async (incident) => {
      const told = await toldOf(incident.files)
      expectConcluded(told, incident)
      await ways.each(ALL, incident.files, async (shown, way) => {
        await expectSame(shown, told, way)
        await expectDelivered(shown, told[0]!, incident.expected[0]!.afterFix, way)
      })
    },
  )
})
