/** The rule that masquerades asks for the interface by which the packet came in: two interfaces are swapped. */
import { expect, it } from 'vitest'
import type { ConntrackEntry } from '../../../src/index.ts'
import { entry } from '../../simulate/world.ts'
import { type Case, findingsOf, played, SYN, told } from './played.ts'

it('may be a rule that asks for the interface by which the packet came in', () => {
  const [original, reply] = [
    { src: '10.0.1.2', dst: '10.0.8.5', sport: 40_000, dport: 80 },
    { src: '10.0.8.5', dst: '10.0.1.2', sport: 80, dport: 40_000 },
  ]
  const to = (out: string, status: ConntrackEntry['status'] = ['unreplied']): Case => ({
    rules: { nat: [`-A POSTROUTING -o ${out} -j MASQUERADE`], filter: [] },
    packet: { ...SYN, dst: '10.0.8.5' },
    listed: [entry({ original, reply, status })],
  })
  expect(told(to('eth0'), 'not-masqueraded')).toMatchObject({
    message:
      'It left by eth1 for 10.0.8.5 with its own source 10.0.1.2, and no reply was seen: nat POSTROUTING rule 1 would rewrite its source if it left by eth0, where it came in. Unless hosts behind eth1 have a route to 10.0.1.2 through this host, no reply can come back.',
    rules: ['nat POSTROUTING rule 1', 'nat POSTROUTING policy'],
  })
  expect(findingsOf(played(to('eth0')), 'not-masqueraded').map(({ severity }) => severity)).toEqual(['note'])
  // a rule for a third interface is not there for this way, and a reply needs nothing
  expect(told(to('eth7'), 'not-masqueraded')).toBeUndefined()
  expect(told(to('eth0', ['seen-reply']), 'not-masqueraded')).toBeUndefined()
})
