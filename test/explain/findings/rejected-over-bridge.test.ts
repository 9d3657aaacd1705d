/** A reset that answers what came in by a bridge, behind NAT. */
import { expect, it } from 'vitest'
import type { Host, Packet } from '../../../src/index.ts'
import { ROUTER } from '../../simulate/world.ts'
import { findingsOf, played, TO_ROUTER } from './played.ts'

const rules = {
  nat: ['-A PREROUTING -p tcp -j REDIRECT --to-ports 1041'],
  filter: ['-A INPUT -p tcp -m tcp --dport 1041 -j REJECT --reject-with tcp-reset'],
}
const links = ROUTER.links!.map((one) => (one.name === 'eth0' ? { ...one, kind: 'bridge' } : one))
const host = (calls: string): Host => ({
  links,
  sysctls: new Map([...ROUTER.sysctls!, ['net.bridge.bridge-nf-call-iptables', calls]]),
})
const told = (more: Host, packet: Packet = { ...TO_ROUTER, dst: '198.51.100.9' }) =>
  findingsOf(played({ rules, host: more, packet }), 'rejected-by-rule')[0]?.message

it.each([
  [
    'by its own address, which its sender did not ask',
    host('1'),
    undefined,
    'filter INPUT rule 1 rejected it (tcp dport 1041). It answered with a TCP reset. The sender ignores the reset: with br_netfilter it comes from 10.0.1.1:1041, but the sender contacted 198.51.100.9:80.',
  ],
  ['through the chains, where br_netfilter is off', host('0'), undefined, / It answered with a TCP reset\.$/],
  ['through the chains, where no bridge is', {}, undefined, / It answered with a TCP reset\.$/],
  [
    'as it is, where nothing is rewritten',
    host('1'),
    { ...TO_ROUTER, dport: 1041 },
    / It answered with a TCP reset\.$/,
  ],
] as const)('comes %s', (_name, more, packet, text) => {
  expect(told(more, packet)).toMatch(text)
})
