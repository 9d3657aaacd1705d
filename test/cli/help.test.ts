import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { nfwhy } from './nfwhy.ts'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))

/** Every command with its first line of help. */
const COMMANDS = [
  ['explain', 'Usage: nfwhy explain [options] [INPUT...]'],
  ['compare', 'Usage: nfwhy compare [options] INPUT... A B'],
] as const

function expectTidy(text: string): void {
  expect(text.endsWith('\n')).toBe(true)
  for (const line of text.split('\n')) {
    expect(line).toBe(line.trimEnd())
    expect([...line].length, line).toBeLessThanOrEqual(80)
  }
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
    const listed = [...long.stdout.matchAll(/^ {2}([a-z]+) .*\S/gm)].map(([, name]) => name)
    expect(listed).toEqual([...COMMANDS.map(([name]) => name), 'help'])
  })

  test('is shown for nfwhy alone, which is no success', async () => {
    const alone = await nfwhy([])
    expect(alone).toEqual({ code: 2, stdout: '', stderr: (await nfwhy(['--help'])).stdout })
  })

  test.each(COMMANDS)('of %s', async (name, usage) => {
    const [long, short, word] = await Promise.all([nfwhy([name, '--help']), nfwhy([name, '-h']), nfwhy(['help', name])])
    expect(long).toMatchObject({ code: 0, stderr: '' })
    expect(short).toEqual(long)
    expect(word).toEqual(long)
    expectTidy(long.stdout)
    expect(long.stdout.split('\n')[0]).toBe(usage)
    // paragraphs are wrapped by whoever prints them: a line that stops half-way was wrapped twice
    const [, description = ''] = long.stdout.split('\n\n')
    const lines = description.split('\n')
    for (const [i, line] of lines.slice(0, -1).entries())
      if (/[a-z,]$/.test(line)) expect(`${line} ${lines[i + 1]!.split(' ')[0]}`.length).toBeGreaterThan(80)
  })

  test('of a command that does not exist', async () => {
    expect(await nfwhy(['help', 'nosuch'])).toMatchObject({ code: 2, stdout: '' })
  })
})
