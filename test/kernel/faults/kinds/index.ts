/** Every kind of fault. */
import type { Kind } from '../fault.ts'
import { answerDropped, answerNotAccepted } from './answer.ts'
import { banned, elementTooMany, markAstray, proxied, queued, snatElsewhere, zoned } from './beside.ts'
import { conditionTooMany, listedGone, negated, wrongChain, wrongIcmpType } from './conditions.ts'
import { forwardingOff, martian, nobodyListens, policyDrop, routeElsewhere, routeGone, rpFilter, ttl } from './host.ts'
import {
  dnatShadowed,
  dnatSkipped,
  dropInFront,
  earlierTable,
  laterTable,
  rejectInFront,
  returnInFront,
  snatSkipped,
} from './in-front.ts'
import { elementGone, markDropped } from './marks-and-sets.ts'
import { gotoForJump, missingAccept, missingJump, missingMark, missingNat, tooLate } from './missing.ts'
import { noEndpoints } from './services.ts'
import { chainFlushed, jumpElsewhere, natInOutput, netmaskNarrow, sidesMixed, wrongVerdict } from './slips.ts'
import { limitUsedUp, notrack, staleEntry, staleWithoutNat } from './tracking.ts'
import { boundElsewhere, echoIgnored, ipsecPolicy, neighbourGone, ownAddress, policyRule, wayBack } from './ways.ts'
import { conditionMissing, interfaceRenamed, markNotKept, routingRule, wrongElement, wrongMask } from './wider.ts'
import {
  dnatElsewhere,
  wrongDestination,
  wrongInterface,
  wrongMark,
  wrongPort,
  wrongProtocol,
  wrongSet,
  wrongSource,
  wrongState,
} from './wrong.ts'

export const KINDS: readonly Kind[] = [
  ...[dropInFront, rejectInFront, returnInFront, earlierTable, laterTable, policyDrop],
  ...[missingAccept, missingJump, gotoForJump, tooLate],
  ...[wrongPort, wrongSource, wrongDestination, wrongInterface, wrongProtocol, wrongState, wrongSet, elementGone],
  ...[missingNat, dnatSkipped, dnatShadowed, dnatElsewhere, snatSkipped],
  ...[missingMark, wrongMark, markDropped],
  ...[notrack, staleEntry, staleWithoutNat, limitUsedUp, noEndpoints],
  ...[answerDropped, answerNotAccepted],
  ...[forwardingOff, rpFilter, routeGone, routeElsewhere, nobodyListens, ttl, martian],
  ...[conditionTooMany, negated, listedGone, wrongIcmpType, wrongChain],
  ...[queued, zoned, snatElsewhere, markAstray, banned, elementTooMany, proxied],
  ...[wayBack, policyRule, ownAddress, echoIgnored, boundElsewhere, neighbourGone, ipsecPolicy],
  ...[wrongVerdict, sidesMixed, netmaskNarrow, chainFlushed, jumpElsewhere, natInOutput],
  ...[conditionMissing, interfaceRenamed, routingRule, wrongMask, markNotKept, wrongElement],
]
