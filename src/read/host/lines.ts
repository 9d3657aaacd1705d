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

/** The lines of a file's beginning that are whole and not blank; the only line is taken as whole. Cut as they are asked for. */
export function* wholeLines(head: string): Generator<string, undefined> {
  let start = 0
  for (let end = head.indexOf('\n'); end >= 0; end = head.indexOf('\n', start)) {
    const line = head.slice(start, head.charCodeAt(end - 1) === 13 && end > start ? end - 1 : end)
    if (line.trim() !== '') yield line
    start = end + 1
  }
  if (start === 0 && head.trim() !== '') yield head
}

/** The first of them, or the first one that is asked for: every format looks at every file, and mostly at one line of it. */
export function firstLine(head: string, isAsked: (line: string) => boolean = () => true): string | undefined {
  for (const line of wholeLines(head)) if (isAsked(line)) return line
  return undefined
}

/** A line as a message quotes it. */
export const quoted = (line: string): string => `"${line.length > 80 ? `${line.slice(0, 77)}...` : line}"`
