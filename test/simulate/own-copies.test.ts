/**
 * What this host sends to many comes back to it with the route that it was sent with: no check of the way back stops it. So
 * Linux 6.18 counted such copies, of IPv4 and IPv6, broadcast and multicast.
 */
import { describe, expect, it } from 'vitest'
import type { Packet } from '../../src/index.ts'
import { Simulator } from '../../src/simulate/simulator.ts'
import { makeWorld, ROUTER } from './world.ts'

const RPFILTER = `*raw
:PREROUTING ACCEPT [0:0]
-A PREROUTING -m rpfilter --invert -j DROP
COMMIT
`
const FIB = (hook: string) => `table inet t {
chain c {
type filter hook ${hook} priority -300; policy accept;
fib saddr . iif oif missing drop
}
}`
const COPY: Packet = { in: 'eth0', protocol: 'udp', src: '10.0.1.1', sport: 67, dst: '255.255.255.255', dport: 68 }

const outcome = (rules: string, packet: Packet) => new Simulator(makeWorld(rules, ROUTER)).send(packet).ended.outcome

describe.each([
  ['rpfilter', RPFILTER],
  ['fib in prerouting', FIB('prerouting')],
  ['fib in input', FIB('input')],
])('%s', (_, rules) => {
  it.each(['255.255.255.255', '224.0.0.1'])('lets the copy of what was sent to %s pass', (dst) => {
    expect(outcome(rules, { ...COPY, dst })).toBe('delivered')
  })

  it('stops what a neighbour sends with that address', () => {
    expect(outcome(rules, { ...COPY, srcMac: '02:00:00:00:00:09' })).not.toBe('delivered')
  })
})
