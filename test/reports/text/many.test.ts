/** As many chains as a file may hold: reports look at none of them again for each other. */
// @module-tag slow
import { expect, test } from 'vitest'
import { mapHooks } from '../../../src/analysis/hook-map.ts'
import { compareRulesets } from '../../../src/analysis/rulesets.ts'
import { emptyWorld } from '../../../src/model/world.ts'
import { mapText } from '../../../src/reports/text/map.ts'
import { rulesetsText } from '../../../src/reports/text/rulesets.ts'
import { worldOf } from '../../journey/journeys.ts'

// more than a call takes arguments
const MANY = 130_000
const [one] = worldOf(
  'table ip t {\nchain c { type filter hook input priority 0; policy accept; counter packets 1 bytes 60 drop; }\n}\n',
).tables
const [chain] = one!.chains.values()
const chains = Array.from({ length: MANY }, (_, i) => ({ ...chain!, name: `c${i}`, priority: i % 1000 }))

test('a map and a comparison of many base chains come to their end', { timeout: 300_000 }, () => {
  const world = { ...emptyWorld(), tables: [{ ...one!, chains: new Map(chains.map((made) => [made.name, made])) }] }
  expect(mapText(mapHooks(world)).split('\n').length).toBeGreaterThan(MANY)
  expect(rulesetsText(compareRulesets(emptyWorld(), world)).length).toBeGreaterThan(MANY)
})
