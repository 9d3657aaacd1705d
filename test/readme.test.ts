/**
 * What the pages show is what the command prints. A line of an `sh` block that begins with `npx nfwhy`, `npm ci && npx
 * nfwhy` or `node bin` is run; a `text` block right behind it holds what it prints. UPDATE_DOCS=1 npx vitest run test/readme.test.ts rewrites them.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { shell } from './cli/nfwhy.ts'
import { type Block, blocksOf } from './docs/markdown.ts'
import { rewriteShown, runShown, shownIn } from './docs/shown.ts'
import { ROOT } from './docs/sources.ts'

describe.each(['README.md', 'examples/README.md'])('%s', (page) => {
  const read = () => shownIn(readFileSync(join(ROOT, page), 'utf8'))

  test('shows runs', () => expect(read().length).toBeGreaterThan(0))

  test.each(read())('$command', async ({ command }) => {
    const { stdout, stderr, code } = await runShown(command)
    expect(stderr).toBe('')
    expect([0, 1]).toContain(code)
    if (process.env.UPDATE_DOCS) rewriteShown(page, command, stdout)
    expect(read().find((one) => one.command === command)!.output.text).toBe(stdout)
  })
})

test('the example of docs/library-example.md prints what stands behind it', () => {
  const blocks = blocksOf(readFileSync(join(ROOT, 'docs/library-example.md'), 'utf8'))
  const at = blocks.findIndex((block) => block.language === 'js')
  // in its own folder a package knows itself by its name
  const node = ['--input-type=module', '-e', blocks[at]!.text]
  const { stdout, stderr } = spawnSync('node', node, { cwd: ROOT, encoding: 'utf8' })
  expect(stderr).toBe('')
  expect(stdout).toBe(blocks[at + 1]!.text)
})

test('the example of docs/json.md prints what stands behind it', async () => {
  const path = join(ROOT, 'docs/json.md')
  const page = () => readFileSync(path, 'utf8')
  const at = blocksOf(page()).findIndex((block) => block.language === 'js')
  const [command, script] = blocksOf(page()).slice(at - 1, at + 1) as [Block, Block]
  const [first = ''] = command.text.trim().split(' | ')
  const { stdout: document } = await shell(`npx() { shift; nfwhy "$@"; }\n${first}`, { cwd: ROOT })
  const node = ['--input-type=module', '-e', script.text]
  const { stdout, stderr } = spawnSync('node', node, { cwd: ROOT, encoding: 'utf8', input: document })
  expect(stderr).toBe('')
  const { start, end } = blocksOf(page())[at + 1]!
  if (process.env.UPDATE_DOCS) writeFileSync(path, page().slice(0, start) + stdout + page().slice(end))
  expect(blocksOf(page())[at + 1]!.text).toBe(stdout)
})

describe('docs/options.md tells of', () => {
  const page = readFileSync(join(ROOT, 'docs/options.md'), 'utf8')

  const commands = async () => {
    const { stdout } = await shell('nfwhy --help')
    return [...stdout.matchAll(/^ {2}([a-z]+)(?: .*)?$/gm)].map((match) => match[1]!).filter((name) => name !== 'help')
  }

  test('every command', async () => {
    const names = await commands()
    expect(names.length).toBeGreaterThan(1)
    expect(names.filter((name) => !page.includes(`nfwhy ${name}`))).toEqual([])
  })

  test('every option, and no other', async () => {
    const { stdout } = await shell((await commands()).map((name) => `nfwhy ${name} --help`).join('\n'))
    const options = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map((match) => match[1]!)
    const told = [...page.matchAll(/`(--[a-z-]+)/g)].map((match) => match[1]!)
    expect([...new Set([...told, '--help'])].sort()).toEqual([...new Set(options)].sort())
  })
})

test('README.md fits on two screens', () =>
  expect(readFileSync(join(ROOT, 'README.md'), 'utf8').split('\n').length).toBeLessThanOrEqual(150))

test('every example is told of in examples/README.md, and every one that it tells of is there', () => {
  const folders = readdirSync(join(ROOT, 'examples'), { withFileTypes: true })
  const told = [...readFileSync(join(ROOT, 'examples/README.md'), 'utf8').matchAll(/^## (\S+)$/gm)]
  expect(told.map((match) => match[1]).sort()).toEqual(
    folders
      .filter((one) => one.isDirectory())
      .map((one) => one.name)
      .sort(),
  )
})
