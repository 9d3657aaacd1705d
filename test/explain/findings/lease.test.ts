/** What a DHCP server sends is dropped in front of the program, which reads it from a packet socket. */
import { expect, it } from 'vitest'
import type { Packet } from '../../../src/index.ts'
import { findingsOf, played, type Rules } from './played.ts'

const OFFER: Packet = {
  ...{ in: 'eth0', protocol: 'udp', src: '10.0.1.254', dst: '255.255.255.255', sport: 67, dport: 68, ipId: 1 },
}
const SAYS = 'A DHCP client that reads packet sockets, as most do, got it all the same.'
const messages = (filter: Rules[string], packet: Packet = OFFER) =>
  ['dropped-by-policy', 'dropped-by-rule'].flatMap((code) =>
    findingsOf(played({ rules: { filter }, packet }), code).map(({ message }) => message),
  )

it('says so, of a policy and of a rule', () => {
  for (const rules of [['-P INPUT DROP'], ['-A INPUT -p udp -j DROP']]) {
    const [told] = messages(rules)
    expect(told).toContain(SAYS)
  }
})

it.each([
  ['a server, which may read from a socket', { ...OFFER, src: '0.0.0.0', sport: 68, dport: 67 }],
  ['another service', { ...OFFER, dport: 69 }],
])('not of what is for %s', (_, packet) => {
  const told = messages(['-P INPUT DROP'], packet)
  expect(told).toHaveLength(1)
  expect(told[0]).not.toContain('packet sockets')
})
