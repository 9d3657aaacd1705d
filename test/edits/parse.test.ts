import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseCommand } from '../../src/edits/parse.ts'
import { outline, readCommands } from './commands.ts'

describe.each(readCommands())('$name', ({ commands }) => {
  it.each(commands)('$command', ({ command, expected }) => {
    expect(outline(command)).toEqual(expected)
  })
})

it('points at a word of the command, or at its end', () => {
  for (const { command } of readCommands().flatMap(({ commands }) => commands)) {
    const result = parseCommand(command)
    if ('edits' in result) continue
    const { column, word } = result.error
    if (word === '') expect(command.slice(column - 1).trim()).toMatch(/^(''|"")?/)
    else expect(command.slice(column - 1)).toMatch(/^\S/)
  }
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
    { numRuns: 3000 },
  )
})
