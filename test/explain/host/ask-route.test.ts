/** What of a packet the kernel has to be asked about. */
import { expect, it } from 'vitest'
import { askRoute } from '../../../src/explain/host/ask-route.ts'
import type { RoutingRule } from '../../../src/index.ts'

const rule = (more: Partial<RoutingRule>): RoutingRule => ({
  family: 'ip',
  priority: 9,
  action: { table: '7' },
  ...more,
})
const came = { dst: '10.0.2.2', src: '10.0.1.2', in: 'eth0', mark: 0x10 }
const { in: _, ...sent } = came

it.each([
  ['nothing where no routing rule goes by it', [rule({})], came, ''],
  ['nothing where rules are not known', undefined, came, ''],
  ['its source, and with that its interface', [rule({ from: '10.0.1.0/24' })], came, ' from 10.0.1.2 iif eth0'],
  ['its interface, and with that its source', [rule({ in: 'eth0' })], came, ' from 10.0.1.2 iif eth0'],
  ['its source alone, of what this host sends', [rule({ from: '10.0.1.2/32' })], sent, ' from 10.0.1.2'],
  ['nothing of an interface that it has not', [rule({ in: 'eth0' })], sent, ''],
  ['its mark', [rule({ mark: 1 })], came, ' mark 0x10'],
  ['nothing that rules of the other version go by', [rule({ family: 'ip6', mark: 1 })], came, ''],
])('asks for %s', (_name, routingRules, packet, words) => {
  expect(askRoute(packet, routingRules ? { routingRules } : {})).toBe(`ip route get 10.0.2.2${words}`)
})
