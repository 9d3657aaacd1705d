/** What tickets, mail and web pages do to a line of output, undone: quoting marks, entities, backticks. */
import { cleanCharacters } from '../rulesets/mend.ts'

/** Without the marks that quoting puts in front. */
export const withoutQuoting = (line: string): string => line.replace(/^(?:[ \t]{0,3}>[ \t]?){1,8}/, '')

/** As a reader of outputs wants it; blanks at the line's beginning stay. */
export function cleanPasted(line: string): string {
  const clean = cleanCharacters(withoutQuoting(line))
  const bare = clean.trimEnd()
  // the kernel ends a log line with a blank: of a line that was cut, it is missing
  return withoutTicks(bare) + (clean.length > bare.length && bare !== '' ? ' ' : '')
}

/** A line of its own in backticks, or one whose backtick only begins or only ends it. */
const withoutTicks = (line: string): string => line.replace(/^(\s*)`(?!`)([^`]*)`?$/, '$1$2')

/** The words of a line that is a fence, or has one; the text beside it, and undefined where there is none. */
export function besideFence(line: string): string | undefined {
  const [, text] = /^\s*(?:`{3,}|~{3,})(.*)$/.exec(line) ?? []
  if (text !== undefined) return /^[\w+-]{0,20}$/.test(text.trim()) ? '' : text
  return /^\s*<\/?(?:pre|code|details|summary)\b[^>]{0,80}>\s*$/i.test(line) ? '' : undefined
}

/** What stands before the fence that a line ends with; undefined where there is none. */
export function beforeFence(line: string): string | undefined {
  const text = line.trimEnd()
  let end = text.length
  while (text[end - 1] === '`') end--
  return text.length - end < 3 ? undefined : text.slice(0, end)
}

/** Without the blanks that all of them begin with. */
export function dedented(lines: readonly string[]): string[] {
  let common: string | undefined
  let width = 0
  for (const line of lines) {
    if (line.trim() === '') continue
    const blanks = /^\s*/.exec(line)![0]
    if (common === undefined) width = blanks.length
    common ??= blanks
    let same = 0
    while (same < width && blanks[same] === common[same]) same++
    width = same
  }
  return width === 0 ? [...lines] : lines.map((line) => line.slice(width))
}

/** Without the blanks in front of what stands indented below an empty line, as a code block in Markdown or mail does. */
export function withoutIndents(lines: readonly string[]): string[] {
  const plain = [...lines]
  let from = -1
  const end = (to: number) => {
    if (from < 0) return
    const inner = dedented(lines.slice(from, to))
    for (let i = 0; i < inner.length; i++) plain[from + i] = inner[i]!
    from = -1
  }
  for (const [i, line] of lines.entries()) {
    if (line.trim() === '') continue
    const isIndented = /^(?: {2}|\t)/.test(line)
    if (!isIndented) end(i)
    else if (from < 0 && (i === 0 || lines[i - 1]!.trim() === '')) from = i
  }
  end(lines.length)
  return plain
}
