/** A rule that asks for bits of a mark which its own mask leaves out. */
import { expect, it } from 'vitest'
import { findingsOf, played, SYN } from './played.ts'

it('is told as a rule that no mark matches', () => {
  const asks = (mark: string) => {
    const filter = ['-P FORWARD DROP', `-A FORWARD -m mark --mark ${mark} -j ACCEPT`]
    return findingsOf(played({ rules: { filter }, packet: { ...SYN, mark: 0x100 } }), 'near-miss').map(
      ({ message }) => message,
    )
  }
  expect(asks('0x100/0xff')).toEqual([
    'filter FORWARD rule 1 would have accepted it, but only matches --mark 0x100/0xff, bits that no mark has under this mask; its mark is 0x100.',
  ])
  expect(asks('0x200/0xf00').join()).not.toContain('bits that no mark has')
})
