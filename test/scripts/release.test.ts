/** What is in the way of a release; and that what it would do is said alone. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ROOT } from '../docs/sources.ts'

const release = (...words: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, 'scripts/release.mjs'), ...words], {
    encoding: 'utf8',
  })
  return { status, stdout, stderr: stderr.trim().split('\n') }
}
const OWN = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version

const hasGit = existsSync(join(ROOT, '.git'))

it.skipIf(!hasGit)('tries all tests and versions of Node, and what it has made, before it says how to publish', () => {
  const { stdout } = release('999.0.0', '--dry-run')
  expect(stdout.trim().split('\n')).toEqual([
    'would do: all tests, nothing skipped',
    'would do: the tests on other versions of Node',
    'would do: version and changelog',
    'would do: build',
    'would do: dist.release: package, one file, checksums',
    'would do: the package, installed, and the one file say this version, and explain',
  ])
  expect(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version).toBe(OWN)
})

it.skipIf(!hasGit).each([
  [['0.0.1', '--dry-run'], `the package has ${OWN}, which is later`],
  [['--dry-run'], '"" is no version: give one like 0.2.0'],
  [['--dry-run', 'v1'], '"v1" is no version: give one like 0.2.0'],
  [['0.0.1', '--dryrun'], '"--dryrun" means nothing here'],
])('%j has something in its way', (words, obstacle) => {
  const { status, stderr, stdout } = release(...words)
  expect(status).toBe(1)
  expect(stderr).toContain(obstacle)
  expect(stdout).not.toContain('==')
})
