/** A router of two networks, whose log is explained. */
import { open } from '../../src/index.ts'
import { clocked, type TestPacket, trace } from '../journey/kernel-lines.ts'

export const rules = (nat: string[]) => `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
${nat.join('\n')}
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
`
export const ADDRESS =
  '2: wan    inet 203.0.113.1/24 scope global wan\\       valid_lft forever preferred_lft forever\n3: lan    inet 10.0.0.1/24 scope global lan\\       valid_lft forever preferred_lft forever\n'
export const ROUTES =
  'local 203.0.113.1 dev wan table local proto kernel scope host src 203.0.113.1\nlocal 10.0.0.1 dev lan table local proto kernel scope host src 10.0.0.1\n203.0.113.0/24 dev wan proto kernel scope link src 203.0.113.1\n10.0.0.0/24 dev lan proto kernel scope link src 10.0.0.1\n'

/** The clock in seconds, the place, the packet. */
export type Line = readonly [number, string, TestPacket]

export async function opened(nat: string[], lines: readonly Line[], conntrack?: string, more = '', address = ADDRESS) {
  const log = clocked(lines.map(([clock, place, packet]) => [clock, trace(place, packet)]))
  const files = {
    log,
    rules: rules(nat),
    ADDRESS: address,
    ROUTES: ROUTES + more,
    ...(conntrack ? { conntrack } : {}),
  }
  return await open(Object.entries(files).map(([name, text]) => ({ name, text })))
}

/** Somebody outside asks for what the router forwards. */
export const OUTSIDE = { in: 'wan', src: '203.0.113.7', dst: '203.0.113.1', sport: 40_000, dport: 8080 }
export const BEHIND = { ...OUTSIDE, out: 'lan', dst: '10.0.0.2', dport: 80 }
