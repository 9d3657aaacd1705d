/** Rules that let one host through, whatever it asks for, and it is another host than the packet's. */
import type { Condition } from '../../model/condition.ts'
import { isHostPart, wantedBy } from './distance.ts'
import { fieldOf, isAnyPort, isExact, isForClients, isNegated, isRate } from './failed-condition.ts'
import type { NearMiss } from './near-misses.ts'
import { isOtherEnd } from './other-end.ts'

/**
 * It says nothing of the packet's service, and the other host may need it: it is nobody's to turn into one for this host. One
 * that matches nothing serves nobody.
 */
export const isForOtherHost = ({ rule, miss, isGone, moment: { packet }, then: { matched } }: NearMiss): boolean =>
  !isGone &&
  /^ip6? [sd]addr$/.test(fieldOf(miss.condition) ?? '') &&
  isExact(miss.condition) &&
  !isNegated(miss.condition) &&
  !isHostPart(miss.condition, packet) &&
  !isOtherEnd(miss, packet) &&
  [rule, ...matched.map((visit) => visit.rule)].every(({ conditions }) => conditions.every(saysNoService))

/** For whose packets it is, of which protocol, and for how many; not for what. */
const saysNoService = (one: Condition): boolean =>
  /^(ip6? [sd]addr|meta ([io]ifname|nfproto|protocol)|ct state|tcp flags)$/.test(fieldOf(one) ?? '') ||
  isOfTransport(one) ||
  isAnyPort(one) ||
  isForClients(one) ||
  isRate(one)

/** TCP and UDP are for anything; ESP or GRE is for one thing. */
const isOfTransport = (one: Condition): boolean =>
  fieldOf(one) === 'meta l4proto' && wantedBy(one).every((protocol) => /^(tcp|udp|6|17)$/.test(String(protocol)))
