/** How `ipset list -o xml` is recognised. */
import { andIpset } from '../../edits/later.ts'
import { Later } from '../../model/later.ts'
import type { HostFormat } from './format.ts'

const reader = new Later(() => import('./ipset-xml-reader.ts'))

export const ipsetXml: HostFormat = {
  id: 'ipset-xml',
  describe: 'ipset list -o xml',
  sniff: (head) => /^\s*<ipsets>\s*(?:<ipset name="[^"\n]*">\s*<type>|<\/ipsets>|$)/.test(head),
  load: andIpset(reader.load),
  read: (text, report) => reader.loaded.readIpsetXml(text, report),
}
