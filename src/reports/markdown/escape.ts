/** Text from an input as Markdown that shows it and does nothing else. All take text without line breaks. */

/** Prose: everything that could begin markup is escaped. */
export const prose = (text: string): string =>
  text.replace(/&/g, '&amp;').replace(/[\\`*_[\]<>|~$#@{}^]/g, (char) => `\\${char}`)

/** A code span; its ticks outnumber those inside. */
export function code(text: string): string {
  if (text === '') return ''
  const ticks = '`'.repeat(longestRun(text) + 1)
  const gap = /^[ `]|[ `]$/.test(text) ? ' ' : ''
  return ticks + gap + text + gap + ticks
}

/** A code block of one or more lines. */
export function block(lines: readonly string[], language = ''): string[] {
  const fence = '`'.repeat(Math.max(3, longestRun(lines.join('\n')) + 1))
  return [fence + language, ...lines, fence]
}

/** Code in a table's cell: there a pipe ends the cell even between ticks, so it is HTML, with entities. */
export const cell = (text: string): string =>
  text === '' ? '' : `<code>${text.replace(/[&<>`*_[\]|~$\\@#{}^]/g, (char) => `&#${char.charCodeAt(0)};`)}</code>`

const longestRun = (text: string) => Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length))
