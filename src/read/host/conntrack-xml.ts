/** How `conntrack -L -o xml` is recognised. */
import { Later } from '../../model/later.ts'
import type { HostFormat } from './format.ts'

const reader = new Later(() => import('./conntrack-xml-reader.ts'))

/** Events (`conntrack -E -o xml`) say `<flow type="new">`. */
const BEGINS =
  /^(?:nfct_labelmap_new:[^\n]*\n)?\s*<\?xml[^>]{0,100}\?>\s*<conntrack>\s*(?:<flow><meta |<\/conntrack>|$)/

export const conntrackXml: HostFormat = {
  id: 'conntrack-xml',
  describe: 'conntrack -L -o xml',
  sniff: (head) => BEGINS.test(head),
  load: reader.load,
  read: (text, report) => reader.loaded.readConntrackXml(text, report),
}
