import { expect, test } from 'vitest'
import { findRule } from '../../src/model/find-rule.ts'
import { worldOf } from '../journey/journeys.ts'

const rulesOf = (...lines: string[]) =>
  worldOf(`table ip f {\n\tchain c {\n${lines.map((line) => `\t\t${line}\n`).join('')}\t}\n}\n`).tables[0]!.chains.get(
    'c',
  )!.rules

test.each([
  [
    'by its handle, whatever its place',
    ['accept # handle 7', 'drop # handle 3'],
    { handle: 7, ruleNumber: 2 },
    'accept',
  ],
  ['by its place, where no handles are listed', ['accept', 'drop'], { handle: 7, ruleNumber: 2 }, 'drop'],
  ['by its place, where it has none', ['accept # handle 7', 'drop # handle 3'], { ruleNumber: 2 }, 'drop'],
  [
    'not by its place, where that is another one',
    ['accept # handle 7', 'drop # handle 3'],
    { handle: 9, ruleNumber: 2 },
    undefined,
  ],
  ['not without either', ['accept', 'drop'], {}, undefined],
])('a rule is found %s', (_, lines, ref, text) => {
  expect(findRule(rulesOf(...lines), ref)?.text).toBe(text)
})
