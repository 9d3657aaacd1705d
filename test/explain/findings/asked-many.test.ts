/** Where a broadcast or a group was asked, each host replies from its own address: that is no fault of a server. */
import { describe, expect, it } from 'vitest'
import type { ConntrackEntry, Host, Packet } from '../../../src/index.ts'
import { trace } from '../../journey/kernel-lines.ts'
import { entry, ROUTER } from '../../simulate/world.ts'
import { captured, findingsOf, told } from './played.ts'

const BROADCAST = '10.0.1.255'
const routes: Host['routes'] = [
  ...ROUTER.routes!,
  { family: 'ip', type: 'broadcast', destination: `${BROADCAST}/32`, table: 'local', device: 'eth0' },
]
const asks = (dst: string, dport: number): ConntrackEntry =>
  entry({
    protocol: 'udp',
    original: { src: '10.0.1.1', dst, sport: 40_000, dport },
    reply: { src: dst, dst: '10.0.1.1', sport: dport, dport: 40_000 },
    status: ['unreplied'],
  })
const answer = (sport: number): Packet => ({
  ...{ in: 'eth0', protocol: 'udp', src: '10.0.1.2', sport, dst: '10.0.1.1', dport: 40_000, ipId: 1 },
})
const rules = { filter: ['-P INPUT DROP'] }
const said = (dst: string, port: number) => {
  const line = { ...answer(port), src: '10.0.1.2', dst: '10.0.1.1', protocol: 'udp' } as const
  const journey = captured(rules, [trace('filter:INPUT:policy:1', line)], { routes, conntrack: [asks(dst, port)] })
  return findingsOf(journey, 'reply-dropped')[0]!
}

describe('a datagram in reply to what many were asked', () => {
  it('begins a connection, but for a helper', () => {
    const { message, fix } = said(BROADCAST, 137)
    expect(message).toBe(
      'filter INPUT policy dropped a reply to what 10.0.1.1:40000 sent to 10.0.1.255:137, a broadcast address: each host replies to that from its own address, here 10.0.1.2:137. So conntrack does not assign it to the connection: it begins one of its own (NEW).',
    )
    expect(fix.map(({ description }) => description).join()).toMatch(
      /^assign conntrack's helper netbios-ns to what this host sends to udp port 137/,
    )
  })

  it('has no helper of a group, nor of another port', () => {
    const found = said('239.255.255.250', 1900)
    expect(found.message).toMatch(/sent to 239\.255\.255\.250:1900, a multicast group: each host/)
    for (const one of [found, said(BROADCAST, 1900), said('239.255.255.250', 137)]) expect(one.fix).toEqual([])
  })

  it('is of use when it is accepted', () => {
    const one = { rules, packet: answer(137), host: { routes, conntrack: [asks(BROADCAST, 137)] } }
    expect(told(one, 'dropped-by-policy')?.fix).toMatch(/→ delivered$/)
  })
})

describe('an echo reply to what many were asked', () => {
  const ping = (dst: string): ConntrackEntry =>
    entry({
      protocol: 'icmp',
      original: { src: '10.0.1.1', dst, icmpType: 8, icmpCode: 0, icmpId: 7 },
      reply: { src: dst, dst: '10.0.1.1', icmpType: 0, icmpCode: 0, icmpId: 7 },
      status: ['unreplied'],
    })
  const line = { in: 'eth0', src: '10.0.1.2', dst: '10.0.1.1', protocol: 'icmp', icmpType: 0, icmpId: 7 } as const
  const found = (conntrack: ConntrackEntry[], code: string) =>
    findingsOf(
      captured({ filter: ['-A INPUT -m conntrack --ctstate INVALID -j DROP'] }, [trace('filter:INPUT:rule:1', line)], {
        ...{ routes, conntrack },
      }),
      code,
    )

  it.each([
    [BROADCAST, 'a broadcast address'],
    ['224.0.0.1', 'a multicast group'],
  ])('of %s is invalid, and ping takes it', (dst, what) => {
    const [said] = found([ping(dst)], 'reply-dropped')
    expect(said?.message).toBe(
      `filter INPUT rule 1 dropped a reply to what 10.0.1.1 sent to ${dst}, ${what}: each host replies to that from its own address, here 10.0.1.2. So conntrack does not assign it to the connection: it is INVALID.`,
    )
    expect(said?.fix).toEqual([])
    const [invalid] = found([ping(dst)], 'invalid-state')
    expect(invalid?.message).toBe(
      `filter INPUT rule 1 dropped it as invalid: conntrack knows a reply by the address that was asked, which was ${dst}, ${what}: each host replies to that from its own address.`,
    )
    expect(invalid?.fix).toEqual([])
  })

  it('of another host is not for who has asked', () => {
    expect(found([ping('10.0.1.9')], 'reply-dropped')[0]?.message).toMatch(/would not accept it as the reply\.$/)
  })

  it('is perhaps one where connections are not listed', () => {
    expect(found([], 'invalid-state')[0]?.message).toContain('or the request went to a multicast or broadcast address')
  })
})
