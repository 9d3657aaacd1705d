/** A rule for replies that a reply does not match: it may be there for the replies of others. */
import { expect, it } from 'vitest'
import { explain } from '../../../src/explain/explain.ts'
import type { ConntrackEntry } from '../../../src/index.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { worldOf } from '../../journey/journeys.ts'
import { ROUTER } from '../../simulate/world.ts'
import { REPLY } from './played.ts'

const ENTRY: ConntrackEntry = {
  ...{ family: 'ip', protocol: 'tcp', status: [] },
  original: { src: '10.0.1.2', dst: '10.0.2.2', sport: 40_000, dport: 80 },
  reply: { src: '10.0.2.2', dst: '10.0.1.2', sport: 80, dport: 40_000 },
}

function severities(...rules: string[]) {
  const lines = rules.map((rule, i) => `		${rule} # handle ${i + 4}\n`).join('')
  const world = worldOf(
    `table inet fw {\n	chain forward {\n		type filter hook forward priority filter; policy drop;\n${lines}	}\n}\n`,
  )
  const links = [...ROUTER.links!, { index: 7, name: 'eth7', mtu: 1500, addresses: [] }]
  Object.assign(world.host, ROUTER, { links, conntrack: [ENTRY] })
  const { evidence, ended } = modelEngine.play(world, REPLY)
  return explain(evidence, world, { ended }).findings.flatMap(({ code, severity }) =>
    code === 'near-miss' ? severity : [],
  )
}

const OF = (device: string, count = '') => `iifname "${device}" ct state established,related ${count}accept`

it('is wrong where no packet has ever matched it, or it names no interface of this host', () => {
  expect(severities(OF('eth7', 'counter packets 0 bytes 0 '))).toEqual(['warning'])
  expect(severities(OF('eth8'))).toEqual(['warning'])
})

it('may serve another interface where nothing counts its packets', () => {
  expect(severities(OF('eth7'))).toEqual(['note'])
})

it('lacks ESTABLISHED, but for where another rule of the chain accepts that', () => {
  expect(severities('ct state related accept')).toEqual(['warning'])
  expect(severities('ct state related accept', 'iifname "eth7" ct state established accept')).not.toContain('warning')
})
