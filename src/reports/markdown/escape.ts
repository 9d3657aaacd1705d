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

// one after another: a comment of nothing but ticks has more runs than a call can have arguments
const longestRun = (text: string) => (text.match(/`+/g) ?? []).reduce((most, run) => Math.max(most, run.length), 0)
