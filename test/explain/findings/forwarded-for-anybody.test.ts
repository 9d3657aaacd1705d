/** What is forwarded for anybody, and gets no reply: whoever asks next is to be helped as well. */
import { expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { explain } from '../../../src/explain/explain.ts'
import type { Route } from '../../../src/index.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { entry, makeWorld, ROUTER } from '../../simulate/world.ts'
import { saved, TO_ROUTER } from './played.ts'

/** `asker`: whose packet nat sends on to 10.0.2.9, which has replied to this host itself. */
function fixFor(asker: string): string | undefined {
  const tables = saved({
    nat: ['-A PREROUTING -d 10.0.1.1/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.2.9'],
    filter: [],
  })
  const byDefault: Route = {
    ...{ family: 'ip', type: 'unicast', table: 'main', destination: '0.0.0.0/0', device: 'eth0', gateway: '10.0.1.9' },
  }
  const routes = [...ROUTER.routes!, byDefault]
  const ends = (src: string, dst: string, sport: number, dport: number) => ({ src, dst, sport, dport })
  const conntrack = [
    entry({
      original: ends(asker, '10.0.1.1', 40_000, 80),
      reply: ends('10.0.2.9', asker, 80, 40_000),
      status: ['unreplied'],
    }),
    entry({
      original: ends('10.0.2.1', '10.0.2.9', 50_000, 80),
      reply: ends('10.0.2.9', '10.0.2.1', 80, 50_000),
      status: ['assured'],
    }),
  ]
  const { evidence, ended } = modelEngine.play(makeWorld(tables, { ...ROUTER, routes }), { ...TO_ROUTER, src: asker })
  const { findings } = explain(evidence, makeWorld(tables, { ...ROUTER, routes, conntrack }), { ended })
  const fix = findings.find(({ code }) => code === 'not-masqueraded')?.fix[0]
  return fix && String(fixCommands(fix).command)
}

it('by the destination that nat gives, where the asker is one of the whole internet', () => {
  expect(fixFor('198.51.100.7')).toBe(
    'iptables -t nat -A POSTROUTING -d 10.0.2.9 -p tcp --dport 80 -m conntrack --ctstate DNAT -j MASQUERADE',
  )
})

it('by the source that lacks a way back, where that is a network of its own', () => {
  expect(fixFor('10.44.1.10')).toBe('iptables -t nat -A POSTROUTING -s 10.44.1.10 -o eth1 -j MASQUERADE')
})
