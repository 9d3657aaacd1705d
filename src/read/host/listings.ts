/** What whoever has a listing of interfaces, routes, routing rules, connections or IPsec in hand needs, live as from a file. */
import { ipEdits } from '../../edits/later.ts'
import { Later } from '../../model/later.ts'
import type { HostFormat } from './format.ts'

/** Brings what changes the listed; what stands above it in the folders is fetched with it. */
export const listings = new Later(() => ipEdits.load())

export const listing = (format: HostFormat): HostFormat => ({
  ...format,
  load: async () => {
    await Promise.all([format.load?.(), listings.load()])
  },
})
