import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { recognise } from '../../../src/read/recognise.ts'
import { looksLikeScript } from '../../../src/read/rulesets/looks-like-script.ts'
import { share } from '../../share.ts'
import { outlineOf, readScriptFile } from './scripts.ts'

const FOLDER = new URL('../../../fixtures/read/rulesets/shell-script/', import.meta.url)
const scripts = readdirSync(FOLDER).filter((file) => file.endsWith('.sh'))
const read = (file: string) => readFileSync(new URL(file, FOLDER), 'utf8')

describe.each(scripts)('%s', (file) => {
  it('is told from its beginning', () => {
    const found = recognise(read(file).slice(0, 4096))
    expect(found?.format.id).toBe('shell-script')
  })

  it('leaves these rules and sets behind, and these questions', () => {
    const { text, told } = readScriptFile(read(file))
    expect(`${outlineOf(text)}\n${told.join('\n')}`.trim()).toBe(read(file.replace(/sh$/, 'expected')).trim())
  })
})

it.each([
  ['a page about iptables', 'To see the rules use\n  iptables -L\nand to save them iptables-save.\n'],
  ['a shell script of something else', '#!/bin/sh\necho hello\nexit 0\n'],
  ['iptables -S', '-P INPUT ACCEPT\n-A INPUT -j DROP\n'],
  ['a log with a prompt in it', '[    1.0] TRACE: filter:INPUT:policy:1 IN=lo\n# iptables -A INPUT -j DROP\n'],
])('is not %s', (_name, text) => {
  expect(looksLikeScript(text)).toBe(false)
})

it('tells where a script stops at an error, and reads nothing behind it', () => {
  const { text, told } = readScriptFile(
    'set -e\niptables -A INPUT -j DROP\niptables -N INPUT\niptables -A INPUT -j ACCEPT\n',
  )
  expect(text).not.toContain('-j ACCEPT')
  expect(told).toEqual([expect.stringMatching(/^3 command-failed/), expect.stringMatching(/^3 not-run.*set -e/)])
})

it('takes a script with Windows line ends', () => {
  const { text, told } = readScriptFile('iptables -N a\r\niptables -A a -j DROP\r\n')
  expect(told).toEqual([])
  expect(text).toContain('-A a -j DROP')
})

it('ends loops of functions that call each other', () => {
  const { told } = readScriptFile('f() { g; }\ng() { f; }\niptables -N a; f\n')
  expect(told.join()).toContain('too deep')
})

it('never throws', () => {
  const words = [
    'iptables',
    '-A',
    'INPUT',
    '-j',
    'DROP',
    'if',
    'then',
    'fi',
    'for',
    'x',
    'in',
    'do',
    'done',
    '$x',
    '"$@"',
    'case',
    'esac',
  ]
  const marks = [
    ';',
    '&&',
    '||',
    '|',
    '(',
    ')',
    '{',
    '}',
    '<<END',
    'END',
    '\n',
    '`',
    '"',
    "'",
    '$(',
    '!',
    'f()',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a shell's
    '${x:-a}',
    '\\\n',
    '#',
    '[',
    ']',
    ';;',
    '&',
    '> f',
  ]
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...words, ...marks), { maxLength: 25 }), (parts) => {
      readScriptFile(`iptables -N a\n${parts.join(' ')}`)
    }),
    { numRuns: share(3000) },
  )
})
