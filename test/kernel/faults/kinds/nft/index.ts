/** Every kind of fault, in nft's words. */
import type { Kind } from '../../fault.ts'
import { forwardingOff, martian, nobodyListens, policyDrop, routeElsewhere, routeGone, rpFilter } from '../host.ts'
import { boundElsewhere, echoIgnored, ipsecPolicy, neighbourGone, ownAddress, policyRule, wayBack } from '../ways.ts'
import { interfaceRenamed, markNotKept, routingRule, wrongMask } from '../wider.ts'
import { atTheDevice, banned, markAstray, snatElsewhere, zoned } from './beside.ts'
import { conditionTooMany, wrongChain, wrongHook, wrongIcmpType } from './conditions.ts'
import {
  dnatShadowed,
  dnatSkipped,
  dropInFront,
  earlierTable,
  laterTable,
  rejectInFront,
  returnInFront,
  snatSkipped,
  ttl,
} from './in-front.ts'
import { gotoForJump, missingAccept, missingJump, missingMark, missingNat, tooLate } from './missing.ts'
import { elementGone, elementTooMany, keyGone, listedGone, markDropped, wrongData, wrongKey } from './sets.ts'
import { atWrongTime, chainFlushed, jumpElsewhere, netmaskNarrow, sidesMixed, wrongVerdict } from './slips.ts'
import {
  answerDropped,
  answerNotAccepted,
  limitUsedUp,
  noEndpoints,
  notrack,
  staleEntry,
  staleWithoutNat,
} from './tracking.ts'
import { conditionMissing, oneFamily, wrongElement } from './wider.ts'
import {
  dnatElsewhere,
  negated,
  wrongDestination,
  wrongInterface,
  wrongMark,
  wrongPort,
  wrongProtocol,
  wrongSet,
  wrongSource,
  wrongState,
} from './wrong.ts'

export const NFT_KINDS: readonly Kind[] = [
  ...[dropInFront, rejectInFront, returnInFront, earlierTable, laterTable, policyDrop],
  ...[missingAccept, missingJump, gotoForJump, tooLate],
  ...[wrongPort, wrongSource, wrongDestination, wrongInterface, wrongProtocol, wrongState, negated],
  ...[wrongSet, elementGone, elementTooMany, keyGone, wrongKey, wrongData, listedGone],
  ...[missingNat, dnatSkipped, dnatShadowed, dnatElsewhere, snatSkipped],
  ...[missingMark, wrongMark, markDropped],
  ...[notrack, staleEntry, staleWithoutNat, limitUsedUp, noEndpoints],
  ...[answerDropped, answerNotAccepted],
  ...[forwardingOff, rpFilter, routeGone, routeElsewhere, nobodyListens, ttl, martian],
  ...[conditionTooMany, wrongIcmpType, wrongChain, wrongHook],
  ...[zoned, snatElsewhere, markAstray, banned, atTheDevice],
  ...[wayBack, policyRule, ownAddress, echoIgnored, boundElsewhere, neighbourGone, ipsecPolicy],
  ...[wrongVerdict, sidesMixed, netmaskNarrow, chainFlushed, jumpElsewhere, atWrongTime],
  ...[conditionMissing, interfaceRenamed, routingRule, wrongMask, markNotKept, wrongElement, oneFamily],
]
