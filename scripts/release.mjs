/**
 * node scripts/release.mjs VERSION [--dry-run]: tries everything that a release has to hold, writes the version and the changelog's
 * heading, and makes dist.release/: the package, the one file, and their checksums. Commits nothing and publishes nothing: it prints
 * the commands that do. With --dry-run it only says what it would do, and what is in the way.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { released } from './changelog.mjs'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const [version = '', how] = process.argv.slice(2)
const OUT = 'dist.release'
const text = (path) => readFileSync(path, 'utf8')
const run = (...words) => execFileSync(words[0], words.slice(1), { stdio: 'inherit' })
const said = (...words) => execFileSync(words[0], words.slice(1), { encoding: 'utf8' }).trim()

const obstacles = []
const own = JSON.parse(text('package.json')).version
if (!/^\d+\.\d+\.\d+$/.test(version)) obstacles.push(`"${version}" is no version: give one like 0.2.0`)
else if (version.localeCompare(own, 'en', { numeric: true }) < 0)
  obstacles.push(`the package has ${own}, which is later`)
if (said('git', 'status', '--porcelain') !== '') obstacles.push('the work tree has changes')
let changelog
try {
  changelog = released(text('CHANGELOG.md'), version, new Date().toISOString().slice(0, 10))
} catch (error) {
  obstacles.push(error.message)
}

const STEPS = [
  ['all tests, nothing skipped', () => run('./scripts/test', '--strict')],
  ['the tests on other versions of Node', () => run('node', 'scripts/nodes.mjs', '--all')],
  ['version and changelog', writeVersion],
  ['build', () => run('npm', 'run', 'build')],
  [`${OUT}: package, one file, checksums`, pack],
]

function writeVersion() {
  run('npm', 'version', version, '--no-git-tag-version', '--allow-same-version')
  writeFileSync('CHANGELOG.md', changelog)
}

function pack() {
  rmSync(OUT, { recursive: true, force: true })
  mkdirSync(OUT)
  run('npm', 'pack', '--ignore-scripts', '--pack-destination', OUT)
  run('node', 'scripts/single.mjs', join(OUT, 'nfwhy'))
  const sums = readdirSync(OUT)
    .sort()
    .map(
      (name) =>
        `${createHash('sha256')
          .update(readFileSync(join(OUT, name)))
          .digest('hex')}  ${name}\n`,
    )
  writeFileSync(join(OUT, 'SHA256SUMS'), sums.join(''))
}

for (const obstacle of obstacles) process.stderr.write(`${obstacle}\n`)
if (how === '--dry-run') for (const [name] of STEPS) process.stdout.write(`would do: ${name}\n`)
else if (obstacles.length === 0) {
  for (const [name, act] of STEPS) {
    process.stdout.write(`\n== ${name}\n`)
    act()
  }
  const tag = `v${version}`
  process.stdout.write(
    `\nNow, by hand:\n  git commit -am 'Release ${version}' && git tag ${tag} && git push --follow-tags\n  npm publish ${OUT}/nfwhy-${version}.tgz\n`,
  )
}
process.exitCode = obstacles.length > 0 ? 1 : 0
