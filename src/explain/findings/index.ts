/** Every finding: one line each. The first that names a culprit names the journey's. */
import type { Detector } from '../context.ts'
import { captureEnds } from './capture-ends.ts'
import { closedPort } from './closed-port.ts'
import { dnatChangedDestination } from './dnat-changed-destination.ts'
import { droppedByMark } from './dropped-by-mark.ts'
import { droppedByPolicy } from './dropped-by-policy.ts'
import { droppedByRule } from './dropped-by-rule.ts'
import { lostEvents } from './lost-events.ts'
import { nearMiss } from './near-miss.ts'
import { nodeportClash } from './nodeport-clash.ts'
import { notNetfilter } from './not-netfilter.ts'
import { rejectedByRule } from './rejected-by-rule.ts'
import { retransmission } from './retransmission.ts'
import { snatSkipped } from './snat-skipped.ts'
import { undetermined } from './undetermined.ts'
import { unknownCondition } from './unknown-condition.ts'
import { noRuleset, rulesetMismatch } from './unknown-outcome.ts'
import { vanishedForwardingOff } from './vanished-forwarding-off.ts'
import { vanishedMartian, vanishedOwnAddress } from './vanished-martian.ts'
import { vanishedMtu } from './vanished-mtu.ts'
import { vanishedNoRoute } from './vanished-no-route.ts'
import { vanishedRpFilter } from './vanished-rp-filter.ts'
import { vanishedTtl } from './vanished-ttl.ts'

/** Why a packet does not come out of routing, in the order in which the kernel asks. */
export const VANISHED: readonly Detector[] = [
  vanishedMartian,
  vanishedNoRoute,
  vanishedForwardingOff,
  vanishedOwnAddress,
  vanishedRpFilter,
  vanishedTtl,
  vanishedMtu,
]

export const DETECTORS: readonly Detector[] = [
  droppedByMark,
  droppedByRule,
  droppedByPolicy,
  rejectedByRule,
  nodeportClash,
  snatSkipped,
  closedPort,
  nearMiss,
  dnatChangedDestination,
  retransmission,
  rulesetMismatch,
  lostEvents,
  captureEnds,
  undetermined,
  noRuleset,
  unknownCondition,
]

/** Asked last: what is said where nothing else explains. */
export const LAST: Detector = notNetfilter
