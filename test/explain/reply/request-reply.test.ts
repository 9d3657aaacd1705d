/** Which packets are taken for the beginning of something, by themselves. */
import { describe, expect, it } from 'vitest'
import { isAlwaysAnswered, isOpening } from '../../../src/explain/reply/request-reply.ts'
import { makeWorld } from '../../simulate/world.ts'

describe('UDP of which connection tracking tells nothing', () => {
  it.each([
    ['a question to a privileged port', 40_000, 53, true],
    ['the answer to it', 53, 40_000, false],
    // WireGuard's port is one that Linux chooses, too
    ['two ports of which either may have asked', 51_820, 20_000, false],
    ['two privileged ports', 123, 123, false],
  ])('%s', (_name, sport, dport, opens) => {
    const packet = { protocol: 'udp', src: '10.0.1.2', dst: '10.0.2.2', sport, dport }
    expect(isOpening({ packet }, 'unknown', makeWorld(''))).toBe(opens)
    expect(isOpening({ packet }, 'passed', makeWorld(''))).toBe(true)
  })
})

it.each([
  [{ protocol: 'tcp', tcpFlags: ['syn' as const] }, true],
  [{ protocol: 'tcp', tcpFlags: ['syn' as const, 'ack' as const] }, false],
  [{ protocol: 'icmp', icmpType: 8 }, true],
  [{ protocol: 'icmp', icmpType: 3 }, false],
  [{ protocol: 'icmpv6', icmpType: 128 }, true],
  [{ protocol: 'udp', dport: 53 }, true],
  [{ protocol: 'udp', dport: 514 }, false],
  [{ protocol: 'gre' }, false],
])('%o is answered in any case: %s', (packet, answered) => {
  expect(isAlwaysAnswered(packet)).toBe(answered)
})
