/** How `ip xfrm policy`, `ip xfrm state` and /proc/net/xfrm_stat are recognised, one or all of them, with their names above. */
import { Later } from '../../model/later.ts'
import type { HostFormat } from './format.ts'
import { BLOCK, COUNTER, DETAIL, TITLE } from './ip-xfrm-line.ts'
import { wholeLines } from './lines.ts'

const reader = new Later(() => import('./ip-xfrm-reader.ts'))

export const ipXfrm: HostFormat = {
  id: 'ip-xfrm',
  describe: 'ip xfrm policy, ip xfrm state',
  sniff(head) {
    const [first = '', second = ''] = wholeLines(head)
    return TITLE.test(first) || COUNTER.test(first) || (BLOCK.test(first) && DETAIL.test(second))
  },
  load: reader.load,
  read: (text, report) => reader.loaded.readIpXfrm(text, report),
}
