import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseCommand } from '../../src/edits/parse.ts'
import { share } from '../share.ts'
import { outline, readCommands } from './commands.ts'

describe.each(readCommands())('$name', ({ commands }) => {
  it.each(commands)('$command', ({ command, expected }) => {
    expect(outline(command)).toEqual(expected)
  })
})

it('points at a word of the command, at its end where one is missing, or at nothing but its beginning', () => {
  const pointed = new Set<string>()
  for (const { command } of readCommands().flatMap(({ commands }) => commands)) {
    const result = parseCommand(command)
    if ('edits' in result) continue
    const { column, word, message } = result.error
    const rest = command.slice(column - 1)
    const at = word !== '' ? 'a word' : message === 'no command is given' ? 'the beginning' : 'the end'
    if (at === 'a word') expect(rest, command).toMatch(/^\S/)
    else if (at === 'the beginning') expect(column, command).toBe(1)
    else expect(rest, command).toMatch(/^(?:''|""|$)/)
    pointed.add(at)
  }
  expect([...pointed].sort()).toEqual(['a word', 'the beginning', 'the end'])
})

it('never throws', () => {
  const words = [
    ...[
      'iptables',
      'ip6tables',
      'sysctl',
      'echo',
      '-A',
      '-D',
      '-I',
      '-P',
      '-t',
      'nat',
      'INPUT',
      '1',
      '-j',
      'DROP',
      '-s',
    ],
    ...[
      '10.0.0.1',
      '-p',
      'tcp',
      '--dport',
      '80',
      '!',
      '>',
      '2>&1',
      '$X',
      "'",
      '"',
      '\\',
      '`',
      ';',
      'a=b',
      '-w',
      '-nvL',
      '--',
    ],
  ]
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constantFrom(...words), fc.string()), { maxLength: 12 }), (line) => {
      parseCommand(line.join(' '))
    }),
    { numRuns: share(3000) },
  )
})
