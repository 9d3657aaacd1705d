/** What a rule for destinations spares a new source gets one for its own destination alone. */
import { expect, it } from 'vitest'
import type { Packet } from '../../../src/index.ts'
import { SYN, told } from './played.ts'

const ABROAD: Packet = { ...SYN, dst: '198.51.100.7' }
const AGENT = ['-A POSTROUTING -j AGENT', '-A AGENT -j MASQUERADE']

const fixBehind = (...sparing: string[]) =>
  told({ rules: { nat: [AGENT[0]!, ...sparing, AGENT[1]!], filter: [] }, packet: ABROAD }, 'not-masqueraded')?.fix

it('leaves alone what other rules of the same kind spare', () => {
  expect(fixBehind('-A AGENT -d 198.51.100.0/24 -j RETURN', '-A AGENT -d 10.9.0.0/16 -j RETURN')).toBe(
    'iptables -t nat -A POSTROUTING -s 10.0.1.2 -d 198.51.100.7 -o eth1 -j MASQUERADE → forwarded',
  )
})

it('is for all that this source sends there, where it was spared for its source, or for any but one destination', () => {
  const wide = 'iptables -t nat -A POSTROUTING -s 10.0.1.2 -o eth1 -j MASQUERADE → forwarded'
  expect(fixBehind('-A AGENT -s 10.0.1.0/24 -j RETURN')).toBe(wide)
  expect(fixBehind('-A AGENT ! -d 10.9.0.0/16 -j RETURN')).toBe(wide)
})
