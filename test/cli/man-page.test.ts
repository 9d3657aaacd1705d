/** The manual page that the package brings, as man itself shows it. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT } from '../docs/sources.ts'
import { nfwhy } from './nfwhy.ts'

const PAGE = join(ROOT, 'dist/nfwhy.1')
const man = (...args: string[]) =>
  spawnSync('man', [...args, '-l', PAGE], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, LANG: 'C.UTF-8', MANWIDTH: '80', MAN_KEEP_FORMATTING: '', PAGER: 'cat' },
  })

describe.skipIf(man('--help').error)('the manual page', () => {
  it('is taken by man without a warning, within 80 columns', () => {
    const { stdout, stderr, status } = man('--warnings=w')
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
  })

  it('tells of every command and option what --help tells', async () => {
    const shown = plain(man().stdout)
    const { stdout } = await nfwhy(['--help'])
    const names = [...stdout.matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name!).filter((name) => name !== 'help')
    expect(names.length).toBeGreaterThan(10)
    for (const [i, name] of names.entries()) {
      const help = (await nfwhy([name, '--help'])).stdout
      const options = [...help.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, option]) => option!)
      expect(options).toContain('--help')
      const begins = (of = 'help') => shown.indexOf(` nfwhy ${of} `, shown.indexOf('COMMANDS'))
      const section = shown.slice(begins(name), begins(names[i + 1]))
      for (const option of options) expect(section).toContain(option)
    }
  })

  it('shows quotes and hyphens so that they can be copied', () => {
    expect(plain(man().stdout)).toContain("nfwhy trace --for 30s 'tcp dst port 80'")
    expect(readFileSync(PAGE, 'utf8')).not.toMatch(/^'/m)
  })
})

/** In one line, without what man breaks and hyphenates. */
const plain = (text: string): string => text.replace(/‐\n\s+/g, '').replace(/\s+/g, ' ')
