/** An interface without ARP sends its frames to itself. */
import { expect, it } from 'vitest'
import type { Link, Neighbour } from '../../../src/index.ts'
import { entry, ROUTER } from '../../simulate/world.ts'
import { findingsOf, played, SYN } from './played.ts'

const ends = { sport: SYN.sport!, dport: SYN.dport! }
const unreplied = entry({
  original: { src: SYN.src!, dst: SYN.dst!, ...ends },
  reply: { src: SYN.dst!, dst: SYN.src!, sport: ends.dport, dport: ends.sport },
  status: ['unreplied'],
})

function found(more: Partial<Link>, neighbours: Neighbour[] = [], listed = [unreplied]) {
  const links = ROUTER.links!.map((one) => (one.name === 'eth1' ? { ...one, mac: '02:00:00:00:00:01', ...more } : one))
  const journey = played({ rules: { filter: [] }, host: { links, neighbours }, listed })
  return findingsOf(journey, 'neighbour-failed')[0]
}

it('is told where no reply came', () => {
  expect(found({ noArp: true })?.message).toBe(
    'ARP is off on eth1 (NOARP): this host does not ask for the MAC address of 10.0.2.2 by ARP, and sends the frames to the MAC address of eth1 itself. It does not answer who asks for its own addresses on eth1 either.',
  )
})

it.each<[string, Parameters<typeof found>]>([
  ['ARP is on', [{}]],
  ['the interface is a tunnel', [{ noArp: true, kind: 'wireguard' }]],
  ['the interface is an ipvlan, which needs none', [{ noArp: true, kind: 'ipvlan' }]],
  [
    "somebody has entered the neighbour's MAC address",
    [
      { noArp: true },
      [{ family: 'ip', address: '10.0.2.2', device: 'eth1', mac: '02:00:00:00:00:02', state: ['PERMANENT'] }],
    ],
  ],
  ['it is a modem, which takes packets alone', [{ noArp: true, name: 'wwan0' }]],
  [
    'others behind it have replied',
    [
      { noArp: true },
      [],
      [
        unreplied,
        entry({
          original: { src: '10.0.1.3', dst: '198.51.100.1', ...ends },
          reply: { src: '198.51.100.1', dst: '10.0.1.3', sport: ends.dport, dport: ends.sport },
          status: ['assured'],
        }),
      ],
    ],
  ],
  ['a reply came', [{ noArp: true }, [], [{ ...unreplied, status: ['assured'] }]]],
])('is not told where %s', (_name, given) => {
  expect(found(...given)).toBeUndefined()
})
