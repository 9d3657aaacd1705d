/** What has become known of an exchange since its packet was told. */

import type { Group } from '../../analysis/groups.ts'
import { printedExchange } from '../../edits/fix.ts'
import { type Exchange, isFailed } from '../../model/exchange.ts'
import { isStopped } from '../../model/outcome-kinds.ts'
import { capitals, whyWords } from '../exchange-words.ts'
import type { FormOptions } from '../form.ts'
import { endText } from '../packet-words.ts'
import { writeFix } from './fix-rows.ts'
import { MARK_STYLES } from './head.ts'
import { Page } from './page.ts'

/** Which statuses were told, of the exchanges of which group: of those alike one is enough. */
export class AmendedBlocks {
  private readonly told = new Set<string>()
  private readonly ids = new Set<string>()
  private readonly page: Page

  constructor(options: Partial<FormOptions>) {
    this.page = new Page(options)
  }

  /** `group`: the exchange's. Empty where that is nothing new. */
  blockOf(group: Group, exchange: Exchange): string {
    const { id, status, amends } = exchange
    const key = `${group.journey.id} ${status}`
    const isOpen = status === 'undetermined' || status === 'queued'
    // its headline says so
    const isKnown = isOpen || isStopped(group.journey.outcome) || this.told.has(key)
    if (amends === undefined ? isKnown : isKnown && !this.ids.has(id)) return ''
    this.told.add(key)
    this.ids.add(id)
    writeBlock(this.page, group, this.page.clean(printedExchange(exchange)))
    return this.page.take()
  }
}

function writeBlock(page: Page, { journey }: Group, exchange: ReturnType<typeof printedExchange>): void {
  const { id, status, asked, findings } = exchange
  const mark = isFailed(status) ? 'bad' : status === 'answered' ? 'good' : 'unsure'
  const word = capitals(status)
  const who = `${asked.protocol ?? ''} ${endText(asked.src, asked.sport)} ${page.marks.to} ${endText(asked.dst, asked.dport)}`
  page.line(
    `${page.paint(`${page.marks[mark]} ${word}`, MARK_STYLES[mark], 'bold')}  ${who.trim()}  ${page.paint(`#${id}`, 'dim')}`,
  )
  const why = whyWords({ journey: page.clean(journey), exchanges: { counts: { [status]: 1 }, worst: exchange } })
  if (why !== undefined) page.row('reply', why)
  // what its packet showed was told with it
  const later = findings.filter(
    ({ code, severity }) => severity === 'error' && journey.findings.every((one) => one.code !== code),
  )
  const notes = new Set<string>()
  for (const { message, fix } of isFailed(status) ? later : []) {
    page.row('error', message, { labelStyle: 'red' })
    for (const one of fix) writeFix(page, one, notes)
  }
  page.line()
}
