/** How `conntrack -L -o save` is recognised. */
import { Later } from '../../model/later.ts'
import { SAVED_ENTRY, SUMMARY } from './conntrack-line.ts'
import type { HostFormat } from './format.ts'
import { firstLine } from './lines.ts'

const reader = new Later(() => import('./conntrack-save-reader.ts'))

export const conntrackSave: HostFormat = {
  id: 'conntrack-save',
  describe: 'conntrack -L -o save',
  sniff(head) {
    const first = firstLine(head, (line) => !SUMMARY.test(line))
    return first !== undefined && SAVED_ENTRY.test(first)
  },
  load: reader.load,
  read: (text, report) => reader.loaded.readConntrackSave(text, report),
}
