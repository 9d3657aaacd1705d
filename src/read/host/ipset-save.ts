/** How `ipset save`, and the files for `ipset restore` that people write is recognised. */
import { andIpset } from '../../edits/later.ts'
import { Later } from '../../model/later.ts'
import type { HostFormat } from './format.ts'
import { CREATE, IGNORED } from './ipset-line.ts'
import { firstLine } from './lines.ts'

const reader = new Later(() => import('./ipset-save-reader.ts'))

/** What may stand in front of the first set. */
const BEFORE = /^(?:(?:flush|destroy|-F|-X)(?: \S+)?|swap \S+ \S+)(?: (?:-exist|-!))?$/

export const ipsetSave: HostFormat = {
  id: 'ipset-save',
  describe: 'ipset save',
  sniff(head) {
    const first = firstLine(head, (line) => !IGNORED.test(line.trim()) && !BEFORE.test(line))
    return first !== undefined && CREATE.test(first)
  },
  load: andIpset(reader.load),
  read: (text, report) => reader.loaded.readIpsetSave(text, report),
}
