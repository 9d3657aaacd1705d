/** A command is words, and a shell that reads its text starts those programs with those words and does nothing else. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { shellTokens } from '../../src/edits/shell.ts'
import {
  Command,
  command,
  inOrder,
  oneAfterAnother,
  orElse,
  outputOf,
  piped,
  printCommand,
  shellWord,
  unsayable,
} from '../../src/model/command.ts'
import type { Fix } from '../../src/model/journey.ts'
import { printableJson } from '../../src/model/printable.ts'
import { wrapCommand } from '../../src/reports/text/layout.ts'
import { share } from '../share.ts'
import { hostileName } from '../shell/hostile.ts'
import { meant, SHELLS, Stubs } from '../shell/stubs.ts'

const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/u

let stubs: Stubs
beforeAll(() => {
  stubs = new Stubs()
})
afterAll(() => stubs.remove())

const simple = fc
  .tuple(
    fc.constantFrom('program', 'nft', 'iptables', 'a=1', 'if', '!', '{', 'ä b'),
    fc.array(hostileName, { maxLength: 4 }),
  )
  .map(([program, words]) => command(program, ...words))
const anyCommand = fc.oneof(
  { weight: 4, arbitrary: simple },
  fc.tuple(simple, simple).map(([a, b]) => piped(a, b)),
  fc.tuple(simple, simple).map(([a, b]) => inOrder(a, b)),
  fc.tuple(simple, simple).map(([a, b]) => orElse(a, b)),
  fc.tuple(simple, simple).map(([a, b]) => oneAfterAnother(a, b)),
  fc.tuple(simple, simple, hostileName).map(([a, b, word]) => command('program', word, outputOf(piped(a, b)), word)),
)

describe('the text of a command', () => {
  it('starts what is meant, with the words that are meant, in every shell and form', () => {
    expect(SHELLS.length).toBeGreaterThan(0)
    let said = 0
    fc.assert(
      fc.property(anyCommand, fc.boolean(), fc.constantFrom(30, 80), (one, ascii, width) => {
        const forms = [printCommand(one, { ascii }), wrapCommand(one, width, { ascii }).join('\n')]
        const expected = one.whyNot === undefined ? meant(one) : []
        if (one.whyNot === undefined) said++
        for (const shell of SHELLS) for (const text of new Set(forms)) expect(stubs.run(shell, text)).toEqual(expected)
        // as a script has it, which nobody sees
        const raw = one.words?.slice(1).map((word) => shellWord(word))
        if (raw)
          expect(stubs.run(SHELLS[0]!, ['program', ...raw].join(' '))).toEqual([['program', ...one.words!.slice(1)]])
        expect(forms[0]).not.toMatch(HIDDEN)
        if (ascii) expect(forms[0]).toMatch(/^[\x20-\x7e]*$/)
        // as a line of JSON
        expect(JSON.parse(printableJson({ command: one })).command).toBe(printCommand(one))
      }),
      { numRuns: share(80), seed: 11 },
    )
    expect(said).toBeGreaterThan(share(50))
  }, 240_000)

  it('is read back as the same words', () => {
    fc.assert(
      fc.property(fc.array(hostileName, { minLength: 1 }), (words) => {
        fc.pre(command('program', ...words).whyNot === undefined)
        for (const ascii of [false, true]) {
          const tokens = shellTokens(printCommand(command('program', ...words), { ascii }))
          expect(tokens.map(({ kind, text }) => [kind, text])).toEqual(
            ['program', ...words].map((word) => ['word', word]),
          )
        }
      }),
      { seed: 11 },
    )
  })
})

it.each([
  ['', "''"],
  ['eth0', 'eth0'],
  ['-x', '-x'],
  ['~', "'~'"],
  ['=ls', "'=ls'"],
  ['a=~', "'a=~'"],
  ['!', '!'],
  ['!x', "'!x'"],
  ['{', "'{'"],
  ['{a,b}', "'{a,b}'"],
  ["it's", "'it'\\''s'"],
  ['ä', "'ä'"],
  ['a\nb', `"$(printf 'a\\012b')"`],
  ['\x1b[2J%!', `"$(printf '\\033[2J\\045\\041')"`],
  ['-\u202e', `"$(printf '\\055\\342\\200\\256')"`],
])('%j is written %s', (word, text) => {
  expect(printCommand(command('program', word))).toBe(`program ${text}`)
  // a script has it as it is
  expect(shellTokens(shellWord(word)).map((token) => token.text)).toEqual([word])
})

it.each(['a\0b', 'a\n', '\ud800', '\ufffd'])('no command holds %j', (word) => {
  const one = inOrder(command('ip', 'link'), command('ip', 'link', 'show', word))
  expect([one.whyNot, one.words]).toEqual(['character', undefined])
  expect(printCommand(one)).toBe('# no command')
  expect(wrapCommand(one, 40)).toEqual(['# no command'])
})

it('what is not said in one word is not said at all', () => {
  const one = command('program', outputOf(command('program', unsayable('name'))))
  expect([one.whyNot, String(one), JSON.stringify([one])]).toEqual(['name', '# no command', '["# no command"]'])
})

it('a string is no command, and neither is an object that looks like one', () => {
  // @ts-expect-error a text becomes no command
  const text: Command = 'ip link'
  // @ts-expect-error nor does it as a fix
  const fix: Fix = { description: '', command: 'ip link' }
  // @ts-expect-error nor what has its members
  const object: Command = { whyNot: undefined, program: 'ip', words: ['ip'], pieces: () => ['ip'] }
  // @ts-expect-error nobody makes one but by words
  const made = () => new Command({ kind: 'simple', words: [] })
  // @ts-expect-error a command is no word of another
  const nested = () => command('sh', '-c', command('ip'))
  expect([text, fix, object, made, nested]).toHaveLength(5)
})
