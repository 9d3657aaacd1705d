/** Fits lines that hold colours into columns. */
import { columns } from '../../model/columns.ts'

/** As paint writes them; what comes from an input holds none. */
const STYLES = /(\x1b\[\d+m)/

/** In columns, without the colours. */
export const styledColumns = (line: string): number => columns(line.replaceAll(/\x1b\[\d+m/g, ''))

/** The line in pieces of at most so many columns; a colour that is cut through goes on in the next. */
export function breakStyled(line: string, width: number): string[] {
  if (styledColumns(line) <= width) return [line]
  const lines: string[] = []
  let open = ''
  let current = ''
  let used = 0
  const close = () => {
    lines.push(open === '' ? current : `${current}\x1b[0m`)
    current = open
    used = 0
  }
  for (const part of line.split(STYLES)) {
    if (part.startsWith('\x1b')) {
      // those that end a style: 22 and 39
      open = part === '\x1b[22m' || part === '\x1b[39m' ? '' : open + part
      current += part
      continue
    }
    for (const char of part) {
      const needed = columns(char)
      if (used + needed > width) close()
      // wider than the whole line
      if (needed > width) continue
      current += char
      used += needed
    }
  }
  close()
  return lines
}

/** As much of it as fits. */
export const cutStyled = (line: string, width: number): string => (width < 1 ? '' : breakStyled(line, width)[0]!)

export const padStyled = (line: string, width: number): string =>
  line + ' '.repeat(Math.max(0, width - styledColumns(line)))
