/** How `conntrack -L` and /proc/net/nf_conntrack is recognised. */
import { Later } from '../../model/later.ts'
import { DELETED, ENTRY, SUMMARY } from './conntrack-line.ts'
import type { HostFormat } from './format.ts'
import { firstLine } from './lines.ts'

const reader = new Later(() => import('./conntrack-reader.ts'))

export const conntrack: HostFormat = {
  id: 'conntrack',
  describe: 'conntrack -L, /proc/net/nf_conntrack',
  sniff(head) {
    if (DELETED.test(head)) return false
    const first = firstLine(head)
    return first !== undefined && (ENTRY.test(first) || SUMMARY.test(first))
  },
  load: reader.load,
  read: (text, report) => reader.loaded.readConntrack(text, report),
}
