/** The mark of a transparent proxy on what no TPROXY rule takes: its local route keeps what was to be forwarded. */
import { describe, expect, it } from 'vitest'
import type { Route, RoutingRule } from '../../../src/index.ts'
import { ROUTER } from '../../simulate/world.ts'
import { repairOf } from '../repaired.ts'
import { type Case, LISTENS_ON, played, SYN, told } from './played.ts'

const rule = (priority: number, table: string, mark?: number): RoutingRule => ({
  ...{ family: 'ip', priority, action: { table } },
  ...(mark === undefined ? {} : { mark }),
})
const PROXY: Route = { family: 'ip', type: 'local', destination: '0.0.0.0/0', device: 'lo', table: '354' }
const PACKET = { ...SYN, dst: '10.0.8.9' }

const kept = (mangle: string[]): Case => ({
  rules: {
    mangle,
    filter: ['-P INPUT DROP', '-A INPUT -p tcp --dport 22 -j ACCEPT', '-A FORWARD -d 10.0.8.9 -j ACCEPT'],
  },
  packet: PACKET,
  host: {
    routes: [...ROUTER.routes!, PROXY],
    routingRules: [rule(0, 'local'), rule(32_765, '354', 0x162), rule(32_766, 'main')],
  },
})
const MARKS = '-A PREROUTING -p tcp -j MARK --set-mark 0x162'

describe('a mark that leads to a local route', () => {
  it('is told with the rule that set it, and the way that the packet would have gone', () => {
    const found = told(kept([MARKS]), 'wrong-way-out')
    expect(found?.message).toBe(
      'It was not forwarded: mangle PREROUTING rule 1 sets mark 0x162. Routing rule 32765 leads this mark to table 354, whose local route delivers 10.0.8.9 to this host, and no TPROXY rule hands it to a proxy. Without that mark, the route to 10.0.8.0/24 sends it out of eth1.',
    )
    expect(found?.fix).toMatch(/^iptables -t mangle -I PREROUTING 1 .*-d 10\.0\.8\.9 .*-j ACCEPT/)
  })

  it('names no rule of INPUT that would have let it in', () => {
    const codes = played(kept([MARKS])).findings.map(({ code }) => code)
    expect(codes).toContain('wrong-way-out')
    for (const code of ['missing-rule', 'near-miss', 'never-reached']) expect(codes).not.toContain(code)
  })

  it('is exempted together with its reply, which has the mark as well', () => {
    const { packet, host } = kept([])
    // the reply comes to a port where nothing listens
    const rules = { mangle: [MARKS], filter: ['-A INPUT -p tcp -m tcp --dport 80 -j DROP'] }
    expect(repairOf(rules, packet, { ...host, ...LISTENS_ON(22) })).toMatchObject({
      command: expect.stringMatching(
        /^iptables -t mangle -I PREROUTING 1 .*-d 10\.0\.8\.9 .* && iptables -t mangle -I PREROUTING 2 -s 10\.0\.8\.9 .*--sport 80 .*-j ACCEPT$/,
      ),
      after: 'forwarded',
    })
  })

  it('is told of what this host sends, which comes in again by lo', () => {
    const own = '-A OUTPUT -p tcp -j MARK --set-mark 0x162'
    const sent: Case = { ...kept([own]), packet: { ...PACKET, src: '10.0.2.1' } }
    delete sent.packet!.in
    // every socket is listed, and none listens on this port
    const found = told({ ...sent, host: { ...sent.host, ...LISTENS_ON(22) } }, 'wrong-way-out')
    expect(found?.message).toMatch(
      /^It never left this host: mangle OUTPUT rule 1 sets mark 0x162\. .* 10\.0\.8\.9 to this host/,
    )
    expect(found?.fix).toMatch(/^iptables -t mangle -I OUTPUT 1 .*-d 10\.0\.8\.9 .*-j ACCEPT/)
  })

  it('is nothing where no rule has set it', () => {
    expect(told(kept([]), 'wrong-way-out')).toBeUndefined()
  })
})
