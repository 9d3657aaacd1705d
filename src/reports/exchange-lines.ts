/** Exchanges as JSON, behind all journeys: what those of a class share is written once, and filled in for each. */
import type { Exchanges } from '../analysis/exchanges/exchanges.ts'
import { ExchangeMembers } from '../analysis/exchanges/members.ts'
import { seenBy, tellExchange } from '../analysis/exchanges/told.ts'
import { isFailed } from '../model/exchange.ts'
import type { Writer } from './form.ts'
import { LineTemplates } from './line-templates.ts'

/** Those of which a journey is shown, in the order in which they began. Did one of them fail? */
export function writeExchanges(
  exchanges: Exchanges,
  writer: Writer,
  out: { write(text: string | Uint8Array): void },
): boolean {
  const { list } = exchanges
  const seen = seenBy(exchanges)
  const members = new ExchangeMembers(list, seen)
  const templates = new LineTemplates<{ failed: boolean }>()
  let failed = false
  let isFirst = true
  for (const number of list.order) {
    if (!list.isShown(number)) continue
    const full = () => {
      const told = tellExchange(list.at(number), seen)
      return { text: writer.exchange!(told), note: { failed: isFailed(told.status) } }
    }
    // in front of the first one stands what ends the journeys
    const member = isFirst ? undefined : members.of(number)
    isFirst = false
    const line = member ? templates.write(member, full) : full()
    failed ||= line.note.failed
    out.write(line.text)
  }
  return failed
}
