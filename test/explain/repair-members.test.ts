/** Whoever replies is not made a member of those who may ask. */
import { expect, it } from 'vitest'
import { fixCommands } from '../../src/edits/fix.ts'
import { explain } from '../../src/explain/explain.ts'
import { severalCauses } from '../../src/explain/repair/several-causes.ts'
import { modelEngine } from '../../src/simulate/engine.ts'
import { makeWorld, ROUTER } from '../simulate/world.ts'
import { SYN, saved } from './findings/played.ts'

it('accepts the reply alone, where its sender is missing from a set', () => {
  const rules = {
    raw: ['-A PREROUTING -i eth1 -j CT --notrack'],
    filter: [
      '-P FORWARD DROP',
      '-A FORWARD -i eth1 -m set --match-set trusted src -j ACCEPT',
      '-A FORWARD -i eth0 -p tcp -m tcp --dport 80 -j DROP',
    ],
  }
  const world = makeWorld(saved(rules), ROUTER)
  world.sets.push({ name: 'trusted', type: 'hash:ip', elements: [{ parts: ['10.0.2.9'] }] })
  const { evidence, ended } = modelEngine.play(world, SYN)
  const [fix] = severalCauses(evidence, explain(evidence, world, { ended }), world, modelEngine)!.fix
  expect(String(fixCommands(fix!).command)).toMatch(
    /-i eth0 .* --dport 80 -j ACCEPT && iptables .* -s 10\.0\.2\.2 -d 10\.0\.1\.2 -i eth1 -o eth0 -p tcp --sport 80 -j ACCEPT$/,
  )
})
