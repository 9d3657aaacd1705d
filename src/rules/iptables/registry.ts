/** Every match and target there is: one line each. */
import type { IpFamily, Match, Target } from './extension.ts'
import { addrtype } from './matches/addrtype.ts'
import { ah } from './matches/ah.ts'
import { ah6 } from './matches/ah6.ts'
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
import { dst } from './matches/dst.ts'
import { ecn } from './matches/ecn.ts'
import { esp } from './matches/esp.ts'
import { eui64 } from './matches/eui64.ts'
import { frag } from './matches/frag.ts'
import { hashlimit } from './matches/hashlimit.ts'
import { hbh } from './matches/hbh.ts'
import { helper } from './matches/helper.ts'
import { hl } from './matches/hl.ts'
import { icmp } from './matches/icmp.ts'
import { icmp6 } from './matches/icmp6.ts'
import { ipcomp } from './matches/ipcomp.ts'
import { iprange } from './matches/iprange.ts'
import { ipv6header } from './matches/ipv6header.ts'
import { ipvs } from './matches/ipvs.ts'
import { length } from './matches/length.ts'
import { limit } from './matches/limit.ts'
import { mac } from './matches/mac.ts'
import { mark } from './matches/mark.ts'
import { mh } from './matches/mh.ts'
import { multiport } from './matches/multiport.ts'
import { nfacct } from './matches/nfacct.ts'
import { osf } from './matches/osf.ts'
import { owner } from './matches/owner.ts'
import { physdev } from './matches/physdev.ts'
import { pkttype } from './matches/pkttype.ts'
import { policy } from './matches/policy.ts'
import { quota } from './matches/quota.ts'
import { rateest } from './matches/rateest.ts'
import { realm } from './matches/realm.ts'
import { recent } from './matches/recent.ts'
import { rpfilter } from './matches/rpfilter.ts'
import { rt } from './matches/rt.ts'
import { sctp } from './matches/sctp.ts'
import { set } from './matches/set.ts'
import { socket } from './matches/socket.ts'
import { srh } from './matches/srh.ts'
import { state } from './matches/state.ts'
import { statistic } from './matches/statistic.ts'
import { string } from './matches/string.ts'
import { tcp } from './matches/tcp.ts'
import { tcpmss } from './matches/tcpmss.ts'
import { time } from './matches/time.ts'
import { tos } from './matches/tos.ts'
import { ttl } from './matches/ttl.ts'
import { u32 } from './matches/u32.ts'
import { udp } from './matches/udp.ts'
import { AUDIT } from './targets/AUDIT.ts'
import { CHECKSUM } from './targets/CHECKSUM.ts'
import { CLASSIFY } from './targets/CLASSIFY.ts'
import { CLUSTERIP } from './targets/CLUSTERIP.ts'
import { CONNMARK } from './targets/CONNMARK.ts'
import { CONNSECMARK } from './targets/CONNSECMARK.ts'
import { CT } from './targets/CT.ts'
import { DNAT } from './targets/DNAT.ts'
import { DNPT } from './targets/DNPT.ts'
import { DSCP } from './targets/DSCP.ts'
import { ECN } from './targets/ECN.ts'
import { HL } from './targets/HL.ts'
import { HMARK } from './targets/HMARK.ts'
import { IDLETIMER } from './targets/IDLETIMER.ts'
import { LED } from './targets/LED.ts'
import { LOG } from './targets/LOG.ts'
import { MARK } from './targets/MARK.ts'
import { MASQUERADE } from './targets/MASQUERADE.ts'
import { NETMAP } from './targets/NETMAP.ts'
import { NFLOG } from './targets/NFLOG.ts'
import { NFQUEUE } from './targets/NFQUEUE.ts'
import { NOTRACK } from './targets/NOTRACK.ts'
import { RATEEST } from './targets/RATEEST.ts'
import { REDIRECT } from './targets/REDIRECT.ts'
import { REJECT } from './targets/REJECT.ts'
import { SECMARK } from './targets/SECMARK.ts'
import { SET } from './targets/SET.ts'
import { SNAT } from './targets/SNAT.ts'
import { SNPT } from './targets/SNPT.ts'
import { SYNPROXY } from './targets/SYNPROXY.ts'
import { ACCEPT, DROP, QUEUE, RETURN } from './targets/standard.ts'
import { TCPMSS } from './targets/TCPMSS.ts'
import { TCPOPTSTRIP } from './targets/TCPOPTSTRIP.ts'
import { TEE } from './targets/TEE.ts'
import { TOS } from './targets/TOS.ts'
import { TPROXY } from './targets/TPROXY.ts'
import { TRACE } from './targets/TRACE.ts'
import { TTL } from './targets/TTL.ts'
import { ULOG } from './targets/ULOG.ts'

export const MATCHES: readonly Match[] = [
  addrtype,
  ah,
  ah6,
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
  dst,
  ecn,
  esp,
  eui64,
  frag,
  hashlimit,
  hbh,
  helper,
  hl,
  icmp,
  icmp6,
  ipcomp,
  iprange,
  ipv6header,
  ipvs,
  length,
  limit,
  mac,
  mark,
  mh,
  multiport,
  nfacct,
  osf,
  owner,
  physdev,
  pkttype,
  policy,
  quota,
  rateest,
  realm,
  recent,
  rpfilter,
  rt,
  sctp,
  set,
  socket,
  srh,
  state,
  statistic,
  string,
  tcp,
  tcpmss,
  time,
  tos,
  ttl,
  u32,
  udp,
]

export const TARGETS: readonly Target[] = [
  ACCEPT,
  AUDIT,
  CHECKSUM,
  CLASSIFY,
  CLUSTERIP,
  CONNMARK,
  CONNSECMARK,
  CT,
  DNAT,
  DNPT,
  DROP,
  DSCP,
  ECN,
  HL,
  HMARK,
  IDLETIMER,
  LED,
  LOG,
  MARK,
  MASQUERADE,
  NETMAP,
  NFLOG,
  NFQUEUE,
  NOTRACK,
  QUEUE,
  RATEEST,
  REDIRECT,
  REJECT,
  RETURN,
  SECMARK,
  SET,
  SNAT,
  SNPT,
  SYNPROXY,
  TCPMSS,
  TCPOPTSTRIP,
  TEE,
  TOS,
  TPROXY,
  TRACE,
  TTL,
  ULOG,
]

function byName<T extends Match | Target>(list: readonly T[], family: IpFamily): Map<string, T> {
  const ofFamily = list.filter((one) => one.family === undefined || one.family === family)
  return new Map(ofFamily.flatMap((one) => [one.name, ...(one.aliases ?? [])].map((name) => [name, one])))
}

const MATCH = { ip: byName(MATCHES, 'ip'), ip6: byName(MATCHES, 'ip6') }
const TARGET = { ip: byName(TARGETS, 'ip'), ip6: byName(TARGETS, 'ip6') }

export const findMatch = (name: string, family: IpFamily): Match | undefined => MATCH[family].get(name)
export const findTarget = (name: string, family: IpFamily): Target | undefined => TARGET[family].get(name)
