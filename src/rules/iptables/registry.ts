/** Every match and target there is: one line each. */
import type { IpFamily, Match, Target } from './extension.ts'
import { addrtype } from './matches/addrtype.ts'
import { bpf } from './matches/bpf.ts'
import { cgroup } from './matches/cgroup.ts'
import { cluster } from './matches/cluster.ts'
import { comment } from './matches/comment.ts'
import { connbytes } from './matches/connbytes.ts'
import { connlabel } from './matches/connlabel.ts'
import { connlimit } from './matches/connlimit.ts'
import { connmark } from './matches/connmark.ts'
import { conntrack } from './matches/conntrack.ts'
import { cpu } from './matches/cpu.ts'
import { dccp } from './matches/dccp.ts'
import { devgroup } from './matches/devgroup.ts'
import { dscp } from './matches/dscp.ts'
import { ecn } from './matches/ecn.ts'
import { esp } from './matches/esp.ts'
import { hashlimit } from './matches/hashlimit.ts'
import { helper } from './matches/helper.ts'
import { hl } from './matches/hl.ts'
import { icmp } from './matches/icmp.ts'
import { icmp6 } from './matches/icmp6.ts'
import { ipcomp } from './matches/ipcomp.ts'
import { iprange } from './matches/iprange.ts'
import { ipvs } from './matches/ipvs.ts'
import { length } from './matches/length.ts'
import { limit } from './matches/limit.ts'
import { mac } from './matches/mac.ts'
import { mark } from './matches/mark.ts'
import { multiport } from './matches/multiport.ts'
import { owner } from './matches/owner.ts'
import { physdev } from './matches/physdev.ts'
import { pkttype } from './matches/pkttype.ts'
import { policy } from './matches/policy.ts'
import { quota } from './matches/quota.ts'
import { recent } from './matches/recent.ts'
import { rpfilter } from './matches/rpfilter.ts'
import { set } from './matches/set.ts'
import { socket } from './matches/socket.ts'
import { state } from './matches/state.ts'
import { statistic } from './matches/statistic.ts'
import { string } from './matches/string.ts'
import { tcp } from './matches/tcp.ts'
import { tcpmss } from './matches/tcpmss.ts'
import { time } from './matches/time.ts'
import { tos } from './matches/tos.ts'
import { ttl } from './matches/ttl.ts'
import { udp } from './matches/udp.ts'
import { CONNMARK } from './targets/CONNMARK.ts'
import { CT } from './targets/CT.ts'
import { DNAT } from './targets/DNAT.ts'
import { LOG } from './targets/LOG.ts'
import { MARK } from './targets/MARK.ts'
import { MASQUERADE } from './targets/MASQUERADE.ts'
import { NFLOG } from './targets/NFLOG.ts'
import { REDIRECT } from './targets/REDIRECT.ts'
import { REJECT } from './targets/REJECT.ts'
import { SNAT } from './targets/SNAT.ts'
import { ACCEPT, DROP, QUEUE, RETURN } from './targets/standard.ts'
import { TCPMSS } from './targets/TCPMSS.ts'
import { TRACE } from './targets/TRACE.ts'

export const MATCHES: readonly Match[] = [
  addrtype,
  bpf,
  cgroup,
  cluster,
  comment,
  connbytes,
  connlabel,
  connlimit,
  connmark,
  conntrack,
  cpu,
  dccp,
  devgroup,
  dscp,
  ecn,
  esp,
  hashlimit,
  helper,
  hl,
  icmp,
  icmp6,
  ipcomp,
  iprange,
  ipvs,
  length,
  limit,
  mac,
  mark,
  multiport,
  owner,
  physdev,
  pkttype,
  policy,
  quota,
  recent,
  rpfilter,
  set,
  socket,
  state,
  statistic,
  string,
  tcp,
  tcpmss,
  time,
  tos,
  ttl,
  udp,
]

export const TARGETS: readonly Target[] = [
  ACCEPT,
  CONNMARK,
  CT,
  DNAT,
  DROP,
  LOG,
  MARK,
  MASQUERADE,
  NFLOG,
  QUEUE,
  REDIRECT,
  REJECT,
  RETURN,
  SNAT,
  TCPMSS,
  TRACE,
]

function find<T extends Match | Target>(list: readonly T[], name: string, family: IpFamily): T | undefined {
  return list.find(
    (one) => (one.name === name || one.aliases?.includes(name)) && (one.family === undefined || one.family === family),
  )
}

export const findMatch = (name: string, family: IpFamily): Match | undefined => find(MATCHES, name, family)
export const findTarget = (name: string, family: IpFamily): Target | undefined => find(TARGETS, name, family)
