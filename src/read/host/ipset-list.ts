/** How `ipset list` is recognised. */
import { andIpset } from '../../edits/later.ts'
import { Later } from '../../model/later.ts'
import type { HostFormat } from './format.ts'
import { SET_TYPE } from './ipset-line.ts'

const reader = new Later(() => import('./ipset-list-reader.ts'))

export const ipsetList: HostFormat = {
  id: 'ipset-list',
  describe: 'ipset list',
  sniff: (head) => new RegExp(`^\\s*Name: .*\\r?\\nType: ${SET_TYPE}\\r?\\n`).test(head),
  load: andIpset(reader.load),
  read: (text, report) => reader.loaded.readIpsetList(text, report),
}
