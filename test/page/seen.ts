/** What a person sees of the row that is shown: the words on the page, and nothing that is hidden. */
import type { Page } from 'playwright-core'
import { flat, saysOf, type Told } from './told.ts'

export interface Seen extends Told {
  /** All words of the explanation but its steps. */
  words: string
}

/** Unfolds what a person can unfold. */
export async function unfold(page: Page): Promise<void> {
  const explanation = page.locator('.explanation')
  await explanation.evaluate((article) => {
    // what is within another is seen once that is open
    const next = () =>
      [...article.querySelectorAll<HTMLElement>('details:not([open]) > summary')].find((one) => one.checkVisibility())
    for (let one = next(); one; one = next()) one.click()
  })
  const unmatched = explanation.locator('.steps .choice input')
  if ((await unmatched.count()) > 0) await unmatched.check()
}

/** The explanation as it stands. Its own text form is left out: it is the command line's already. */
export async function seenOn(page: Page): Promise<Seen> {
  const raw = await page.evaluate(() => {
    const article = document.querySelector('.explanation')!
    const shown = (one: Element): one is HTMLElement =>
      one.checkVisibility({ opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true }) &&
      one.getClientRects().length > 0
    /** What is seen of it. */
    const text = (one: Element | null | undefined) => (one && shown(one) ? (one as HTMLElement).innerText : '')
    const all = (selector: string, from: Element = article) => [...from.querySelectorAll(selector)].filter(shown)
    const textOf = (selector: string, from: Element) => text(from.querySelector(selector))
    const withoutLabel = (one: Element) => {
      const label = textOf('.label', one)
      return { label, text: text(one).slice(label.length) }
    }
    const finding = (one: Element) => {
      const { label, text: words } = withoutLabel(one)
      // its message stands in the element itself, before its rules and commands
      const message = [...one.childNodes].filter(({ nodeType }) => nodeType === 3).map(({ nodeValue }) => nodeValue)
      return { label, words, message: message.join('') }
    }
    return {
      headline: textOf('h2', article),
      packet: textOf('.packet-line .packet', article),
      cause: all(':scope > .cause').map(withoutLabel),
      causeRule: textOf(':scope > .cause > code', article),
      fixes: all('.fix').map((fix) => ({
        ...withoutLabel(fix.querySelector(':scope > p:has(.label)')!),
        command: textOf(':scope > .command code', fix),
        says: textOf(':scope > .says', fix),
        undo: textOf(':scope > details .command code', fix),
      })),
      why: all('.why > li').map((li) => ({
        text: text(li),
        rule: textOf('code', li),
        isCulprit: li.matches('.culprit'),
      })),
      rewrites: all(':scope > p:not(.cause, .note, .packet)').map(text),
      findings: all('.finding').map(finding),
      look: all('.finding .command code').map(text),
      notes: all('p.note').map(text),
      steps: all('.steps > ol > li').map(text),
      words: [...article.children]
        .filter((one) => !one.matches('.steps') && !one.querySelector('pre.text'))
        .map(text)
        .join('\n'),
    }
  })
  // its rule, which stands below it, is among the words
  const causes = raw.cause.map(({ label, text }) => ({
    label,
    text: text.slice(0, text.length - raw.causeRule.length),
  }))
  const told = new Set<string>()
  return {
    id: '',
    headline: flat(raw.headline),
    packet: raw.packet.split(' · ').map(flat),
    cause: flat(
      causes
        .filter(({ label }) => label === 'cause')
        .map(({ text }) => text)
        .join(' '),
    ),
    fixes: raw.fixes.map(({ label, text, command, says, undo }) => ({
      kind: label,
      description: flat(text),
      ...(command === '' ? {} : { command: flat(command) }),
      // the command line says what stands below several fixes once
      says: (says === '' ? [] : saysOf(flat(says))).filter((one) => {
        const isNew = !told.has(one) || /^(?:not |it cannot be )?tried\b/.test(one)
        told.add(one)
        return isNew
      }),
      ...(undo === '' ? {} : { undo: flat(undo) }),
    })),
    why: raw.why.map(({ text, rule }) => flat(text.slice(0, text.length - rule.length))),
    rewrites: raw.rewrites.map(flat),
    said: [
      ...causes.filter(({ label }) => label !== 'cause').map(({ text }) => flat(text)),
      ...raw.findings
        .filter(({ label }) => label !== 'look')
        .map(({ label, message }) => (label === 'note' ? '' : `${label} `) + flat(message)),
      ...raw.notes.map(flat),
    ],
    look: raw.look.map(flat),
    steps: raw.steps.map(flat),
    words: flat(raw.words),
  }
}
