/** The first fix of the row that is shown, tried by a person: it delivers the packet, and what the command line says of it stands there. */
import { expect } from 'vitest'
import type { Shown } from './browser.ts'
import { selectRow } from './same.ts'
import { flat, type JsonFix, type ToldRow } from './told.ts'

/** `afterFix`: `delivered`, `forwarded, with source 192.168.0.16`. Absent: nothing can be tried. */
export async function expectDelivered(
  { page }: Shown,
  row: ToldRow,
  afterFix: string | undefined,
  what: string,
): Promise<void> {
  await selectRow(page, row, 0)
  if (afterFix === undefined) {
    expect(await page.getByRole('button', { name: 'Try it here' }).count(), what).toBe(0)
    return
  }
  const [word, source] = afterFix.split(', with source ') as [string, string | undefined]
  const fix = fixOf(row)
  // the command line's own test says the same
  expect([fix.after, fix.afterSource], what).toEqual([word, source])
  const first = page.locator('.explanation .fix').first()
  await first.getByRole('button', { name: 'Try it here' }).click()
  const result = (which: string) => page.locator(`[data-result="${which}"] h2`)
  await result('after').waitFor()
  expect(flat(await result('after').innerText()), what).toMatch(new RegExp(`^after ✓ ${word.toUpperCase()}\\b`))
  const before = flat(await result('before').innerText())
  // what its sign means stands behind it
  expect(before.replace(/ \((?:warning|not known)[^()]*\)$/, ''), what).toBe(
    `before ${row.headline.replace(': ', ' ')}`,
  )
  const changes = flat(await page.getByRole('region', { name: 'Changes' }).innerText())
  for (const one of [fix.command!, ...row.fixes[0]!.says]) expect(changes, what).toContain(flat(one))
  if (source !== undefined) {
    const drawn = await page.locator('.map > svg text').filter({ visible: true }).allTextContents()
    expect(drawn.join('').replace(/\s+/g, ''), what).toContain(source)
  }
}

/** By the command line's JSON. */
function fixOf({ fixes, journey, headline }: ToldRow): JsonFix {
  const all = journey.findings.flatMap(({ fix }) => fix)
  const found = all.find(({ command }) => command !== undefined && flat(command) === fixes[0]?.command)
  if (!found) throw new Error(`--json has no such fix of ${headline}: ${fixes[0]?.command}`)
  return found
}
