/** How `ss -lntup`, `ss -tulpen`, `ss -tunap` is recognised. */
import { Later } from '../../model/later.ts'
import type { HostFormat } from './format.ts'
import { wholeLines } from './lines.ts'
import { HEADER, ROW } from './ss-line.ts'

const reader = new Later(() => import('./ss-reader.ts'))

export const ss: HostFormat = {
  id: 'ss',
  describe: 'ss -lntup (listening sockets)',
  sniff: (head) => wholeLines(head).some((line) => HEADER.test(line) || ROW.test(line)),
  load: reader.load,
  read: (text, report) => reader.loaded.readSs(text, report),
}
