/** What is said of a rule without conditions, and which rule is the nearest. */
import { expect, it } from 'vitest'
import { findingsOf, played } from './played.ts'

it('says of a rule that takes all packets, first in its chain, that it has no conditions', () => {
  const [one] = findingsOf(
    played({ rules: { filter: ['-A FORWARD -j FIREWALL', '-A FIREWALL -j DROP'] } }),
    'dropped-by-rule',
  )
  expect(one?.message).toBe('filter FIREWALL rule 1 dropped it. It has no conditions: it matches every packet.')
})

it('takes a rule for another interface before one for a mark that others have', () => {
  const led = '-m conntrack --ctstate NEW -j'
  const rules = {
    filter: [
      '-P FORWARD DROP',
      `-A FORWARD ${led} CNI`,
      `-A FORWARD ${led} KUBE`,
      '-A CNI -o lxc+ -j ACCEPT',
      '-A KUBE -m mark --mark 0x4000/0x4000 -j ACCEPT',
    ],
    mangle: ['-A PREROUTING -s 10.0.9.9/32 -j MARK --set-xmark 0x4000/0x4000'],
  }
  const near = findingsOf(played({ rules }), 'near-miss')
  expect(near.map(({ rules: [first] }) => first?.chain)).toEqual(['CNI', 'KUBE'])
})
