/** Packets that are too long for the way out. */
import { expect, it } from 'vitest'
import { smallerPackets } from '../../../src/explain/changes/smaller-packets.ts'
import { SYN } from '../findings/played.ts'

it('has a size to agree on beforehand in TCP alone', () => {
  const [clamp, accept] = smallerPackets(SYN, 'ip6')
  expect([clamp?.edits !== undefined, accept?.edits]).toEqual([true, undefined])
  const others = smallerPackets({ ...SYN, protocol: 'udp' }, 'ip')
  expect(others.map(({ edits, description }) => [edits, /TCP|MSS/.test(description)])).toEqual([[undefined, false]])
})
