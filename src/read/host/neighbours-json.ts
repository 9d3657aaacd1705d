/** How `ip -j neigh` is recognised. */
import { Later } from '../../model/later.ts'
import type { HostFormat } from './format.ts'

/** Loaded with either form of the list. */
export const neighbourList = new Later(() => import('./neighbours-json-reader.ts'))

export const neighboursJson: HostFormat = {
  id: 'ip-neigh-json',
  describe: 'ip -j neigh',
  sniff: (head) =>
    /^\s*\[[\s{},]*"dst"\s*:\s*"[^"]*",\s*"dev"\s*:/.test(head) && /"(state"\s*:\s*\[|proxy"\s*:)/.test(head),
  load: neighbourList.load,
  read: (text, report) => neighbourList.loaded.readNeighboursJson(text, report),
}
