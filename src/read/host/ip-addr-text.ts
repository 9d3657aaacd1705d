/** How `ip addr`, `ip link`, also with -d, -s and -o is recognised. */
import { Later } from '../../model/later.ts'
import type { HostFormat } from './format.ts'
import { LINK, ONELINE } from './ip-addr-line.ts'
import { firstLine } from './lines.ts'

const reader = new Later(() => import('./ip-addr-text-reader.ts'))

export const ipAddrText: HostFormat = {
  id: 'ip-addr',
  describe: 'ip addr, ip link',
  sniff(head) {
    const first = firstLine(head)
    return first !== undefined && (LINK.test(first) || ONELINE.test(first))
  },
  load: reader.load,
  read: (text, report) => reader.loaded.readIpAddrText(text, report),
}
