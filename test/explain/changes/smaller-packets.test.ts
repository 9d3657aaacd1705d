/** Packets that are too long for the way out. */
import { expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { smallerPackets } from '../../../src/explain/changes/smaller-packets.ts'
import { worldOf } from '../../journey/journeys.ts'
import { SYN } from '../findings/played.ts'

it('has a size to agree on beforehand in TCP alone', () => {
  const [clamp, accept] = smallerPackets(SYN, 'ip6')
  expect([clamp?.edits !== undefined, accept?.edits]).toEqual([true, undefined])
  const others = smallerPackets({ ...SYN, protocol: 'udp' }, 'ip')
  expect(others.map(({ edits, description }) => [edits, /TCP|MSS/.test(description)])).toEqual([[undefined, false]])
})

it('is clamped by nft where only nft has rules', () => {
  const world = worldOf(`table inet fw { # handle 1
	chain forward { # handle 1
		type filter hook forward priority filter; policy drop;
		ct state established accept # handle 7
	}
}
`)
  const [clamp] = smallerPackets(SYN, 'ip', world)
  expect(clamp?.edits).toBeDefined()
  const { command, undo } = fixCommands(clamp!)
  expect(String(command)).toBe(
    "nft insert rule inet fw forward handle 7 tcp flags '&' '(syn' '|' 'rst)' '==' syn tcp option maxseg size set rt mtu comment nfwhy-clamp-openings-7",
  )
  expect(String(undo)).toContain('nfwhy-clamp-openings-7')
  const [accept] = smallerPackets(SYN, 'ip', worldOf('table inet fw {\n}\n'))
  expect(accept?.edits).toBeUndefined()
})
