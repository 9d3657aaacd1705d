/** What becomes known of exchanges while a trace goes on. */
import { ExchangeNews } from '../analysis/exchanges/news.ts'
import type { FormOptions } from '../reports/index.ts'
import type { ReportOptions, Sink } from '../reports/journeys.ts'
import { AmendedBlocks } from '../reports/text/amended.ts'
import type { Face } from './trace-face.ts'

/** Milliseconds from a packet's last event until its journey is told, at most, beyond the idle time. */
const SETTLING = 2000

/** Milliseconds until a packet's journey is told, at most. `idle`: seconds. */
export const settlingOf = (idle = 1): number => SETTLING + 1000 * idle

/** `out`: where blocks of text go, if any; `face`: whoever shows the packets just then; `idle`: seconds. */
export function newsOptions(
  out: Sink | undefined,
  terminal: FormOptions,
  face: () => Face,
  idle?: number,
): Pick<ReportOptions, 'openNews' | 'onAmended'> {
  const blocks = new AmendedBlocks(terminal)
  return {
    openNews: (exchanges) => new ExchangeNews(exchanges, settlingOf(idle)),
    onAmended(group, exchange) {
      face().amended(group)
      out?.write(blocks.blockOf(group, exchange))
    },
  }
}
