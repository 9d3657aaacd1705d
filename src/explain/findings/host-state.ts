/** What is fetched once interfaces, routes, connections or IPsec's policies are listed: see later.ts. */
export { bridgedNat } from './bridged-nat.ts'
export { ipsecBehind, vanishedIpsec } from './ipsec-no-state.ts'
export { keptHere } from './kept-here.ts'
export { proxyArp } from './proxy-arp.ts'
export { replyTupleTaken } from './reply-tuple-taken.ts'
export { toBroadcast } from './to-broadcast.ts'
export { unusedAddress } from './unused-address.ts'
export { notBetweenIsolated, vanishedAtPort } from './vanished-at-port.ts'
