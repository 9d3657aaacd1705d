/** A rule of nat that is for a packet's source, and that names another interface than the one by which it leaves. */
import { fieldOf, isNegated } from './failed-condition.ts'
import type { NearMiss } from './near-misses.ts'

/** As `-s 10.8.0.0/24 -o eth0 -j MASQUERADE`, where the packet leaves by eth1. */
export const isAtOtherLink = ({ rule, miss: { condition } }: NearMiss): boolean =>
  fieldOf(condition) === 'meta oifname' &&
  !isNegated(condition) &&
  rule.conditions.some((one) => /^ip6? saddr$/.test(fieldOf(one) ?? '') && !isNegated(one))
