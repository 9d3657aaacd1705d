/** Holds every row of the page against the command line: the same rows, in the same order, in the same words. */
import type { Locator, Page } from 'playwright-core'
import { expect } from 'vitest'
import type { Shown } from './browser.ts'
import { seenOn, unfold } from './seen.ts'
import { flat, type ToldRow } from './told.ts'

/** Shown elsewhere on the page: as a facet, and as a note. */
const ELSEWHERE = /^(?:on \S+|\d+ retransmissions?)$/

/** `what`: named where something differs. */
export async function expectSame(shown: Shown, rows: readonly ToldRow[], what: string): Promise<void> {
  const { page } = shown
  await page.waitForSelector('.explanation')
  expect(await page.locator('.list').getByRole('option').count(), what).toBe(rows.length)
  for (const [place, row] of rows.entries()) await expectRow(shown, row, place, what)
  expect(shown.errors, what).toEqual([])
}

/** Clicks the row in this place, and waits until it is the one that is explained. */
export async function selectRow(page: Page, { id }: ToldRow, place: number): Promise<Locator> {
  const option = page.locator(`[role=option][aria-posinset="${place + 1}"]`)
  await option.click()
  // its text form, which is hidden, names the row: from here on all is of this one
  await page.waitForFunction(
    (head) => new RegExp(head, 'm').test(document.querySelector('.explanation .text')!.textContent!),
    `^\\S.* #${id}(?: ×[\\d,]+)?$`,
  )
  expect(await option.getAttribute('aria-selected')).toBe('true')
  return option
}

async function expectRow({ page }: Shown, row: ToldRow, place: number, what: string): Promise<void> {
  const option = await selectRow(page, row, place)
  const where = `${what}, row ${place + 1} (#${row.id})`

  // what happened, and the best fix, are there at once
  const best = page.locator('.explanation .fix .command code').first()
  if (row.fixes[0]?.command !== undefined) {
    expect(await best.isVisible(), where).toBe(true)
    expect(flat(await best.innerText()), where).toBe(row.fixes[0].command)
  }
  await unfold(page)
  const seen = await seenOn(page)
  const { rewrites, rules, packet, count, journey, notices, id: _, headline, ...told } = row
  expect({ ...seen, rewrites: [], packet: [], headline: '', words: '', id: '' }, where).toEqual({
    ...{ ...told, rewrites: [], packet: [], headline: '', words: '', id: '' },
  })
  // on a line of its own, the reason needs no colon
  const words = ([mark, ...rest]: string[]) => [mark, ...rest.join(' ').replace(': ', ' ').split(' ')]
  expect(words(seen.headline.split(' ')), where).toEqual(words(headline.split(' ')))
  // a rule's text is told once in a block of text; on the page it stands with each rule
  expect(seen.rewrites.length, where).toBe(rewrites.length)
  for (const [i, rewrite] of rewrites.entries()) expect(seen.rewrites[i]!.startsWith(rewrite), where).toBe(true)
  for (const one of [...rules, ...notices]) expect(seen.words, where).toContain(one)
  const listed = flat((await option.textContent())!)
  const [addresses, ...pieces] = packet
  expect(seen.packet[0], where).toBe(addresses)
  expect(listed, where).toContain(addresses)
  for (const piece of pieces.filter((one) => !ELSEWHERE.test(one)))
    expect(`${seen.packet.join(' · ')} · ${listed}`, where).toContain(piece)
  if (count > 1) expect(seen.packet, where).toContain(`${count.toLocaleString('en')} packets`)
  // the row in the list says the same as the headline
  for (const word of flat(headline).replace(': ', ' ').split(' ')) expect(listed, where).toContain(word)
  // the culprit, by the command line's JSON: the step of this number alone is marked
  const marked = seen.steps.filter((one) => one.includes('➜ ')).map((one) => Number(one.split(' ')[0]))
  expect(marked, where).toEqual(journey.culprit === undefined ? [] : [journey.culprit.step])
}
