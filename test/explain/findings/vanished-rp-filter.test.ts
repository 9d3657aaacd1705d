/** The way back to the source leads elsewhere. */

import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import type { Route } from '../../../src/index.ts'
import { helps } from '../../../src/model/outcome-kinds.ts'
import { ROUTER } from '../../simulate/world.ts'
import { type Case, findingsOf, played, SYN, told } from './played.ts'

const strict = new Map([
  ['net.ipv4.ip_forward', '1'],
  ['net.ipv4.conf.all.rp_filter', '1'],
  ['net.ipv4.conf.eth0.rp_filter', '0'],
])
const via = (destination: string, device: string): Route => ({
  ...{ family: 'ip', type: 'unicast', destination, gateway: '10.0.2.254', table: 'main', device },
})
const one = (extra: Route[], sysctls = strict, packet = SYN): Case => ({
  rules: { raw: [], filter: [] },
  packet,
  host: { routes: [...ROUTER.routes!, ...extra], sysctls },
})
const commands = (case_: Case) =>
  findingsOf(played(case_), 'vanished-rp-filter').flatMap(({ fix }) =>
    fix.flatMap((one) => (one.edits ? [String(fixCommands(one).command)] : [])),
  )

describe('vanished-rp-filter', () => {
  it('takes away the route that leads elsewhere than the source is', () => {
    expect(commands(one([via('10.0.1.2/32', 'eth1')]))).toContain('ip route del 10.0.1.2/32 via 10.0.2.254 dev eth1')
  })

  it('takes none away where no other route leads back to where it came from', () => {
    const abroad = one([], strict, { ...SYN, src: '203.0.113.9' })
    expect(commands(abroad)).toEqual(['sysctl -w net.ipv4.conf.eth0.rp_filter=2'])
    const [loose] = findingsOf(played(abroad), 'vanished-rp-filter').flatMap(({ fix }) => fix.filter(helps))
    expect(loose).toMatchObject({
      after: 'forwarded',
      note: expect.stringMatching(/^its answer would leave by eth1, not/),
    })
  })

  it.each([
    ['the way back is the way it came', one([])],
    [
      'the filter is off',
      one(
        [via('10.0.1.2/32', 'eth1')],
        new Map([
          ['net.ipv4.ip_forward', '1'],
          ['net.ipv4.conf.all.rp_filter', '0'],
        ]),
      ),
    ],
    [
      'the filter is loose',
      one(
        [via('10.0.1.2/32', 'eth1')],
        new Map([
          ['net.ipv4.ip_forward', '1'],
          ['net.ipv4.conf.all.rp_filter', '2'],
        ]),
      ),
    ],
  ])('is not told where %s', (_name, case_) => {
    expect(told(case_, 'vanished-rp-filter')).toBeUndefined()
  })
})
