/** Two base chains of nat would rewrite a packet, and the kernel asks the one alone. */
import { expect, test } from 'vitest'
import { explain } from '../../../src/explain/explain.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { worldOf } from '../../journey/journeys.ts'
import { ROUTER } from '../../simulate/world.ts'
import { TO_ROUTER } from './played.ts'

const chain = (name: string, to: string, priority = 'dstnat') =>
  `chain ${name} { type nat hook prerouting priority ${priority}; tcp dport 80 dnat ip to ${to}; }`

function skipped(ruleset: string) {
  const world = { ...worldOf(ruleset), host: ROUTER }
  const { evidence, ended } = modelEngine.play(world, TO_ROUTER)
  return explain(evidence, world, { ended }).findings.find(({ code }) => code === 'dnat-skipped')
}

test('of one table, as a program makes a chain for each of what it publishes', () => {
  const table = (second: string) =>
    `table inet web {\n${chain('forward', '10.0.2.21', 'dstnat - 1')}\n${chain('proxy', second)}\n}\n`
  expect(skipped(table('10.0.2.20'))?.message).toBe(
    'inet web forward rule 1 rewrites its destination to 10.0.2.21:80, so inet web proxy rule 1, which would rewrite it to 10.0.2.20, has no effect. The kernel sets up NAT once per connection, by the first chain that rewrites.',
  )
  expect(skipped(table('10.0.2.20'))?.fix[0]).toMatchObject({
    description: 'exclude these packets here, so that proxy rewrites them',
    note: 'if no program writes the rules of forward any more, delete them',
  })
  expect(skipped(table('10.0.2.21'))).toBeUndefined()
})

test('of two tables', () => {
  const tables = `table ip a {\n${chain('pre', '10.0.2.21', 'dstnat - 1')}\n}\ntable ip b {\n${chain('pre', '10.0.2.20')}\n}\n`
  expect(skipped(tables)?.rules.map(({ table }) => table)).toEqual(['a', 'b'])
})
