/** The incident of the element that was missing: a packet that was let in by NAT, and then not by the set. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Packet } from '../../../src/model/packet.ts'
import { recognise } from '../../../src/read/recognise.ts'
import { WorldBuilder } from '../../../src/read/world.ts'
import { evaluate } from '../../../src/rules/evaluate.ts'
import { walk } from '../../../src/rules/walk.ts'
import { PACKET_STEPS, WalkBudget } from '../../../src/rules/walk-budget.ts'
import { momentOf } from './ask.ts'

function worldOf(file: string) {
  const text = readFileSync(new URL(`../../../fixtures/incidents/nft-allow-set/${file}`, import.meta.url), 'utf8')
  const builder = new WorldBuilder()
  const recognised = recognise(text)!
  if (recognised.kind !== 'ruleset') throw new Error(`${file} is a ${recognised.kind}`)
  builder.add(file, text, recognised)
  expect(builder.warnings).toEqual([])
  return builder.world
}

/** Behind the NAT. */
const PACKET: Packet = {
  ...{ src: '198.51.100.7', dst: '192.168.70.10', protocol: 'tcp', sport: 40000, dport: 22, tcpFlags: ['syn'] },
  ...{ in: 'ext0', out: 'int0', ctState: 'new', ctStatus: ['dnat'] },
}

describe.each([
  ['ruleset-dropped.json', false],
  ['ruleset-dropped.nft', false],
  ['ruleset-fixed.json', true],
])('%s', (file, isIn) => {
  const world = worldOf(file)
  const filter = world.tables.find(({ name }) => name === 'filter')!
  const moment = momentOf(PACKET, world)

  it(`has the packet ${isIn ? 'in' : 'not in'} the set`, () => {
    const [rule] = filter.chains.get('allowed_dnats')!.rules
    const lookup = rule!.conditions.find(({ kind }) => kind === 'lookup')!
    expect(lookup).toMatchObject({ set: 'allow_in', fields: ['ip daddr', 'tcp dport'] })
    expect(evaluate(lookup, moment)).toBe(isIn)
  })

  it(`${isIn ? 'accepts' : 'drops'} it`, () => {
    const { ending, last } = walk(
      filter,
      [{ chain: filter.chains.get('forward')!, index: 0 }],
      moment,
      new WalkBudget(PACKET_STEPS),
    )
    expect(ending).toBe(isIn ? 'accept' : 'drop')
    expect(last!.chain.name).toBe('allowed_dnats')
  })
})
