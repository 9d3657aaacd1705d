/** Text as numbered lines, without their ends (`\n`, `\r\n`). */
export function forEachLine(text: string, visit: (line: string, number: number) => void): void {
  let number = 0
  for (let start = 0; start < text.length; ) {
    let end = text.indexOf('\n', start)
    if (end < 0) end = text.length
    number++
    visit(text.slice(start, text.charCodeAt(end - 1) === 13 && end > start ? end - 1 : end), number)
    start = end + 1
  }
}

/** The lines of a file's beginning that are whole and not blank; the only line is taken as whole. */
export function wholeLines(head: string): string[] {
  const lines = head.split(/\r?\n/)
  if (lines.length > 1) lines.pop()
  return lines.filter((line) => line.trim() !== '')
}

/** A line as a message quotes it. */
export const quoted = (line: string): string => `"${line.length > 80 ? `${line.slice(0, 77)}...` : line}"`
