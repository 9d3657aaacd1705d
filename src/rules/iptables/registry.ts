/** Every match and target there is: one line each. */
import type { IpFamily, Match, Target } from './extension.ts'
import { comment } from './matches/comment.ts'
import { icmp } from './matches/icmp.ts'
import { icmp6 } from './matches/icmp6.ts'
import { mark } from './matches/mark.ts'
import { multiport } from './matches/multiport.ts'
import { owner } from './matches/owner.ts'
import { physdev } from './matches/physdev.ts'
import { set } from './matches/set.ts'
import { state } from './matches/state.ts'
import { tcp } from './matches/tcp.ts'
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

export const MATCHES: readonly Match[] = [comment, icmp, icmp6, mark, multiport, owner, physdev, set, state, tcp, udp]

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
