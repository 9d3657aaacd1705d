import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { BIN, folder, nfwhy, shell } from './nfwhy.ts'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))

function expectTidy(text: string): void {
  expect(text.endsWith('\n')).toBe(true)
  for (const line of text.split('\n')) {
    expect(line).toBe(line.trimEnd())
    expect([...line].length, line).toBeLessThanOrEqual(80)
  }
}

const commandsOf = (help: string) => [...help.matchAll(/^ {2}([a-z]+) .*\S/gm)].map(([, name]) => name!)

async function judgeHelp(name: string): Promise<void> {
  const [long, short, word] = await Promise.all([nfwhy([name, '--help']), nfwhy([name, '-h']), nfwhy(['help', name])])
  expect(long).toMatchObject({ code: 0, stderr: '' })
  expect(short).toEqual(long)
  expect(word).toEqual(long)
  expectTidy(long.stdout)
  expect(long.stdout).not.toMatch(/default: \{/)
  expect(long.stdout).toMatch(new RegExp(`^Usage: nfwhy ${name} \\[options\\]`))
  // paragraphs are wrapped by whoever prints them: a line that stops half-way was wrapped twice
  const [, description = ''] = long.stdout.split('\n\n')
  const lines = description.split('\n')
  for (const [i, line] of lines.slice(0, -1).entries())
    if (/[a-z,]$/.test(line)) expect(`${line} ${lines[i + 1]!.split(' ')[0]}`.length, line).toBeGreaterThan(80)
}

test.each(['--version', '-V'])('%s', async (option) => {
  expect(await nfwhy([option])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
})

describe('help', () => {
  test('of nfwhy names every command', async () => {
    const [long, short, word] = await Promise.all([nfwhy(['--help']), nfwhy(['-h']), nfwhy(['help'])])
    expect(long).toMatchObject({ code: 0, stderr: '' })
    expect(short).toEqual(long)
    expect(word).toEqual(long)
    expectTidy(long.stdout)
    expect(long.stdout).toMatch(/^Usage: nfwhy \[options\] \[command\]\n\nWhy did netfilter do that to my packet\?\n/)
    const listed = commandsOf(long.stdout)
    expect(listed.slice(0, 2)).toEqual(['explain', 'trace'])
    expect(listed.at(-1)).toBe('help')
  })

  test('is shown for nfwhy alone, which is no success', async () => {
    const alone = await nfwhy([])
    expect(alone).toEqual({ code: 2, stdout: '', stderr: (await nfwhy(['--help'])).stdout })
  })

  test('of every command', { tags: ['slow'] }, async () => {
    for (const name of commandsOf((await nfwhy(['--help'])).stdout).slice(0, -1)) await judgeHelp(name)
  })

  test('of a finding code, and of a status', async () => {
    for (const code of ['near-miss', 'reply-lost']) {
      const page = await nfwhy(['help', code])
      expect(page).toMatchObject({ code: 0, stderr: '' })
      expectTidy(page.stdout)
      expect(page.stdout).toMatch(new RegExp(`^${code}: .*\n\nWHAT IT MEANS\n`))
      expect(page.stdout).toContain('\nWHAT TO DO\n')
    }
  })

  test('lists all codes', async () => {
    const { code, stdout } = await nfwhy(['help', 'codes'])
    expect(code).toBe(0)
    expectTidy(stdout)
    expect(stdout).toMatch(/^answered: /m)
    expect(stdout).toMatch(/^near-miss: /m)
  })

  test.each([
    ['nosuch', 'nfwhy help codes lists all codes.'],
    ['explian', 'Perhaps: explain'],
    ['near-mis', 'Perhaps: near-miss'],
    ['Near-Miss', 'Perhaps: near-miss'],
    ['dnat', 'Perhaps: dnat-changed-destination, dnat-mismatch, dnat-of-others, dnat-skipped'],
    ['../json', 'nfwhy help codes lists all codes.'],
  ])('of %s, which is none', async (name, hint) => {
    expect(await nfwhy(['help', name])).toEqual({
      code: 2,
      stdout: '',
      stderr: `nfwhy: "${name}" is not a command, a finding code or a status.\n${hint}\n`,
    })
  })
})

test('before it is built, it says how to build it', async () => {
  const cwd = folder({
    'bin/nfwhy.js': readFileSync(BIN),
    'bin/load.js': readFileSync(BIN.replace('nfwhy.js', 'load.js')),
  })
  expect(await shell(`'${process.execPath}' bin/nfwhy.js explain`, { cwd })).toEqual({
    code: 2,
    stdout: '',
    stderr: 'nfwhy is not built yet: run `npm ci` (or `npm run build`) in its folder.\n',
  })
})
