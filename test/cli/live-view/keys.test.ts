import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readKeys } from '../../../src/cli/live-view/keys.ts'

test.each([
  ['letters', 'jkG/', ['j', 'k', 'G', '/']],
  ['beyond ASCII', 'ü→😀', ['ü', '→', '😀']],
  ['Enter, Backspace, Tab', '\r\n\x7f\b\t', ['enter', 'enter', 'backspace', 'backspace', 'tab']],
  ['control characters', '\x03\x1a\x0c', ['ctrl-c', 'ctrl-z', 'ctrl-l']],
  ['arrows', '\x1b[A\x1b[B\x1bOC\x1bOD', ['up', 'down', 'right', 'left']],
  ['Home, End, PgUp, PgDn, Del', '\x1b[H\x1b[4~\x1b[5~\x1b[6~\x1b[3~', ['home', 'end', 'pageup', 'pagedown', 'delete']],
  ['keys that nothing asks for', '\x1b[15~\x1b[1;5Aq\x1b[I', ['q']],
  ['what is pasted', 'a\x1b[200~quit q\x1b[201~b', ['a', { pasted: 'quit q' }, 'b']],
  ['Alt and a letter', '\x1bq', ['escape', 'q']],
])('%s', (_, text, keys) => expect(readKeys(text)).toEqual({ keys, rest: '' }))

test.each(['\x1b', '\x1b[', '\x1b[1;', '\x1bO', '\x1b[200~begun'])('a beginning waits: %j', (rest) =>
  expect(readKeys(`x${rest}`)).toEqual({ keys: ['x'], rest }),
)

test('a paste without an end is forgotten at some time', () =>
  expect(readKeys(`\x1b[200~${'x'.repeat(200_000)}`)).toEqual({ keys: [], rest: '' }))

test('cut anywhere it gives the same keys', () =>
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('\x1b[A', '\x1bOB', 'q', '\x1b[5~', '\x1b[200~x\x1b[201~', '\x1b[99;1u', 'é')),
      fc.nat(),
      (parts, at) => {
        const text = parts.join('')
        const cut = text.length === 0 ? 0 : at % text.length
        const first = readKeys(text.slice(0, cut))
        const second = readKeys(first.rest + text.slice(cut))
        expect([...first.keys, ...second.keys]).toEqual(readKeys(text).keys)
      },
    ),
  ))
