/** A rule writes a TTL by which routers on the way drop the packet. */
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { type Case, played, SYN } from './played.ts'

const sets = (ttl: number, dst: string, more: Partial<Case> = {}): Case => ({
  rules: { mangle: [`-A POSTROUTING -p tcp -j TTL --ttl-set ${ttl}`], filter: ['-P FORWARD ACCEPT'] },
  packet: { ...SYN, dst, ttl: 64 },
  ...more,
})
const found = (one: Case) => played(one).findings.filter(({ code }) => code === 'ttl-too-small')
/** By the default route. */
const FAR = '198.51.100.8'

describe('a TTL that a rule set', () => {
  it('is told where the next router uses it up, with the rule and what deletes it', () => {
    const [one] = found(sets(1, FAR))
    expect(one?.message).toMatch(
      /^mangle POSTROUTING rule 1 lowered its TTL from 63 to 1\. The next router, \S+, does not forward it\.$/,
    )
    expect(String(fixCommands(one!.fix[0]!).command)).toBe('iptables -t mangle -D POSTROUTING 1')
    expect(one?.fix[0]?.after).toBe('forwarded')
  })

  it.each([
    [
      'a group is meant',
      sets(1, '239.255.255.250', { packet: { ...SYN, protocol: 'udp', dst: '239.255.255.250', ttl: 64 } }),
    ],
    ['it is raised', { rules: { mangle: ['-A PREROUTING -j TTL --ttl-inc 1'] }, packet: { ...SYN, dst: FAR, ttl: 1 } }],
    ['the destination is on the link', sets(1, '10.0.2.2')],
    ['a router takes one of it, and nobody has complained', sets(2, FAR)],
    ['the rule is about others', sets(1, FAR, { packet: { ...SYN, protocol: 'udp', dst: FAR, ttl: 64 } })],
    ['the packet is dropped behind it', sets(1, FAR, { rules: { filter: ['-P FORWARD DROP'] } })],
  ])('is nothing where %s', (_, one) => {
    expect(found(one)).toEqual([])
  })
})
