/** What a service sends to a passing port is a reply, though connection tracking does not know its request. */
import { expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { played, SYN } from './played.ts'

const commands = (sport: number, dport: number) => {
  const packet = { in: 'eth0', protocol: 'udp', src: SYN.src!, dst: '10.0.1.1', sport, dport, ipId: 1 }
  const { findings } = played({ rules: { filter: ['-P INPUT DROP'] }, packet })
  return findings.flatMap(({ fix }) => fix.flatMap((one) => (one.edits ? [String(fixCommands(one).command)] : [])))
}

it('is accepted by the port that it comes from: the next one is for another', () => {
  expect(commands(137, 49_083)[0]).toMatch(/ -p udp --sport 137 -j ACCEPT$/)
  expect(commands(49_083, 137)[0]).toMatch(/ -p udp --dport 137 -j ACCEPT$/)
  // either may be the client's
  expect(commands(40_000, 49_083)[0]).toMatch(/ --dport 49083 -j ACCEPT$/)
})
