/** How `ip rule` and `ip -6 rule` is recognised. */
import { Later } from '../../model/later.ts'
import type { HostFormat } from './format.ts'
import { RULE } from './ip-rule-line.ts'
import { firstLine } from './lines.ts'

const reader = new Later(() => import('./ip-rule-text-reader.ts'))

export const ipRuleText: HostFormat = {
  id: 'ip-rule',
  describe: 'ip rule, ip -6 rule',
  sniff(head) {
    const first = firstLine(head)
    return first !== undefined && RULE.test(first)
  },
  load: reader.load,
  read: (text, report) => reader.loaded.readIpRuleText(text, report),
}
