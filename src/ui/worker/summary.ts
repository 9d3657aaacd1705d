/** The lines that a report ends with: what came of the exchanges, how many packets there were, and what is not told. */
import type { Listing } from '../../analysis/listing.ts'
import { exchangesWords, fatesOfAll } from '../../reports/exchange-words.ts'
import { missedWords, packetsWords, Told } from '../../reports/summary-words.ts'

export function summaryLines({ groups, ending: { stats } }: Listing): string[] {
  const packets = new Told()
  for (const group of groups) packets.add(group)
  const lines = [exchangesWords(fatesOfAll(groups)), packetsWords(packets.counts, stats.journeys), missedWords(stats)]
  return lines.filter((one) => one !== undefined)
}
