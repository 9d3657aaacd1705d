/** What a service sends to a passing port is a reply, though connection tracking does not know its request, and a program listens there. */
import { expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import type { Host } from '../../../src/index.ts'
import { played, SYN } from './played.ts'

const commands = (sport: number, dport: number) => {
  const packet = { in: 'eth0', protocol: 'udp', src: SYN.src!, dst: '10.0.1.1', sport, dport, ipId: 1 }
  // a socket that asks, and is connected to nobody, is listed as one that is asked
  const host: Host = { sockets: [{ protocol: 'udp', family: 'ip', state: 'UNCONN', port: dport }] }
  const { findings } = played({ rules: { filter: ['-P INPUT DROP'] }, packet, host })
  return findings.flatMap(({ fix }) => fix.flatMap((one) => (one.edits ? [String(fixCommands(one).command)] : [])))
}

it('is accepted by the port that it comes from: the next one is for another', () => {
  expect(commands(137, 49_083)[0]).toMatch(/ -p udp --sport 137 -j ACCEPT$/)
  expect(commands(49_083, 137)[0]).toMatch(/ -p udp --dport 137 -j ACCEPT$/)
  // a port that nobody is given by chance
  expect(commands(137, 5000)[0]).toMatch(/ --dport 5000 -j ACCEPT$/)
  // either may be the client's
  expect(commands(40_000, 49_083)[0]).toMatch(/ --dport 49083 -j ACCEPT$/)
})
