/** Scripts that end too soon, or where nothing stands where something should: a problem, never a throw. */
import { expect, it } from 'vitest'
import { parseScript } from '../../../src/edits/script/syntax.ts'

const PARTS = ['()', '(', ')', '{', '}', '|', '&&', ';', ';;', '!', 'f', 'in', '<<E', 'function', 'if', 'then', 'fi']
const MORE = ['for', 'do', 'done', 'while', 'case', 'esac', 'else', '\n', '$(', '"', '2>']

it('reads every three parts of the language behind each other', () => {
  const parts = [...PARTS, ...MORE]
  const texts = parts.flatMap((a) => parts.flatMap((b) => parts.map((c) => `${a} ${b} ${c}`)))
  const failed = texts.filter((text) => {
    try {
      parseScript(text)
      return false
    } catch {
      return true
    }
  })
  expect(failed).toEqual([])
})

it.each([
  ['function', 'function "" has no body'],
  ['function f', 'function "f" has no body'],
  ['f()', 'function "f" has no body'],
  ['() | (', '"(" lacks its ")"'],
])('%s: %s', (script, message) => {
  expect(parseScript(script).problem?.error.message).toBe(message)
})

it('takes a pipe that ends a script', () => {
  expect(parseScript('()|').problem).toBeUndefined()
})
