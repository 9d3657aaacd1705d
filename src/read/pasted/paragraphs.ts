/**
 * Text between empty lines, or between lines of different commands; what stands in braces is one paragraph with what they
 * belong to, and a table of iptables-save until its COMMIT.
 */
import { commandOfLine, isOfCapture } from './beginnings.ts'

export interface Paragraph {
  lines: string[]
  /** Of the lines given, from 0; both inclusive. */
  from: number
  to: number
}

const TABLE = /^\*(?:filter|nat|mangle|raw|security)\s*$/

export function paragraphsOf(lines: readonly string[]): Paragraph[] {
  const paragraphs: Paragraph[] = []
  let depth = 0
  let inTable = false
  let current: Paragraph | undefined
  let printedBy: string | undefined
  // what other programs say in between ends no capture
  const commands = lines.map(commandOfLine)
  const lastCaptured = commands.findLastIndex(isOfCapture)
  const isCut = (command: string, i: number) =>
    printedBy !== undefined && printedBy !== command && !(isOfCapture(printedBy) && i <= lastCaptured)
  lines.forEach((line, i) => {
    if (line.trim() === '' && depth === 0 && !inTable) {
      current = undefined
      printedBy = undefined
      return
    }
    const command = depth === 0 && !inTable ? commands[i] : undefined
    if (command !== undefined) {
      const isBegun = isCut(command, i)
      if (isBegun) current = undefined
      if (isBegun || printedBy === undefined) printedBy = command
    }
    if (!current) {
      current = { lines: [], from: i, to: i }
      paragraphs.push(current)
    }
    current.lines.push(line)
    if (line.trim() !== '') current.to = i
    depth = Math.max(0, depth + bracesIn(line))
    inTable = TABLE.test(line) || (inTable && line.trim() !== 'COMMIT')
  })
  return paragraphs
}

function bracesIn(line: string): number {
  let depth = 0
  let quoted = false
  for (const letter of line) {
    if (letter === '"') quoted = !quoted
    else if (!quoted && letter === '{') depth++
    else if (!quoted && letter === '}') depth--
  }
  return depth
}
