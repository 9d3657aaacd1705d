/** How `ip -j rule` and `ip -6 -j rule` is recognised. */
import { Later } from '../../model/later.ts'
import type { HostFormat } from './format.ts'

const reader = new Later(() => import('./ip-rule-json-reader.ts'))

export const ipRuleJson: HostFormat = {
  id: 'ip-rule-json',
  describe: 'ip -j rule, ip -6 -j rule',
  sniff: (head) => /^\s*\[\s*\{\s*"priority"\s*:\s*\d+\s*,\s*("not"\s*:\s*null\s*,\s*)?"src"\s*:/.test(head),
  load: reader.load,
  read: (text, report) => reader.loaded.readIpRuleJson(text, report),
}
