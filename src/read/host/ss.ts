/** How `ss -lntup`, `ss -tulpen`, `ss -tunap` is recognised. */
import { Later } from '../../model/later.ts'
import type { HostFormat } from './format.ts'
import { firstLine } from './lines.ts'
import { HEADER, ROW } from './ss-line.ts'

export const ssReader = new Later(() => import('./ss-reader.ts'))

export const ss: HostFormat = {
  id: 'ss',
  describe: 'ss -lntup (listening sockets)',
  sniff: (head) => firstLine(head, (line) => HEADER.test(line) || ROW.test(line)) !== undefined,
  load: ssReader.load,
  read: (text, report) => ssReader.loaded.readSs(text, report),
}
