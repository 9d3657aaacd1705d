/** A ruleset listed without `nft -a`: the trace shows the handles of rules that were met, others are named by their place. */
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { explain, tryFixesOf } from '../../../src/explain/explain.ts'
import { withSeenHandles } from '../../../src/explain/verify-fixes/seen-handles.ts'
import { noteTrials } from '../../../src/explain/verify-fixes/verify.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { makeWorld, ROUTER } from '../../simulate/world.ts'
import { SYN } from '../findings/played.ts'

const RULES = `table inet fw {
	chain forward {
		type filter hook forward priority filter; policy accept;
		ct state established accept
		tcp dport { 80, 443 } drop
		ip daddr 10.0.2.2 accept
	}
}
`

function met(handle: number | undefined) {
  const world = makeWorld(RULES, ROUTER)
  const played = modelEngine.play(world, SYN)
  const { evidence, ended } = played
  if (handle !== undefined) evidence.journey.steps.at(-1)!.handle = handle
  return { world, evidence, ended }
}

describe('a ruleset without handles', () => {
  it('has those that the trace shows, and no others', () => {
    const { world, evidence } = met(8)
    const [table] = withSeenHandles(world, evidence).tables
    expect(table?.chains.get('forward')?.rules.map(({ handle }) => handle)).toEqual([undefined, 8, undefined])
    expect(world.tables[0]?.chains.get('forward')?.rules[1]?.handle).toBeUndefined()
  })

  it('stays as it is where the trace shows none', () => {
    const { world, evidence } = met(undefined)
    expect(withSeenHandles(world, evidence)).toBe(world)
  })

  it.each([
    ['by the handle that the trace shows', 8, 'handle 8'],
    ['by its place, from 0', undefined, 'index 1'],
  ])('has fixes beside a rule %s, which the model has tried', (_what, handle, place) => {
    const { world, evidence, ended } = met(handle)
    const journey = explain(evidence, world, { ended })
    noteTrials(journey, tryFixesOf(evidence, world, modelEngine))
    const [first] = journey.findings.flatMap(({ fix }) => fix).filter(({ edits }) => edits)
    expect(String(fixCommands(first!).command)).toContain(`nft insert rule inet fw forward ${place} `)
    expect(first).toMatchObject({ verified: 'model', after: 'forwarded' })
  })
})
