/** A rule for all but the network that the packet comes from. */
import { expect, it } from 'vitest'
import { findingsOf, played } from './played.ts'

it('is near, as it asks for nothing else', () => {
  const rules = { filter: ['-P FORWARD DROP', '[0:0] -A FORWARD ! -s 10.0.1.0/24 -j ACCEPT'] }
  expect(findingsOf(played({ rules }), 'near-miss').map(({ message }) => message)).toEqual([
    'filter FORWARD rule 1 would have accepted it, but only matches ! -s 10.0.1.0/24.',
  ])
})
