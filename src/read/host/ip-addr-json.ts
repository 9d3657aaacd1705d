/** How `ip -j addr` and `ip -j link`, also with -br is recognised. */
import { Later } from '../../model/later.ts'
import type { HostFormat } from './format.ts'

const reader = new Later(() => import('./ip-addr-json-reader.ts'))

export const ipAddrJson: HostFormat = {
  id: 'ip-addr-json',
  describe: 'ip -j addr, ip -j link',
  sniff: (head) => /^\s*\[[\s{},]*"(?:ifindex|ifname|link)"/.test(head) && /"operstate"\s*:/.test(head),
  load: reader.load,
  read: (text, report) => reader.loaded.readIpAddrJson(text, report),
}
