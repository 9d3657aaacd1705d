/** Eleven real problems, captured on the kernel: their bundles on the page say what the command line says, in the same words. */
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { Chromium, hasChromium } from './browser.ts'
import { expectSame } from './same.ts'
import { toldOf } from './told.ts'
import { Ways } from './ways.ts'

const FOLDER = fileURLToPath(new URL('../../fixtures/problems/', import.meta.url))
/** Every third: some of all kinds. */
const SOME = readdirSync(FOLDER).filter((_, i) => i % 3 === 0)

describe.skipIf(!hasChromium)('real problems on the page', () => {
  const chromium = new Chromium()
  const ways = new Ways(chromium)
  afterAll(async () => {
    await chromium.end()
    ways.end()
  })

  test.each(
    SOME.map((file, i) => ({
      file,
      dropped: (['dropped on a page from a web server', 'dropped on a page from disk'] as const)[i % 2]!,
      other: (['served', 'a report'] as const)[Math.floor(i / 2) % 2]!,
    })),
  )('$file: $dropped, and $other', async ({ file, dropped, other }) => {
    const archive = FOLDER + file
    const told = await toldOf([archive])
    // the packet that is asked about is among them
    expect(told.length).toBeGreaterThan(0)
    await ways.each([dropped, other], [archive], (shown, way) => expectSame(shown, told, way))
  })
})
