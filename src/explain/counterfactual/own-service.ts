/** Of the rules that nearly matched, those that a packet's service is no stranger to. */
import type { Condition } from '../../model/condition.ts'
import { isNear } from './distance.ts'
import { fieldOf, isParticular } from './failed-condition.ts'
import type { NearMiss } from './near-misses.ts'

/** Beside a rule for the packet's own service, which misses it by something else, those for other services say nothing. */
export const ofOwnService = (found: NearMiss[]): NearMiss[] =>
  found.some(isForService) ? found.filter((one) => !isForOtherService(one)) : found

const asksPort = (condition: Condition): boolean => / dport$/.test(fieldOf(condition) ?? '')

const isForService = ({ rule, miss }: NearMiss): boolean =>
  !asksPort(miss.condition) && rule.conditions.some((one) => asksPort(one) && isParticular(one))

const isForOtherService = ({ miss, moment }: NearMiss): boolean =>
  asksPort(miss.condition) && !isNear(miss, moment.packet)
