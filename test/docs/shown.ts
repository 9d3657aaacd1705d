/**
 * Commands that a page shows with what they print: the last command of an `sh` block, and the `text` block right behind
 * it. Where UPDATE_DOCS is set the page is rewritten.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Run, shell } from '../cli/nfwhy.ts'
import { type Block, blocksOf } from './markdown.ts'
import { ROOT } from './sources.ts'

export interface Shown {
  /** With the lines that belong to it: what is behind `\`, a here-document. */
  command: string
  output: Block
}

/** The last is what an example plays back in the place of another program. */
const COMMAND = /^(?:npm ci && )?(?:npx nfwhy|node bin|sh examples\/)\b/

/** The commands of one page that have their output behind them. */
export function shownIn(markdown: string): Shown[] {
  const blocks = blocksOf(markdown)
  return blocks.flatMap((block, i) => {
    const next = blocks[i + 1]
    const lines = block.text.trimEnd().split('\n')
    const from = lines.findLastIndex((line) => COMMAND.test(line))
    return block.language === 'sh' && from >= 0 && next?.language === 'text' && next.follows
      ? [{ command: lines.slice(from).join('\n'), output: next }]
      : []
  })
}

/** npx is slow, and says things of its own; what `npm ci` installs is here. */
export const runShown = (command: string): Promise<Run> =>
  shell(`npm() { :; }\nnpx() { shift; nfwhy "$@"; }\n${command}`, { cwd: ROOT })

export function rewriteShown(page: string, command: string, stdout: string): void {
  const path = join(ROOT, page)
  const markdown = readFileSync(path, 'utf8')
  const { start, end } = shownIn(markdown).find((one) => one.command === command)!.output
  writeFileSync(path, markdown.slice(0, start) + stdout + markdown.slice(end))
}
