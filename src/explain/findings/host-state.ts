/** What is fetched once interfaces, routes, connections or IPsec's policies are listed: see later.ts. */
export { bridgedNat } from './bridged-nat.ts'
export { ipsecBehind, vanishedIpsec } from './ipsec-no-state.ts'
export { keptHere } from './kept-here.ts'
export { replyTupleTaken } from './reply-tuple-taken.ts'
export { toBroadcast } from './to-broadcast.ts'
export { notBetweenIsolated, vanishedAtPort } from './vanished-at-port.ts'
export { vanishedLinkDown } from './vanished-link-down.ts'
