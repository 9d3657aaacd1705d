/** Sets and maps that are asked for what operators make of a field. */
import { describe, expect, it } from 'vitest'
import type { Packet } from '../../../../src/model/packet.ts'
import { emptyWorld } from '../../../../src/model/world.ts'
import { readNft } from '../../../../src/read/rulesets/nft-text.ts'
import { match } from '../../../../src/rules/match.ts'

const PACKET: Packet = { src: '10.0.0.1', dst: '10.0.0.2', protocol: 'tcp', sport: 1, dport: 80, mark: 5, length: 60 }

const truthOf = (rule: string, packet: Packet = PACKET) => {
  const sets = `set s {\ntype mark\nelements = { 1, 7 }\n}\nset f {\ntypeof tcp flags\nelements = { fin | ack, rst }\n}`
  const [ruleset] = readNft(`table ip t {\n${sets}\nchain c {\n${rule}\n}\n}`, (code, message) =>
    expect.fail(`${code}: ${message}`),
  )
  const found = ruleset!.tables[0]!.chains.get('c')!.rules[0]!
  const world = { ...emptyWorld(), sets: ruleset!.sets ?? [] }
  const { truth } = match(found, { packet, family: 'ip', world, hook: 'forward' })
  return typeof truth === 'boolean' ? truth : 'unknown'
}

describe('what operators make of a mark', () => {
  it.each([
    ['meta mark | 0x00000002 == { 0x00000007, 0x00000009 }', true],
    ['meta mark | 0x00000002 != { 0x00000007, 0x00000009 }', false],
    ['meta mark & 0x00000003 | 0x00000008 == { 0x00000001, 0x00000008 }', false],
    ['meta mark ^ 0x00000001 == 0x00000004-0x00000006', true],
    ['meta mark >> 1 == { 2, 3 }', true],
    ['meta mark | 0x00000002 == @s', true],
    ['meta mark ^ 0x00000001 == @s', false],
  ])('%s', (rule, truth) => expect(truthOf(rule)).toBe(truth))
})

it.each([
  ['tcp flags == @f', ['fin', 'ack'], true],
  ['tcp flags == @f', ['ack'], false],
  ['tcp flags . tcp dport { fin | ack . 80 }', ['fin', 'ack'], true],
])('%s: all bits of an element are compared', (rule, tcpFlags, truth) => {
  expect(truthOf(rule, { ...PACKET, tcpFlags })).toBe(truth)
})

it('says of no bits of a connection that they are all that it has', () => {
  expect(truthOf('ct status . tcp dport { 0x0 . 80 }', { ...PACKET, ctState: 'new', ctStatus: [] })).toBe('unknown')
})
