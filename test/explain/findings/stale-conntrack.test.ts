/** The connection is older than the rules. */
import { describe, expect, it } from 'vitest'
import type { Packet } from '../../../src/index.ts'
import { entry } from '../../simulate/world.ts'
import { type Case, told } from './played.ts'

const UDP: Packet = { in: 'eth0', protocol: 'udp', src: '10.0.1.2', sport: 5000, dst: '10.0.1.1', dport: 53, ipId: 1 }
const DNAT = '-A PREROUTING -p udp -m udp --dport 53 -j DNAT --to-destination 10.0.2.9'
const flow = (src: string) =>
  entry({
    protocol: 'udp',
    original: { src: '10.0.1.2', dst: '10.0.1.1', sport: 5000, dport: 53 },
    reply: { src, dst: '10.0.1.2', sport: 53, dport: 5000 },
  })
const one = (src: string, rules: string[]): Case => ({
  rules: { raw: [], nat: rules, filter: ['-A FORWARD -p tcp -j DROP'] },
  packet: UDP,
  host: { conntrack: [flow(src)] },
})

describe('stale-conntrack', () => {
  it.each([
    ['rewrites it to another place', '10.0.2.8', [DNAT], 'rewrites its destination to 10.0.2.8:53'],
    ['leaves it as it is', '10.0.1.1', [DNAT], 'leaves its destination as it is'],
    ['rewrites it, and no rule does', '10.0.2.8', [], 'no rule would rewrite it'],
  ])('is an entry that %s', (_name, src, rules, words) => {
    const found = told(one(src, rules), 'stale-conntrack')
    expect(found?.message).toContain(words)
    expect(found?.fix).toMatch(
      /^conntrack -D -p udp --orig-src 10.0.1.2 --orig-dst 10.0.1.1 --orig-port-src 5000 --orig-port-dst 53 → /,
    )
  })

  it.each([
    ['the entry does what the rules do', one('10.0.2.9', [DNAT])],
    ['neither rewrites it', one('10.0.1.1', [])],
    ['there is no entry', { ...one('10.0.2.8', [DNAT]), host: { conntrack: [] } }],
  ])('is not told where %s', (_name, case_) => {
    expect(told(case_, 'stale-conntrack')).toBeUndefined()
  })
})
