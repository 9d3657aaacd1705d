/** A chain leads packets to a chain for each interface, and the packet's interface is none of them. */
import { expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { explainFile, worldOf } from '../../journey/journeys.ts'
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
  ['its packets have one under another condition', [...ZONES, '-A FORWARD -i eth0 -p udp -j udp', '-A udp -j ACCEPT']],
  ['one is for all interfaces but another', [...ZONES, '-A FORWARD ! -i lo -j most', '-A most -p udp -j ACCEPT']],
  [
    'a chain that all come to has one for it',
    [...ZONES, '-A FORWARD -j more', '-A more -i eth0 -j mine', '-A mine -p udp -j ACCEPT'],
  ],
  [
    'those chains accept nothing',
    ['-A FORWARD -i br-lan -j lan', '-A FORWARD -i wan -j wan', '-A lan -p 1', '-A wan -p 1'],
  ],
])('is not said where %s', (_, filter) => {
  expect(said([...filter, '-A FORWARD -j reject', ...REJECTS])).not.toContain('has a chain for packets from')
})

it('has a fix in front of the rule that all such packets come to, and its zone is the owner’s advice', () => {
  const rejects = REJECTS.map((one) => one.replace(' -j', ' -m comment --comment "!fw3" -j'))
  const { findings } = played({ rules: { filter: [...ZONES, '-A FORWARD -j reject', ...rejects] } })
  const { fix } = findings.find(({ code }) => code === 'rejected-by-rule')!
  const told = fix.map((one) => `${one.edits ? fixCommands(one).command : one.description}`)
  expect(told).toContainEqual(expect.stringMatching(/^iptables\S* -I FORWARD 3 .*-j ACCEPT$/))
  expect(told).toContainEqual(expect.stringContaining('add eth0 (list device) or its network (list network) to a zone'))
})

it('is not said where the chain that it was sent to decides by itself', () => {
  const filter = [
    ...ZONES,
    '-A FORWARD -j users',
    '-A users -s 10.0.1.0/24 -j DROP',
    '-A FORWARD -j reject',
    ...REJECTS,
  ]
  const { findings } = played({ rules: { filter } })
  const found = findings.find(({ code }) => code === 'dropped-by-rule')!
  expect(found.message).not.toContain('has a chain for packets from')
  expect(found.fix.map((one) => one.edits && fixCommands(one).command).join()).not.toContain('-I FORWARD')
})

const NFT = (dispatch: string) => `table inet filter {
	chain lan {
		accept # handle 4
	}
	chain wan {
		drop # handle 5
	}
	chain dmz {
		udp dport 53 accept # handle 6
	}
	set dmzs {
		type ifname
		elements = { "eth0" }
	}
	chain forward {
		type filter hook forward priority filter; policy accept;
		iifname "br-lan" jump lan # handle 7
		iifname "wan" jump wan # handle 8
		${dispatch} # handle 9
		drop # handle 10
	}
}
`

it.each([
  ['no other rule asks for it', 'tcp dport 1 accept', true],
  ['a map has one', 'iifname vmap { "eth0" : jump dmz }', false],
  ['a set has it', 'iifname @dmzs jump dmz', false],
  ['a rule asks for its index', 'iif "eth0" jump dmz', false],
])('is told of nft where %s', (_, dispatch, isSaid) => {
  const packet =
    'packet: iif "eth0" oif "eth1" ip saddr 10.0.1.2 ip daddr 10.0.2.2 ip ttl 63 ip protocol tcp ip length 40 tcp sport 40000 tcp dport 80 tcp flags == syn'
  const lines = [packet, 'rule drop (verdict drop)']
  const text = lines.map((line) => `trace id 0a0b0c0d inet filter forward ${line}\n`).join('')
  const { journeys } = explainFile(text, worldOf(NFT(dispatch)))
  const said = journeys[0]!.findings.find(({ code }) => code === 'dropped-by-rule')!.message
  expect(said.includes('has a chain for packets from br-lan, wan, but none for eth0')).toBe(isSaid)
})
