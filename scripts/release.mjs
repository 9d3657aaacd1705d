/**
 * node scripts/release.mjs VERSION [--dry-run]: tries everything that a release has to hold, writes the version and the changelog's
 * heading, and makes dist.release/: the package, the one file, and their checksums. Commits nothing and publishes nothing: it prints
 * the commands that do. With --dry-run it only says what it would do, and what is in the way.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { released } from './changelog.mjs'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const words = process.argv.slice(2)
const isDry = words.includes('--dry-run')
const [version = '', ...others] = words.filter((word) => word !== '--dry-run')
const OUT = 'dist.release'
const text = (path) => readFileSync(path, 'utf8')
const run = (...words) => execFileSync(words[0], words.slice(1), { stdio: 'inherit' })
const said = (...words) => execFileSync(words[0], words.slice(1), { encoding: 'utf8' }).trim()

const obstacles = others.map((word) => `"${word}" means nothing here`)
const own = JSON.parse(text('package.json')).version
if (!/^\d+\.\d+\.\d+$/.test(version)) obstacles.push(`"${version}" is no version: give one like 0.2.0`)
else if (version.localeCompare(own, 'en', { numeric: true }) < 0)
  obstacles.push(`the package has ${own}, which is later`)
if (said('git', 'status', '--porcelain') !== '') obstacles.push('the work tree has changes')
if (said('git', 'tag', '--list', `v${version}`) !== '') obstacles.push(`the tag v${version} is there already`)
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
  ['the package, installed, and the one file say this version, and explain', tryMade],
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

/** In an empty folder, without optional packages. */
function tryMade() {
  const folder = mkdtempSync(join(tmpdir(), 'nfwhy-release-'))
  try {
    const tarball = resolve(OUT, `nfwhy-${version}.tgz`)
    run('npm', 'install', '--prefix', folder, '--offline', '--ignore-scripts', '--omit=optional', '--no-audit', tarball)
    const example = join(folder, 'node_modules/nfwhy/examples/nodeport-clash')
    for (const program of [join(folder, 'node_modules/.bin/nfwhy'), resolve(OUT, 'nfwhy')]) {
      if (said(program, '--version') !== version) throw new Error(`${program} is not ${version}`)
      // 1: it is explained, and a packet of it was dropped
      const { status, stdout } = spawnSync(program, ['explain', example, '-q'], { encoding: 'utf8' })
      if (status !== 1 || !stdout.includes('DROPPED')) throw new Error(`${program} does not explain ${example}`)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

for (const obstacle of obstacles) process.stderr.write(`${obstacle}\n`)
if (isDry) for (const [name] of STEPS) process.stdout.write(`would do: ${name}\n`)
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
