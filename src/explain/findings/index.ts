/** Every finding: one line each. The first that names a culprit names the journey's. */
import type { Detector } from '../context.ts'
import { bridgeNfCall } from './bridge-nf-call.ts'
import { captureEnds } from './capture-ends.ts'
import { closedPort } from './closed-port.ts'
import { conntrackFull, conntrackWasFull } from './conntrack-full.ts'
import { dnatChangedDestination } from './dnat-changed-destination.ts'
import { droppedBeside } from './dropped-beside.ts'
import { droppedByMark } from './dropped-by-mark.ts'
import { droppedByPolicy } from './dropped-by-policy.ts'
import { droppedByRedirect, droppedByRule } from './dropped-by-rule.ts'
import { echoIgnored } from './echo-ignored.ts'
import { frameForMany, frameForManyForwarded } from './frame-for-many.ts'
import { kernelDrop } from './kernel-drop.ts'
import { lastRuleSeen } from './last-rule-seen.ts'
import { withHostState, withRules } from './later.ts'
import { lostEvents } from './lost-events.ts'
import { neighbourFailed } from './neighbour-failed.ts'
import { notNetfilter } from './not-netfilter.ts'
import { queued, queuePassedBy, queueWithoutListener } from './queued.ts'
import { refusedHere } from './refused-here.ts'
import { refusedThere } from './refused-there.ts'
import { rejectedByRule } from './rejected-by-rule.ts'
import { replyDropped } from './reply-dropped.ts'
import { retransmission } from './retransmission.ts'
import { rulesetChanged } from './ruleset-changed.ts'
import { sentToItself } from './sent-to-itself.ts'
import { tooManyWays } from './too-many-ways.ts'
import { undetermined } from './undetermined.ts'
import { unknownCondition } from './unknown-condition.ts'
import { noRuleset, passedOver, rulesetMismatch } from './unknown-outcome.ts'
import { vanishedMartian } from './vanished-martian.ts'
import { vanishedNoGroup } from './vanished-no-group.ts'

/** Why a packet does not come out of connection tracking, PREROUTING and routing, in the order in which the kernel asks. */
export const VANISHED: readonly Detector[] = [
  conntrackFull,
  withRules('proxy-missing', 'proxyMissing'),
  vanishedMartian,
  vanishedNoGroup,
  withHostState('vanished-no-route', 'vanishedNoRoute'),
  withHostState('vanished-forwarding-off', 'vanishedForwardingOff'),
  withHostState('vanished-martian', 'vanishedOwnAddress'),
  withHostState('vanished-rp-filter', 'vanishedRpFilter'),
  withHostState('vanished-at-port', 'vanishedAtPort'),
  withHostState('vanished-ttl', 'vanishedTtl'),
  withHostState('vanished-scope', 'vanishedScope'),
  withHostState('ipsec-no-state', 'vanishedIpsec'),
  withHostState('vanished-mtu', 'vanishedMtu'),
  frameForManyForwarded,
  withRules('proxy-missing', 'proxyRefuses'),
  conntrackWasFull,
]

/** The same of what no chain behind the last one need show: of what is bridged, or goes over lo. */
export const UNSHOWN: readonly Detector[] = [
  withHostState('vanished-at-port', 'notBetweenIsolated'),
  withHostState('vanished-link-down', 'vanishedLinkDown'),
  withHostState('vanished-ttl', 'groupTtl'),
]

/** Asked first: what the kernel itself says, where it was asked. */
export const FIRST: Detector = kernelDrop(VANISHED)

export const DETECTORS: readonly Detector[] = [
  withRules('no-endpoints', 'noEndpoints'),
  droppedByMark,
  droppedByRule,
  droppedByRedirect,
  withRules('proxy-missing', 'proxyRefused'),
  withRules('proxy-missing', 'proxyPassedBy'),
  withRules('proxy-missing', 'proxyTook'),
  droppedByPolicy,
  rejectedByRule,
  replyDropped,
  bridgeNfCall,
  withHostState('bridge-nf-call', 'bridgedNat'),
  withHostState('helper-missing', 'helperMissing'),
  withRules('invalid-state', 'invalidState'),
  queueWithoutListener,
  queued,
  queuePassedBy,
  withRules('untracked', 'untracked'),
  withRules('other-zone', 'otherZone'),
  withHostState('stale-conntrack', 'staleConntrack'),
  withRules('stale-conntrack', 'natCameLate'),
  withRules('nodeport-clash', 'nodeportClash'),
  withRules('dnat-skipped', 'dnatSkipped'),
  withRules('dnat-skipped', 'dnatShadowed'),
  withRules('dnat-skipped', 'stoppedBeforeNat'),
  withRules('dnat-skipped', 'otherNat'),
  withRules('dnat-skipped', 'natOnce'),
  withHostState('snat-port-taken', 'snatPortTaken'),
  withHostState('snat-port-taken', 'replyTupleTaken'),
  withHostState('mark-missing', 'unmarkedPeer'),
  withRules('snat-skipped', 'snatSkipped'),
  withRules('ttl-too-small', 'ttlTooSmall'),
  withHostState('wrong-way-out', 'markedAstray'),
  withHostState('wrong-way-out', 'tosAstray'),
  withHostState('wrong-way-out', 'maskAstray'),
  withRules('mark-missing', 'markTakenAway'),
  withRules('mark-missing', 'markAltered'),
  withHostState('wrong-way-out', 'sourceLedAway'),
  withHostState('wrong-way-out', 'tableOfSourceUnasked'),
  withHostState('wrong-way-out', 'tableOfBoundSource'),
  withHostState('wrong-way-out', 'guestLedHalf'),
  withHostState('not-masqueraded', 'sourceOfOtherLink'),
  withHostState('mark-missing', 'markUnrouted'),
  withRules('not-masqueraded', 'notMasqueraded'),
  withRules('not-masqueraded', 'emptyNatChain'),
  withRules('mark-missing', 'markedTooLate'),
  withRules('mark-missing', 'markMissing'),
  withHostState('mark-missing', 'unmarkedWay'),
  withHostState('wrong-way-out', 'unroutedSource'),
  withRules('returned-early', 'returnedEarly'),
  withRules('goto-skips', 'gotoSkips'),
  withRules('not-in-set', 'notInSet'),
  withRules('never-reached', 'neverReached'),
  withRules('never-reached', 'neverForOwn'),
  withRules('never-reached', 'neverForOthers'),
  withRules('never-reached', 'neverAtHook'),
  withRules('came-back', 'cameBack'),
  withRules('accepted-too-late', 'acceptedTooLate'),
  withRules('dnat-mismatch', 'dnatMismatch'),
  withRules('dnat-mismatch', 'portRange'),
  withRules('missing-rule', 'acceptedByOtherVersion'),
  withRules('missing-rule', 'missingRule'),
  withRules('missing-rule', 'emptyChain'),
  withRules('missing-rule', 'natRuleGone'),
  withRules('near-miss', 'nearMiss'),
  closedPort,
  frameForMany,
  echoIgnored,
  withHostState('ipsec-no-state', 'ipsecBehind'),
  droppedBeside,
  refusedHere,
  refusedThere,
  neighbourFailed,
  withHostState('neighbour-failed', 'arpOff'),
  withHostState('neighbour-failed', 'neighbourUnasked'),
  withHostState('neighbour-discovery-dropped', 'neighbourAsks'),
  withHostState('neighbour-discovery-dropped', 'unusedAddress'),
  withHostState('neighbour-discovery-dropped', 'arpIgnored'),
  withHostState('reply-dropped', 'replyAtBridge'),
  sentToItself,
  withHostState('wrong-way-out', 'wrongWayOut'),
  withHostState('wrong-way-out', 'keptHere'),
  withHostState('wrong-way-out', 'markedHere'),
  withHostState('wrong-way-out', 'proxyArp'),
  withHostState('wrong-way-out', 'toBroadcast'),
  withHostState('wrong-way-out', 'tableWithoutRoute'),
  withRules('later-base-chain', 'laterBaseChain'),
  withRules('let-through', 'letThrough'),
  withRules('ambiguous-hook-order', 'ambiguousHookOrder'),
  withRules('mixed-backends', 'mixedBackends'),
  dnatChangedDestination,
  retransmission,
  rulesetChanged,
  rulesetMismatch,
  passedOver,
  withRules('ambiguous-rule', 'ambiguousRule'),
  lostEvents,
  captureEnds,
  undetermined,
  noRuleset,
  lastRuleSeen,
  unknownCondition,
  tooManyWays,
]

/** Asked last: what is said where nothing else explains. */
export const LAST: Detector = notNetfilter
