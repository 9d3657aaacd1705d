/** A rule with its ports the wrong way round: both ends change places, since each option may be given once. */
import { beforeAll, expect, it } from 'vitest'
import { corrected } from '../../../src/explain/changes/iptables-correct.ts'
import { corrected as correctedNft } from '../../../src/explain/changes/nft-correct.ts'
import type { Condition } from '../../../src/model/condition.ts'
import type { Expression, Statement } from '../../../src/rules/nft/ast.ts'
import { nftText } from '../../../src/rules/nft/text/later.ts'
import { SYN } from '../findings/played.ts'

beforeAll(() => nftText.load())

const PACKET = { ...SYN, sport: 40_005, dport: 3128 }
const miss = (text: string) => {
  const condition: Condition = { kind: 'compare', field: 'tcp sport', op: '==', value: 3128, text }
  return { condition, settled: false }
}

const turned = (words: string, text = '--sport 3128') => corrected(words.split(' '), miss(text), PACKET)?.join(' ')

it('changes the places of both ports', () => {
  expect(turned('-p tcp -m tcp --sport 3128 --dport 1025:65535 -j ACCEPT')).toBe(
    '-p tcp -m tcp --dport 3128 --sport 1025:65535 -j ACCEPT',
  )
  expect(turned('-p tcp -m multiport --sports 3128 -m multiport --dports 1025:65535 -j ACCEPT', '--sports 3128')).toBe(
    '-p tcp -m multiport --dports 3128 -m multiport --sports 1025:65535 -j ACCEPT',
  )
})

it('leaves the source port out where both are the same', () => {
  expect(turned('-p tcp -m tcp --sport 3128 --dport 3128 -j ACCEPT')).toBe('-p tcp -m tcp --dport 3128 -j ACCEPT')
})

it('turns the only one', () => {
  expect(turned('-p tcp -m tcp --sport 3128 -j ACCEPT')).toBe('-p tcp -m tcp --dport 3128 -j ACCEPT')
})

const asks = (field: string, right: Expression): Statement => ({
  match: { op: '==', left: { payload: { protocol: 'tcp', field } }, right },
})

it('does so in a rule of nft', () => {
  const rule = (sport: Expression, dport: Expression) => [asks('sport', sport), asks('dport', dport), { accept: null }]
  const now = (expr: Statement[]) => correctedNft(expr, 'inet', miss('tcp sport 3128'), PACKET, {})
  const high = { range: [1025, 65_535] } as Expression
  expect(now(rule(3128, high))).toEqual([asks('dport', 3128), asks('sport', high), { accept: null }])
  expect(now(rule(3128, 3128))).toEqual([asks('dport', 3128), { accept: null }])
  expect(now([asks('sport', 3128), { accept: null }])).toEqual([asks('dport', 3128), { accept: null }])
})
