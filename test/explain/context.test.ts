import { expect, it } from 'vitest'
import { describeEnd } from '../../src/explain/context.ts'

it.each([
  ['10.0.0.1', 80, '10.0.0.1:80'],
  ['2001:db8::1', 80, '[2001:db8::1]:80'],
  ['10.0.0.1', undefined, '10.0.0.1'],
  // somebody has made the address unreadable
  [undefined, 23, '?:23'],
  [undefined, '*', '?'],
  [undefined, undefined, '?'],
])('an end with address %s and port %s is %s', (address, port, text) => {
  expect(describeEnd(address, port)).toBe(text)
})
