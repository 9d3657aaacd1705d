/** A silent next hop of a table that a routing rule selects, where a later one selects another table. */
import { expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { explain } from '../../../src/explain/explain.ts'
import type { Host, Neighbour, Route, RoutingRule } from '../../../src/index.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { worldOf } from '../../journey/journeys.ts'

const RULES =
  'table inet own {\n\tchain output {\n\t\ttype filter hook output priority filter; policy accept;\n\t\tcounter # handle 2\n\t}\n}\n'
const OWN = { family: 'ip', type: 'unicast', device: 'eth0' } as const
const from = (priority: number, table: string): RoutingRule => ({
  ...{ family: 'ip', priority, from: '10.0.0.1/32', action: { table } },
})

function found(later: Partial<Route>, state: string, rules = [from(100, '100'), from(101, '200')]) {
  const neighbours: Neighbour[] = [
    { family: 'ip', address: '10.0.0.254', device: 'eth0', state: ['INCOMPLETE'] },
    { family: 'ip', address: '10.0.0.9', device: 'eth0', mac: '02:00:00:00:00:09', state: [state] },
  ]
  const world = worldOf(RULES)
  Object.assign(world.host, {
    links: [
      {
        ...{ index: 2, name: 'eth0', mac: '02:00:00:00:00:01' },
        addresses: [{ family: 'ip', address: '10.0.0.1', prefixLength: 24 }],
      },
      { index: 3, name: 'eth1', mac: '02:00:00:00:00:02', addresses: [] },
    ],
    routes: [
      { ...OWN, type: 'local', table: 'local', destination: '10.0.0.1/32' },
      { ...OWN, table: 'main', destination: '10.0.0.0/24' },
      { ...OWN, table: '100', destination: '0.0.0.0/0', gateway: '10.0.0.254' },
      { ...OWN, table: '200', destination: '0.0.0.0/0', gateway: '10.0.0.9', ...later },
    ],
    routingRules: [
      { family: 'ip', priority: 0, action: { table: 'local' } },
      ...rules,
      { family: 'ip', priority: 32_766, action: { table: 'main' } },
    ],
    neighbours,
  } satisfies Host)
  const { evidence, ended } = modelEngine.play(world, {
    ...{ protocol: 'tcp', src: '10.0.0.1', dst: '192.0.2.80', sport: 80, dport: 4000, tcpFlags: ['syn', 'ack'] },
  })
  const one = explain(evidence, world, { ended }).findings.find(({ code }) => code === 'neighbour-failed')
  return { message: one?.message, fixes: one?.fix.map((fix) => String(fixCommands(fix).command ?? '')) }
}

const SELECTED = ' Its route is in table 100. Routing rule 100 selects that table for packets from 10.0.0.1/32.'

it('names the routing rule, and where the later one leads', () => {
  const { message, fixes } = found({}, 'REACHABLE')
  expect(message).toContain(
    `10.0.0.254 on eth0, the gateway to 0.0.0.0/0, has not replied to ARP: its neighbour entry is INCOMPLETE.${SELECTED} Without that routing rule, table 200 leads to 10.0.0.9 on eth0, which has replied.`,
  )
  expect(fixes?.[0]).toBe('ip rule del from 10.0.0.1/32 priority 100 table 100')
})

it.each([
  ['the other one leads out of another link', { device: 'eth1' }, 'REACHABLE'],
  ['nobody replied there either', {}, 'FAILED'],
  ['somebody wrote its entry', {}, 'PERMANENT'],
  ['the other one leads to the same next hop', { gateway: '10.0.0.254' }, 'REACHABLE'],
])('deletes none where %s', (_name, later, state) => {
  const { message, fixes } = found(later, state)
  expect(message?.endsWith(SELECTED)).toBe(true)
  expect(fixes).toEqual([''])
})

const LEADS = ' Without that routing rule, table 200 leads to 10.0.0.9 on eth0, which has replied.'

it.each<[string, RoutingRule[], string]>([
  ['more packets', [from(100, '100'), { ...from(101, '200'), from: '10.0.0.0/24' }], `${SELECTED}${LEADS}`],
  [
    'other packets',
    [{ family: 'ip', priority: 100, to: '192.0.2.0/24', action: { table: '100' } }, from(101, '200')],
    ` Its route is in table 100. Routing rule 100 selects that table for packets to 192.0.2.0/24.${LEADS}`,
  ],
])('deletes none where the later one selects %s', (_name, rules, words) => {
  const { message, fixes } = found({}, 'REACHABLE', rules)
  expect(message?.endsWith(words)).toBe(true)
  expect(fixes).toEqual([''])
})

it('deletes none that leads past table main', () => {
  const { message, fixes } = found({ table: 'main' }, 'REACHABLE', [from(100, '100')])
  expect(message?.endsWith(`${SELECTED}${LEADS.replace('200', 'main')}`)).toBe(true)
  expect(fixes).toEqual([''])
})

it('says nothing of table main', () => {
  const { message } = found({ table: 'main', gateway: '10.0.0.254' }, 'REACHABLE', [])
  expect(message).toContain('has not replied to ARP')
  expect(message).not.toContain('table')
})
