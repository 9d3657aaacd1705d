/** Which chain a jump belongs in, by the names that people give to what belongs together. */
import { expect, it } from 'vitest'
import { likeness } from '../../../src/explain/counterfactual/unreached.ts'
import type { Chain } from '../../../src/model/ruleset.ts'

const named = (name: string) => ({ name }) as Chain

it.each([
  ['zone_lan_forward', 'zone_lan_dest_ACCEPT', 'zone_lan_'.length],
  ['input-services', 'output-services', 'put-services'.length],
  ['KUBE-EXT-ABC', 'KUBE-SVC-ABC', 'KUBE-'.length],
])('%s is like %s', (a, b, shared) => expect(likeness(named(a), named(b))).toBe(shared))

// a last or first letter in common is chance
it.each([
  ['rules', 'marks'],
  ['in', 'input'],
  ['PREROUTING', 'FORWARD'],
])('%s is not like %s', (a, b) => expect(likeness(named(a), named(b))).toBe(0))
