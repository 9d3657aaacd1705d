/** How `ip -j route show table all` is recognised. */
import { Later } from '../../model/later.ts'
import type { HostFormat } from './format.ts'

const reader = new Later(() => import('./ip-route-json-reader.ts'))

export const ipRouteJson: HostFormat = {
  id: 'ip-route-json',
  describe: 'ip -j route show table all',
  // neighbours (`lladdr`, `state`) and the answer of `ip -j route get` (`cache`) have a dst as well
  sniff: (head) =>
    /^\s*\[\s*\{\s*("type"\s*:\s*"\w+"\s*,\s*)?"dst"\s*:/.test(head) &&
    /"flags"\s*:/.test(head) &&
    !/"(lladdr|state|cache)"\s*:/.test(head),
  load: reader.load,
  read: (text, report) => reader.loaded.readIpRouteJson(text, report),
}
