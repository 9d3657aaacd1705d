import { conntrack } from './conntrack.ts'
import type { HostFormat } from './format.ts'
import { ipAddrJson } from './ip-addr-json.ts'
import { ipAddrText } from './ip-addr-text.ts'
import { ipRouteJson } from './ip-route-json.ts'
import { ipRouteText } from './ip-route-text.ts'
import { ipRuleJson } from './ip-rule-json.ts'
import { ipRuleText } from './ip-rule-text.ts'
import { ipsetList } from './ipset-list.ts'
import { ipsetSave } from './ipset-save.ts'
import { ss } from './ss.ts'
import { sysctl } from './sysctl.ts'
import { uname } from './uname.ts'

/** Every source of host state; a new one is a line here, a file, and a folder of fixtures. */
export const HOST_FORMATS: readonly HostFormat[] = [
  ipAddrJson,
  ipAddrText,
  ipRouteJson,
  ipRouteText,
  ipRuleJson,
  ipRuleText,
  ss,
  conntrack,
  ipsetSave,
  ipsetList,
  sysctl,
  uname,
]
