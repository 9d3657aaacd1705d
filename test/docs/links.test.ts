/** Every page: files and headings that it links to, and paths that it names, are there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { blocksOf } from './markdown.ts'
import { ROOT } from './sources.ts'

const pages = [
  ...readdirSync(ROOT).filter((file) => file.endsWith('.md')),
  ...['docs', 'examples'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.md'))
      .map((file) => join(folder, file)),
  ),
]

/** As GitHub makes them: lower case, blanks to dashes, nothing else but letters and digits. */
const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

const read = (page: string): string => readFileSync(join(ROOT, page), 'utf8')

/** Without fenced blocks, whose text is not Markdown. */
function prose(page: string): string {
  const markdown = read(page)
  return blocksOf(markdown).reduceRight((text, { start, end }) => text.slice(0, start) + text.slice(end), markdown)
}

describe.each(pages)('%s', (page) => {
  test('links', () => {
    const targets = [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]!)
    const broken = targets.filter((target) => {
      if (/^https?:/.test(target)) return false
      const [path = '', heading] = target.split('#')
      const file = path === '' ? page : join(dirname(page), path)
      if (!existsSync(join(ROOT, file))) return true
      const headings = () => [...prose(file).matchAll(/^#+ (.+)$/gm)].map((match) => anchor(match[1]!))
      return heading !== undefined && !headings().includes(heading)
    })
    expect(broken).toEqual([])
  })

  test('paths', () => {
    const named = [...prose(page).matchAll(/`((?:src|test|fixtures|scripts|docs|examples|bench|bin)\/[^`\s]*)`/g)]
    // capitals stand for any name
    const paths = named.map((match) => match[1]!).filter((path) => !/\b(?:[A-Z]{4,})\b/.test(path))
    const planned = /\nPlanned: .*?\n## /s.exec(read(page))?.[0] ?? ''
    expect(paths.filter((path) => !existsSync(join(ROOT, path)) && !planned.includes(`\`${path}\``))).toEqual([])
  })
})
