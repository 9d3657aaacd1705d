/** The few things that tests ask of Markdown text. */

export interface Block {
  /** What stands behind the opening fence: `sh`, `text`, `ts` … */
  language: string
  text: string
  /** Of the section it stands in. */
  heading: string
  /** Offsets of `text`. */
  start: number
  end: number
  /** Stands right behind the block before it. */
  follows: boolean
}

/** Every fenced block, in order. */
export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = []
  let heading = ''
  let at = 0
  let open: Block | undefined
  let onlyBlanks = false
  for (const line of markdown.split('\n')) {
    const fence = /^( *)```(.*)$/.exec(line)
    if (fence) {
      if (open) {
        open.end = at
        // inside a list a block is indented like its fence
        open.text = markdown.slice(open.start, at).replace(new RegExp(`^${fence[1]}`, 'gm'), '')
        blocks.push(open)
        open = undefined
        onlyBlanks = true
      } else {
        const start = at + line.length + 1
        open = { language: fence[2]!, text: '', heading, start, end: start, follows: onlyBlanks }
      }
    } else if (!open) {
      if (line.startsWith('#')) heading = line.replace(/^#+ /, '')
      if (line !== '') onlyBlanks = false
    }
    at += line.length + 1
  }
  return blocks
}

/** The cells of every row of a table, without the head, of the section with this heading (absent: of the whole page). */
export function tableRows(markdown: string, heading?: string): string[][] {
  const section = heading === undefined ? markdown : sectionOf(markdown, heading)
  const lines = section.split('\n')
  return lines.flatMap((line, i) => {
    const head = /^\|[ :-]+\|/.test(lines[i + 1] ?? '') || /^\|[ :-]+\|[ :|-]*$/.test(line)
    return line.startsWith('|') && !head ? [cells(line)] : []
  })
}

const cells = (line: string): string[] =>
  line
    .replace(/^\|/, '')
    .replace(/\|$/, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim())

/** From a heading to the next one of its level or above. */
function sectionOf(markdown: string, heading: string): string {
  const lines = markdown.split('\n')
  const from = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '') === heading)
  if (from < 0) throw new Error(`no heading "${heading}"`)
  const level = /^#+/.exec(lines[from]!)![0].length
  const length = lines.slice(from + 1).findIndex((line) => (/^(#+) /.exec(line)?.[1]?.length ?? 99) <= level)
  return lines.slice(from + 1, length < 0 ? undefined : from + 1 + length).join('\n')
}
