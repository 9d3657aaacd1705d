/** A chain leads packets to a chain for each interface, and the packet's interface is none of them. */
import { expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { played, SYN } from './played.ts'

const said = (filter: readonly string[], from = 'eth0') => {
  const { findings } = played({ rules: { filter }, packet: { ...SYN, in: from } })
  return findings.find(({ code }) => /^(rejected|dropped)-by-rule$/.test(code))?.message
}
const REJECTS = ['-A reject -p tcp -j REJECT --reject-with tcp-reset', '-A reject -j REJECT']
const ZONES = [
  '-A FORWARD -i br-lan -j zone_lan',
  '-A FORWARD -i wan+ -j zone_wan',
  '-A zone_lan -j ACCEPT',
  '-A zone_wan -j reject',
]

it('is said of the interface, and not of the chain that all rejects share', () => {
  expect(said([...ZONES, '-A FORWARD -j reject', ...REJECTS])).toContain(
    'filter FORWARD rule 3 sent it there: FORWARD has a chain for packets from br-lan, wan*, but none for eth0.',
  )
})

it('is said where the chain itself drops the rest', () => {
  expect(said([...ZONES, '-A FORWARD -j DROP', ...REJECTS])).toContain(
    'filter FORWARD rule 3 dropped it: FORWARD has a chain for packets from br-lan, wan*, but none for eth0.',
  )
})

it.each([
  ['one of the chains is for it', [...ZONES, '-A FORWARD -i eth+ -j zone_eth', '-A zone_eth -p udp -j ACCEPT']],
  ['one chain alone is for an interface', [ZONES[0]!, ZONES[2]!]],
  ['the rules accept instead of leading anywhere', ['-A FORWARD -i br-lan -j ACCEPT', '-A FORWARD -i wan -j ACCEPT']],
])('is not said where %s', (_, filter) => {
  expect(said([...filter, '-A FORWARD -j reject', ...REJECTS])).not.toContain('has a chain for packets from')
})

it('has a fix in front of the rule that all such packets come to, and its zone is the owner’s advice', () => {
  const rejects = REJECTS.map((one) => one.replace(' -j', ' -m comment --comment "!fw3" -j'))
  const { findings } = played({ rules: { filter: [...ZONES, '-A FORWARD -j reject', ...rejects] } })
  const { fix } = findings.find(({ code }) => code === 'rejected-by-rule')!
  const told = fix.map((one) => `${one.edits ? fixCommands(one).command : one.description}`)
  expect(told).toContainEqual(expect.stringMatching(/^iptables\S* -I FORWARD 3 .*-j ACCEPT$/))
  expect(told).toContainEqual(expect.stringContaining('add eth0 to the zone that it belongs to'))
})
