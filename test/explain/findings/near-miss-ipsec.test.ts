/** A rule for what comes by IPsec, and a packet that came in clear. */
import { expect, test } from 'vitest'
import { heldWords } from '../../../src/explain/findings/near-miss-words.ts'
import type { Condition } from '../../../src/model/condition.ts'

const asks = (field: string, value: number): Condition => ({ kind: 'compare', field, op: '==', value, text: field })

test('says that it has none of it, and nothing where the rule asks for none', () => {
  expect(heldWords(asks('meta ipsec', 1), {})).toBe('the packet came in without IPsec')
  expect(heldWords(asks('rt ipsec', 1), {})).toBe('the packet leaves without IPsec')
  expect(heldWords(asks('meta ipsec', 0), {})).toBeUndefined()
})
