/** The order of base chains at one hook: by priority, and of one priority the newest first. */
import { expect, it } from 'vitest'
import { baseChainsAt } from '../../src/journey/base-chains.ts'
import { worldOf } from './journeys.ts'

const table = (name: string, ...chains: string[]) =>
  `table ${name} {\n${chains
    .map((chain, i) => `\tchain c${i} {\n\t\ttype filter hook output priority ${chain}; policy accept;\n\t}\n`)
    .join('')}}\n`

it('runs the chains of nft tables that were added later before older ones of the same priority', () => {
  const world = worldOf(
    table('ip6 first', 'filter', 'filter') +
      table('inet second', 'filter + 1', 'filter') +
      table('ip6 third', 'filter'),
  )
  const order = baseChainsAt(world, 'ip6', 'output', true).map(({ table: { name }, chain }) => `${name} ${chain.name}`)
  expect(order).toEqual(['third c0', 'second c1', 'first c1', 'first c0', 'second c0'])
})
