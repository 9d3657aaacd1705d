/** Which packets are taken for the beginning of something, by themselves. */
import { describe, expect, it } from 'vitest'
import { isAlwaysAnswered, isOpening } from '../../../src/explain/reply/request-reply.ts'
import type { Packet, Socket } from '../../../src/index.ts'
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

it('UDP that this host sends to a port of a rule asks, where nothing here listens on its own port', () => {
  const packet = { protocol: 'udp', src: '2001:db8::2', dst: '2001:db8::1', sport: 40_002, dport: 51_820, out: 'eth0' }
  const rules =
    'table inet fw {\n\tchain out {\n\t\ttype filter hook output priority filter; policy drop;\n\t\tudp dport 51820 accept\n\t}\n}\n'
  const opens = (sockets: Socket[] | undefined, change: Partial<Packet> = {}, text = rules) => {
    const world = makeWorld(text)
    if (sockets) world.host.sockets = sockets
    return isOpening({ packet: { ...packet, ...change } }, 'unknown', world)
  }
  const socket = (port: number): Socket => ({ protocol: 'udp', state: 'UNCONN', family: 'any', port })
  expect(opens([socket(53)])).toBe(true)
  expect(opens([socket(53), socket(40_002)])).toBe(false)
  expect(opens(undefined)).toBe(false)
  expect(opens([socket(53)], { sport: 51_820 })).toBe(false)
  expect(opens([socket(53)], { dport: 51_821 })).toBe(false)
  expect(opens([socket(53)], { in: 'eth1' }, rules.replace('51820', '51821'))).toBe(false)
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
