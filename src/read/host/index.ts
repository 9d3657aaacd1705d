import { collected } from './collected.ts'
import { conntrack } from './conntrack.ts'
import { conntrackSave } from './conntrack-save.ts'
import { conntrackStats } from './conntrack-stats.ts'
import { conntrackXml } from './conntrack-xml.ts'
import type { HostFormat } from './format.ts'
import { ipAddrJson } from './ip-addr-json.ts'
import { ipAddrText } from './ip-addr-text.ts'
import { ipBrief } from './ip-brief.ts'
import { ipRouteJson } from './ip-route-json.ts'
import { ipRouteText } from './ip-route-text.ts'
import { ipRuleJson } from './ip-rule-json.ts'
import { ipRuleText } from './ip-rule-text.ts'
import { ipXfrm } from './ip-xfrm.ts'
import { ipsetList } from './ipset-list.ts'
import { ipsetSave } from './ipset-save.ts'
import { ipsetXml } from './ipset-xml.ts'
import { kernelDrops } from './kernel-drops.ts'
import { listing } from './listings.ts'
import { modules } from './modules.ts'
import { namespaces } from './namespaces.ts'
import { neighboursJson } from './neighbours-json.ts'
import { neighboursText } from './neighbours-text.ts'
import { queues } from './queues.ts'
import { ss } from './ss.ts'
import { sysctl } from './sysctl.ts'
import { traceSession } from './trace-session.ts'
import { uname } from './uname.ts'
import { versions } from './versions.ts'

/** Every source of host state; a new one is a line here, a file, and a folder of fixtures. */
export const HOST_FORMATS: readonly HostFormat[] = [
  listing(ipAddrJson),
  listing(ipAddrText),
  listing(ipBrief),
  listing(ipRouteJson),
  listing(ipRouteText),
  listing(ipRuleJson),
  listing(ipRuleText),
  neighboursJson,
  neighboursText,
  listing(ipXfrm),
  namespaces,
  ss,
  listing(conntrack),
  listing(conntrackXml),
  listing(conntrackSave),
  conntrackStats,
  queues,
  ipsetSave,
  ipsetList,
  ipsetXml,
  sysctl,
  kernelDrops,
  modules,
  versions,
  collected,
  traceSession,
  uname,
]
