/** Which bits of a mark a rule may have changed. */
import { expect, it } from 'vitest'
import type { Context } from '../../../src/explain/context.ts'
import { mayWriteBits } from '../../../src/explain/counterfactual/mark-behind.ts'
import { makeWorld, ROUTER } from '../../simulate/world.ts'
import { saved } from '../findings/played.ts'

it.each([
  ['-j MARK --set-xmark 0x51/0xff', 0xff, true],
  ['-j MARK --set-xmark 0x51/0xff', 0xff0000, false],
  ['-j MARK --set-xmark 0x0/0xff0000', 0xff0000, true],
  ['-j CONNMARK --restore-mark --nfmask 0xff --ctmask 0xff', 0xff, true],
  ['-j CONNMARK --restore-mark --nfmask 0xff --ctmask 0xff', 0xff0000, false],
  ['-j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff', 0xff, false],
] as const)('%s, bits 0x%x: %s', (target, mask, expected) => {
  const world = makeWorld(saved({ mangle: [`-A PREROUTING ${target}`] }), ROUTER)
  const [rule] = world.tables[0]!.chains.get('PREROUTING')!.rules
  const evidence = { arrivals: [{ rule, packet: { in: 'eth0' }, hook: 'prerouting' }] }
  const context = { evidence, journey: { family: 'ip' }, world } as unknown as Context
  expect(mayWriteBits(context, 0, mask)).toBe(expected)
})
