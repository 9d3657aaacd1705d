/** What IPv4's rules accept, and IPv6's have no rule for; and the other way round. */
import { expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { explain } from '../../../src/explain/explain.ts'
import type { Finding, Packet } from '../../../src/index.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { worldOf } from '../../journey/journeys.ts'
import { makeWorld, ROUTER } from '../../simulate/world.ts'
import { SYN, saved } from './played.ts'

const SIX: Packet = { ...SYN, src: '2001:db8:1::2', dst: '2001:db8:2::2' }

/** `four` and `six`: rules of filter. */
const said = (...given: Parameters<typeof found>): string[] => found(...given).map(({ message }) => message)

function found(four: readonly string[], six: readonly string[], packet: Packet = SIX): Finding[] {
  const world = makeWorld(saved({ filter: four }), {
    ...ROUTER,
    routes: [
      ...ROUTER.routes!,
      { family: 'ip6', type: 'unicast', destination: '2001:db8:2::/64', device: 'eth1', table: 'main' },
      { family: 'ip6', type: 'unicast', destination: '2001:db8:1::/64', device: 'eth0', table: 'main' },
    ],
    sysctls: new Map([...ROUTER.sysctls!, ['net.ipv6.conf.all.forwarding', '1']]),
  })
  const other = worldOf(saved({ filter: six })).tables
  for (const table of other) table.family = 'ip6'
  world.tables.push(...other)
  const { evidence, ended } = modelEngine.play(world, packet)
  return explain(evidence, world, { ended }).findings.filter(
    ({ code, message }) => code === 'missing-rule' && message.startsWith('For IP'),
  )
}

const DROPS = '-P FORWARD DROP'
const BRIDGE = '-A FORWARD -i eth0 -j ACCEPT'
const WEB = '-A FORWARD -p tcp -m tcp --dport 80 -j ACCEPT'

it('names the rule of the other version', () => {
  expect(said([DROPS, BRIDGE], [DROPS])).toEqual([
    'For IPv4, filter FORWARD rule 1 accepts such packets (-i eth0); for IPv6, no rule does.',
  ])
  expect(said([DROPS], [DROPS, WEB], SYN)).toEqual([
    'For IPv6, filter FORWARD rule 1 accepts such packets (tcp dport 80); for IPv4, no rule does.',
  ])
})

it('proposes to accept this packet alone, as the rule may be for more senders', () => {
  const [{ fix } = { fix: [] }] = found([DROPS, BRIDGE], [DROPS])
  expect(fix.map((one) => String(fixCommands(one).command))).toEqual([
    'ip6tables -A FORWARD -s 2001:db8:1::2 -d 2001:db8:2::2 -i eth0 -o eth1 -p tcp --dport 80 -j ACCEPT',
  ])
})

it('names the rule of a chain that both have', () => {
  const jump = ['-N own', '-A FORWARD -j own']
  expect(said([DROPS, ...jump, WEB.replace('FORWARD', 'own')], [DROPS, ...jump])).toHaveLength(1)
  expect(
    said([DROPS, ...jump, WEB.replace('FORWARD', 'own')], [DROPS, ...jump, '-A own -i eth9 -j RETURN']),
  ).toHaveLength(1)
  expect(said([DROPS, ...jump, WEB.replace('FORWARD', 'own')], [DROPS])).toEqual([])
})

it('says nothing of a rule for other packets or whatever comes, of one that is there as well, and of what got through', () => {
  for (const rule of [WEB.replace('80', '81'), '-A FORWARD -j ACCEPT', '-A FORWARD -s 10.0.1.0/24 -i eth0 -j ACCEPT'])
    expect(said([DROPS, rule], [DROPS])).toEqual([])
  expect(said([DROPS, WEB], [DROPS, '-A FORWARD -j DROP', WEB])).toEqual([])
  expect(said([DROPS, WEB], [WEB])).toEqual([])
})

it('says nothing where the other version would not have accepted it either', () => {
  expect(said([DROPS, '-A FORWARD -i eth0 -j DROP', WEB], [DROPS])).toEqual([])
  const own = WEB.replace('FORWARD', 'own')
  expect(said([DROPS, own], [DROPS, '-N own', '-A FORWARD -j own'])).toEqual([])
})

it('does not say that no rule accepts it where one does in other words, behind what stopped it', () => {
  const other = '-p tcp -m tcp --dport 80 -m comment --comment web -j ACCEPT'
  for (const behind of [[`-A FORWARD ${other}`], ['-A FORWARD -j ACCEPT'], ['-A FORWARD -j own', `-A own ${other}`]])
    expect(said([DROPS, WEB], [DROPS, '-A FORWARD -j DROP', ...behind])).toEqual([])
})
