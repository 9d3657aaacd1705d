/** nft refuses a list with addresses of both families ("Address family for hostname not supported"), which JSON can hold. */
import { expect, it } from 'vitest'
import { keyFor } from '../../../src/explain/changes/nft-correct.ts'

const left = (protocol: string, field: string) => ({ payload: { protocol, field } })
const SIX = { src: '2001:db8::2', dst: '2001:db8::1', protocol: 'tcp', dport: 80 }

it('an address of one family is no value of the other', () => {
  expect([keyFor(left('ip', 'saddr'), SIX, undefined), keyFor(left('ip6', 'saddr'), SIX, undefined)]).toEqual([
    undefined,
    '2001:db8::2',
  ])
  const row = { concat: [left('ip', 'daddr'), left('tcp', 'dport')] }
  expect(keyFor(row, SIX, undefined)).toBeUndefined()
  expect(keyFor(row, { ...SIX, dst: '192.0.2.1' }, undefined)).toEqual({ concat: ['192.0.2.1', 80] })
})
