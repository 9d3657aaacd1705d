/** A routing rule whose mask leaves out bits of its mark also leads what has no mark. */
import { expect, it } from 'vitest'
import type { Host, Packet, RoutingRule } from '../../../src/index.ts'
import { asksForMark } from '../../../src/rules/route.ts'
import { ROUTER } from '../../simulate/world.ts'
import { findingsOf, played, SYN } from './played.ts'

const PACKET: Packet = { ...SYN, dst: '203.0.113.9' }
const MARKS = '-A PREROUTING -s 10.0.1.77/32 -j MARK --set-xmark 0x200/0xff00'

function found(more: Partial<RoutingRule>, { mangle = [MARKS], filter = ['-A FORWARD -o eth0 -j DROP'] } = {}) {
  const host: Host = {
    routingRules: [
      { family: 'ip', priority: 0, action: { table: 'local' } },
      { family: 'ip', priority: 100, action: { table: '200' }, ...more },
      { family: 'ip', priority: 32766, action: { table: 'main' } },
    ],
    routes: [
      ...ROUTER.routes!,
      { family: 'ip', type: 'unicast', destination: '0.0.0.0/0', gateway: '10.0.1.254', table: '200', device: 'eth0' },
    ],
  }
  const journey = played({ rules: { mangle, filter }, packet: PACKET, host })
  return findingsOf(journey, 'wrong-way-out').find(({ message }) => message.includes('fwmark'))
}

it('is told where it led the packet to a rule that drops it, and mended under the mask of the rule that sets the mark', () => {
  const { message, severity, fix } = found({ mark: 0x200, markMask: 0xff })!
  expect(severity).toBe('warning')
  expect(message).toBe(
    'Routing rule 100 (fwmark 0x200/0xff) sends it out of eth0 by table 200, although its mark is 0x0: the kernel compares only the bits of the mask, and the mask leaves out 0x200 of the mark. Without that rule it would leave by eth1.',
  )
  expect(fix[0]).toMatchObject({
    verified: 'model',
    after: 'forwarded',
    edits: [{ op: 'del' }, { op: 'add', rule: { mark: 0x200, markMask: 0xff00 } }],
  })
})

it('compares the whole mark where no rule says under which mask it is meant', () => {
  const { edits = [] } = found({ mark: 0x200, markMask: 0xff }, { mangle: [] })!.fix[0]!
  const meant: RoutingRule = { family: 'ip', priority: 100, mark: 0x200, action: { table: '200' } }
  expect(edits[1]).toEqual({ kind: 'routing-rule', op: 'add', rule: meant })
})

it.each<[string, Partial<RoutingRule>, Parameters<typeof found>[1]?]>([
  ['the mask has all bits of the mark', { mark: 0, markMask: 0xff }],
  ['the whole rule is turned', { mark: 0x100, markMask: 0xff, not: true }],
  ['nothing stopped the packet', { mark: 0x200, markMask: 0xff }, { filter: [] }],
  [
    'the packet has the very mark',
    { mark: 0x200, markMask: 0xff },
    { mangle: ['-A PREROUTING -j MARK --set-xmark 0x200/0xffffffff'] },
  ],
])('is not told where %s', (_name, rule, rules) => {
  expect(found(rule, rules)).toBeUndefined()
})

it('holds a mark against the rule as the kernel does: only the bits of the mask count', () => {
  const rule: RoutingRule = { family: 'ip', priority: 1, mark: 0x201, markMask: 0xff, action: { table: '1' } }
  expect([0x1, 0x201, 0x0].map((mark) => asksForMark(rule, mark))).toEqual([true, true, false])
})
