/** What is fetched once rules are read or made: see later.ts. */
export { gotoSkips } from './goto-skips.ts'
export { letThrough } from './let-through.ts'
export { markMissing } from './mark-missing.ts'
export { markTakenAway } from './mark-taken-away.ts'
export { emptyChain, missingRule } from './missing-rule.ts'
export { nearlyReached } from './nearly-reached.ts'
export { otherZone } from './other-zone.ts'
export { proxyMissing, proxyRefused, proxyRefuses } from './proxy-missing.ts'
