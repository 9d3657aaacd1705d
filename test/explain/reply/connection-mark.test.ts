/** The connection's mark that was to lead replies back, and that nothing gives them. */
import { describe, expect, it } from 'vitest'
import { changesOf } from '../../../src/explain/changes/change.ts'
import type { Change } from '../../../src/explain/changes/proposal.ts'
import { explain } from '../../../src/explain/explain.ts'
import { restoreMark } from '../../../src/explain/reply/connection-mark.ts'
import type { Route, RoutingRule } from '../../../src/index.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { makeWorld, ROUTER } from '../../simulate/world.ts'
import { SYN, saved } from '../findings/played.ts'
import { said } from '../said.ts'

const MARKS = '-A PREROUTING -i eth1 -m conntrack --ctstate NEW -j CONNMARK --set-xmark 0x20000/0xff0000'
/** From outside, by the second uplink. */
const PACKET = { ...SYN, in: 'eth1', src: '203.0.113.9', dst: '10.0.2.1' }

function fixesOf(mangle: string[], marked: Partial<RoutingRule> = { mark: 0x20000, markMask: 0xff0000 }) {
  const rule = (priority: number, table: string): RoutingRule => ({ family: 'ip', priority, action: { table } })
  const way = (device: string, gateway: string, table: string): Route => ({
    ...{ family: 'ip', type: 'unicast', destination: '0.0.0.0/0', device, gateway, table },
  })
  const world = makeWorld(
    saved({ mangle, nat: ['-A PREROUTING -i eth1 -p tcp -j DNAT --to-destination 10.0.1.2:80'], filter: [] }),
    {
      ...ROUTER,
      routes: [...ROUTER.routes!, way('eth0', '10.0.1.254', 'main'), way('eth1', '10.0.2.254', '202')],
      routingRules: [rule(0, 'local'), { ...rule(100, '202'), ...marked }, rule(32_766, 'main')],
    },
  )
  const { evidence, ended } = modelEngine.play(world, PACKET)
  const journey = explain(evidence, world, { ended })
  expect(journey.outcome).toBe('forwarded')
  return restoreMark(journey, world, '10.0.2.1', 'eth1')
}

describe('a connection with a mark that leads back', () => {
  it('gives it to replies in front of their routing', () => {
    const [fix] = fixesOf([MARKS])
    expect(said(fix as Change)).toEqual({
      command:
        'iptables -t mangle -I PREROUTING 1 -s 10.0.1.2 -j CONNMARK --restore-mark --nfmask 0xff0000 --ctmask 0xff0000',
      undo: 'iptables -t mangle -D PREROUTING -s 10.0.1.2 -j CONNMARK --restore-mark --nfmask 0xff0000 --ctmask 0xff0000',
    })
    expect(fix!.note).toBe(
      'mangle PREROUTING rule 1 gave the connection mark 0x20000, and routing rule 100 leads that mark out of eth1',
    )
  })

  it('is none where no rule has marked it, or routing asks for another mark', () => {
    expect(fixesOf([])).toEqual([])
    expect(fixesOf([MARKS], { mark: 0x10000, markMask: 0xff0000 })).toEqual([])
    expect(fixesOf([MARKS], { mark: 0x20000, markMask: 0xff0000, not: true })).toEqual([])
  })

  it("is said in nft's words", () => {
    const ref = { family: 'ip', table: 'mangle', chain: 'prerouting', ruleNumber: 1, handle: 4, rule: 'ct mark set 2' }
    const add = (mask: number) =>
      said(
        changesOf(ref).add(
          ref,
          { chain: 'prerouting', before: ref },
          { kind: 'source', packet: { src: '10.0.1.2', dst: '203.0.113.9' }, to: false },
          { kind: 'restore-mark', mask },
        ),
      ).command
    expect(add(0xffffffff)).toMatch(
      /^nft insert rule ip mangle prerouting handle 4 ip saddr 10\.0\.1\.2 meta mark set ct mark comment /,
    )
    expect(add(0xff0000)).toContain("meta mark set ct mark '&' 0x00ff0000 comment")
  })
})
