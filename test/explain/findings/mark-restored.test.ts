/** A rule that writes the connection's mark over the packet's takes away what others have set. */
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { explain } from '../../../src/explain/explain.ts'
import type { RoutingRule } from '../../../src/model/host.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { makeWorld, ROUTER } from '../../simulate/world.ts'
import { SYN, saved } from './played.ts'

function found(last: string, action: RoutingRule['action'] = { table: '1001' }) {
  const mangle = ['-A PREROUTING -i eth0 -j MARK --set-xmark 0x8000/0xf000', last]
  const world = makeWorld(saved({ mangle, filter: [] }), ROUTER)
  world.host.routingRules = [
    { family: 'ip', priority: 0, action: { table: 'local' } },
    { family: 'ip', priority: 6000, mark: 0x8000, markMask: 0xf000, action },
    { family: 'ip', priority: 32766, action: { table: 'main' } },
  ]
  world.host.routes = [
    ...ROUTER.routes!,
    { family: 'ip', type: 'unicast', destination: '0.0.0.0/0', gateway: '10.0.1.9', table: '1001', device: 'eth0' },
  ]
  const { evidence, ended } = modelEngine.play(world, SYN)
  return explain(evidence, world, { ended }).findings.find(({ code }) => code === 'mark-missing')
}

describe('a mark that is lost in front of the routing decision', () => {
  it('to the mark of the connection: marked packets are to skip that rule', () => {
    const one = found('-A PREROUTING -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xff0000')!
    expect(one.message).toBe(
      'Routing rule 6000 requires mark 0x8000/0xf000, which the packet does not have: mangle PREROUTING rule 2 cleared it by copying the connmark.',
    )
    expect(one.severity).toBe('warning')
    expect(String(fixCommands(one.fix[0]!).command)).toBe(
      'iptables -t mangle -I PREROUTING 2 -m mark --mark 0x8000/0xf000 -j RETURN',
    )
  })

  it('to a rule that says so may be meant', () => {
    const one = found('-A PREROUTING -d 10.0.2.0/24 -j MARK --set-xmark 0x0/0xf000')
    expect([one?.severity, one?.fix]).toEqual(['note', []])
  })

  it('is not missed where the routing rule refuses what has it', () => {
    const restores = '-A PREROUTING -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xff0000'
    expect(found(restores, 'blackhole')).toBeUndefined()
    expect(found(restores, 'unreachable')).toBeUndefined()
  })
})
