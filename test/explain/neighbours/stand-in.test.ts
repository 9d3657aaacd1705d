/** A host behind this one with an address of another link's network: neighbours there find it where this host stands in, or where they have replied to it. */
import { expect, it } from 'vitest'
import type { ConntrackEntry } from '../../../src/index.ts'
import type { Host } from '../../../src/model/host.ts'
import { entry, ROUTER } from '../../simulate/world.ts'
import { findingsOf, played, SYN } from '../findings/played.ts'

const BEHIND = {
  ...({ family: 'ip', type: 'unicast', table: 'main' } as const),
  ...{ destination: '10.0.2.7/32', device: 'eth0' },
}

const found = (...conntrack: ConntrackEntry[]) => foundWith({ conntrack })

const foundWith = (host: Partial<Host>) =>
  findingsOf(
    played({
      rules: { filter: [] },
      packet: { ...SYN, src: '10.0.2.7', dst: '10.0.2.9' },
      host: {
        ...host,
        routes: [...ROUTER.routes!, BEHIND],
        sysctls: new Map([...ROUTER.sysctls!, ['net.ipv4.conf.eth1.proxy_arp', '0']]),
      },
    }),
    'not-masqueraded',
  )

const asked = (dst: string, status: string[] = [], source = '10.0.2.7') =>
  entry({
    ...{ protocol: 'icmp', status },
    ...{ original: { src: '10.0.2.7', dst }, reply: { src: dst, dst: source } },
  })

it('is not found by who has to ask for it', () => {
  expect(found()).toHaveLength(1)
  expect(found(asked('10.0.2.8', ['unreplied']))).toHaveLength(1)
})

it('is found on the link where somebody has replied to it', () => {
  expect(found(asked('10.0.2.8'))).toEqual([])
})

it.each([
  ['of another link', asked('10.0.1.8')],
  ['to the source that nat gave', asked('10.0.2.8', [], '10.0.2.1')],
])('but not for a reply %s', (_name, one) => {
  expect(found(one)).toHaveLength(1)
})

it('is not asked for by a next hop that has not replied itself', () => {
  const neighbour = (address: string, state: string) => ({
    family: 'ip' as const,
    address,
    device: 'eth1',
    state: [state],
  })
  expect(foundWith({ neighbours: [neighbour('10.0.2.9', 'INCOMPLETE')] })).toEqual([])
  expect(foundWith({ neighbours: [neighbour('10.0.2.8', 'INCOMPLETE')] })).toHaveLength(1)
})
