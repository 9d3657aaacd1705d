/** The rule that masquerades asks for the interface by which the packet came in: two interfaces are swapped. */
import { expect, it } from 'vitest'
import type { ConntrackEntry } from '../../../src/index.ts'
import { entry, ROUTER } from '../../simulate/world.ts'
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
      'The packet left by eth1 for 10.0.8.5 with its own source 10.0.1.2, and no reply was seen. nat POSTROUTING rule 1 rewrites the source of packets that leave by eth0, where this packet came in. No reply comes back through this host, unless hosts behind eth1 have a route to 10.0.1.2 through it.',
    rules: ['nat POSTROUTING rule 1', 'nat POSTROUTING policy'],
  })
  expect(findingsOf(played(to('eth0')), 'not-masqueraded').map(({ severity }) => severity)).toEqual(['note'])
  // a rule for a third interface is not there for this way, and a reply needs nothing
  expect(told(to('eth7'), 'not-masqueraded')).toBeUndefined()
  expect(told(to('eth0', ['seen-reply']), 'not-masqueraded')).toBeUndefined()
})

it('is none that is there for packets that go the other way', () => {
  const [original, reply] = [
    { src: '10.0.2.9', dst: '10.0.1.7', sport: 40_000, dport: 80 },
    { src: '10.0.1.7', dst: '10.0.2.9', sport: 80, dport: 40_000 },
  ]
  const in1 = { ...SYN, in: 'eth1', src: '10.0.2.9', dst: '10.0.1.7' }
  // the default route leads out of eth1
  const uplink: Case = {
    rules: { nat: ['-A POSTROUTING -o eth1 -j MASQUERADE'], filter: [] },
    packet: in1,
    listed: [entry({ original, reply, status: ['unreplied'] })],
  }
  expect(told(uplink, 'not-masqueraded')).toBeUndefined()
  const routes = ROUTER.routes!.filter(({ destination }) => destination !== '0.0.0.0/0')
  expect(told({ ...uplink, host: { routes } }, 'not-masqueraded')?.message).toContain(
    'rewrites the source of packets that leave by eth1',
  )
})
