/** What Tab gives, in the shells themselves: the script that nfwhy prints, sourced there. */
// @module-tag slow
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LATEST } from '../latest.ts'
import { BIN, nfwhy } from './nfwhy.ts'
import { typedInZsh, zshLine } from './zsh.ts'

const folder = mkdtempSync(join(tmpdir(), 'nfwhy-completion-'))
const env = { PATH: `${folder}:${process.env.PATH}`, HOME: folder, LANG: 'C.UTF-8', TERM: 'dumb' }
const has = (shell: string) => spawnSync(shell, ['-c', 'true']).status === 0

beforeAll(async () => {
  writeFileSync(join(folder, 'nfwhy'), `#!/bin/sh\nexec '${process.execPath}' '${BIN}' "$@"\n`)
  chmodSync(join(folder, 'nfwhy'), 0o755)
  writeFileSync(join(folder, 'trace-of-dmesg.txt'), '')
  for (const [shell, file] of [
    ['bash', 'nfwhy.bash'],
    ['zsh', '_nfwhy'],
    ['fish', 'nfwhy.fish'],
  ] as const)
    writeFileSync(join(folder, file), (await nfwhy(['completion', shell])).stdout)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const run = (shell: string, args: readonly string[], input = '') =>
  execFileSync(shell, args, { cwd: folder, env, input, encoding: 'utf8', stdio: 'pipe', timeout: LATEST })

/** The words as bash splits them, the last one not yet whole → what it would offer. */
function inBash(...words: string[]): string[] {
  const script = `source ./nfwhy.bash
compopt() { [[ $2 == nospace ]] || printf '(%s)\\n' "$2"; }
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _nfwhy nfwhy; printf '%s\\n' "\${COMPREPLY[@]}"`
  return run('bash', ['-c', script, 'bash', ...words])
    .split('\n')
    .filter((line) => line !== '')
}

describe('bash', () => {
  it('completes commands, options, values and filters', () => {
    expect(inBash('nfwhy', 'exp')).toEqual(['explain'])
    expect(inBash('nfwhy', 'explain', '--red')).toEqual(['--redact', '--redact-key'])
    expect(inBash('nfwhy', 'explain', '--color', 'a')).toEqual(['always', 'auto'])
    expect(inBash('nfwhy', 'explain', '--color', '=', 'n')).toEqual(['never'])
    expect(inBash('nfwhy', 'explain', '--color', '=')).toEqual(['always', 'never', 'auto'])
    expect(inBash('nfwhy', 'trace', 'tcp', 'dst', '')).toEqual(['port', 'portrange'])
    expect(inBash('nfwhy', 'explain', '--outcome', 'dropped,rej')).toEqual(['dropped,rejected'])
    expect(inBash('nfwhy', 'trace', '--backend', 'l')).toEqual(['legacy'])
  })

  it('completes paths itself where a file or a folder is asked for', () => {
    expect(inBash('nfwhy', 'explain', 'du')).toEqual(['(default)'])
    expect(inBash('nfwhy', 'explain', '--output', '')).toEqual(['(default)'])
    expect(inBash('nfwhy', 'trace', '--save', '')).toEqual(['(dirnames)'])
    expect(inBash('nfwhy', 'trace', '--rule', '')).toEqual([])
  })

  it('takes a quoted word for one, and runs nothing of what was typed', () => {
    expect(inBash('nfwhy', 'explain', '--filter', "'tcp port 80'", '--ndj')).toEqual(['--ndjson'])
    expect(inBash('nfwhy', 'explain', '$(touch evil)', '`touch evil`', '--ndj')).toEqual(['--ndjson'])
    expect(existsSync(join(folder, 'evil'))).toBe(false)
  })
})

const inZsh = (typed: string): string => zshLine(run('zsh', ['-f', '-c', typedInZsh(folder), 'zsh', typed]))

describe.skipIf(!has('zsh'))('zsh', () => {
  it('completes commands, options, values, filters and files', () => {
    expect(inZsh('nfwhy exp')).toBe('nfwhy explain ')
    expect(inZsh('nfwhy explain --redact-')).toBe('nfwhy explain --redact-key ')
    expect(inZsh('nfwhy explain --color al')).toBe('nfwhy explain --color always ')
    expect(inZsh('nfwhy explain --color=ne')).toBe('nfwhy explain --color=never ')
    expect(inZsh('nfwhy trace tcp dst portr')).toBe('nfwhy trace tcp dst portrange ')
    expect(inZsh('nfwhy explain --as nft-j')).toBe('nfwhy explain --as nft-json:')
    expect(inZsh('nfwhy explain trace-of')).toBe('nfwhy explain trace-of-dmesg.txt ')
  })
})

const inFish = (typed: string): string[] =>
  run('fish', ['--no-config', '-c', 'source nfwhy.fish; complete -C "$argv[1]"', typed])
    .split('\n')
    .filter((line) => line !== '')

describe.skipIf(!has('fish'))('fish', () => {
  it('completes commands, options, values, filters and files, with what they mean', () => {
    expect(inFish('nfwhy exp')).toEqual(['explain\texplain the path and the verdict of each packet in a capture'])
    expect(inFish('nfwhy explain --color=')).toEqual(['--color=always', '--color=auto', '--color=never'])
    expect(inFish('nfwhy trace tcp dst ')).toEqual(['port\tnumber or service', 'portrange\trange of ports'])
    expect(inFish('nfwhy explain trace-')).toEqual(['trace-of-dmesg.txt'])
    expect(inFish('nfwhy trace --rule ')).toEqual([])
  })
})

it('knows no other shell', async () => {
  const { code, stderr } = await nfwhy(['completion', 'tcsh'])
  expect(code).toBe(2)
  expect(stderr).toBe('nfwhy: nfwhy has no completion for "tcsh".\nIt has scripts for bash, zsh and fish.\n')
})
