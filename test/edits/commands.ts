/**
 * Reads fixtures/edits/commands/NAME.txt: a command, and indented below it what it is read as: the edits' own commands,
 * none, or where it is wrong (`! COLUMN WORD: MESSAGE`, with ` → SUGGESTION` behind it).
 */
import { readdirSync, readFileSync } from 'node:fs'
import { parseCommand } from '../../src/edits/parse.ts'
import { printEdit } from '../../src/edits/print.ts'

const FOLDER = new URL('../../fixtures/edits/commands/', import.meta.url)

export interface Command {
  command: string
  expected: string[]
}

export function readCommands(): { name: string; commands: Command[] }[] {
  return readdirSync(FOLDER).map((file) => {
    const commands: Command[] = []
    for (const line of readFileSync(new URL(file, FOLDER), 'utf8').split('\n'))
      if (line.startsWith('  ')) commands.at(-1)!.expected.push(line.slice(2))
      else if (line !== '' && !line.startsWith('#')) commands.push({ command: line, expected: [] })
    return { name: file.replace(/\.txt$/, ''), commands }
  })
}

/** In the words of the fixtures. */
export function outline(command: string): string[] {
  const result = parseCommand(command)
  if ('edits' in result) return result.edits.map(printEdit)
  const { column, word, message, suggestion } = result.error
  return [`! ${column} ${word}: ${message}${suggestion === undefined ? '' : ` → ${suggestion}`}`]
}
