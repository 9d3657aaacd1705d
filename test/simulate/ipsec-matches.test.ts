/** `-m policy`, where host state lists IPsec's policies and states; compared with Linux 6.18 without any of them. */
import { expect, it } from 'vitest'
import type { Host } from '../../src/index.ts'
import type { IpsecPolicy } from '../../src/model/host.ts'
import { Simulator } from '../../src/simulate/simulator.ts'
import { makeWorld, ROUTER } from './world.ts'

const PACKET = { in: 'eth0', protocol: 'tcp', src: '10.0.1.7', dst: '10.0.2.7', sport: 40_000, dport: 80 }
const NONE: Host = { ipsecPolicies: [], ipsecStates: [] }
const out = (dst: string): Host => ({
  ipsecPolicies: [
    { direction: 'out', src: '10.0.1.0/24', dst, priority: 1, action: 'allow', templates: [] } satisfies IpsecPolicy,
  ],
  ipsecStates: [],
})

function ends(match: string, ipsec: Host): string {
  const rules = `*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -m policy ${match} -j DROP\nCOMMIT\n`
  return new Simulator(makeWorld(rules, { ...ROUTER, ...ipsec })).send(PACKET).ended.outcome
}

it.each<[string, Host, string]>([
  ['--dir in --pol none', NONE, 'dropped'],
  ['--dir out --pol none', NONE, 'dropped'],
  ['--dir in --pol ipsec', NONE, 'forwarded'],
  ['--dir out --pol ipsec --proto esp', NONE, 'forwarded'],
  ['--dir out --pol none', out('10.0.9.0/24'), 'dropped'],
  ['--dir out --pol none', out('10.0.2.0/24'), 'undetermined'],
  ['--dir in --pol none', {}, 'undetermined'],
])('%s', (match, ipsec, outcome) => {
  expect(ends(match, ipsec)).toBe(outcome)
})
