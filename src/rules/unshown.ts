/**
 * Why a listing does not tell what a rule asks for. The same words in another rule may ask for something else, so that
 * whether one of them matched says nothing of the others.
 */
import type { Condition } from '../model/condition.ts'

export const XT_OPTIONS = "nft's listing does not show the options of this iptables extension"
export const NO_INTERFACES = 'iptables -L without -v does not show interfaces'

export const isNotListed = ({ unknown }: { unknown: string }): boolean =>
  unknown === XT_OPTIONS || unknown === NO_INTERFACES

/** May it ask for nothing at all? Of a rule without `-i` and `-o`, too, no interfaces are shown. */
export const isPerhapsNone = (condition: Condition): boolean =>
  condition.kind === 'unknown' && condition.reason === NO_INTERFACES
