/** Builds the command for the tests that run it, where its sources are newer than dist/. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

export function setup(): void {
  const built = join(ROOT, 'dist/cli.cjs')
  if (existsSync(built) && statSync(built).mtimeMs > newestSource()) return
  // beside it first: another run may be using the old one
  const fresh = join(ROOT, `tmp/dist-${process.pid}`)
  mkdirSync(join(ROOT, 'tmp'), { recursive: true })
  const { status, stdout, stderr } = spawnSync('node', ['scripts/build.mjs', fresh], { cwd: ROOT, encoding: 'utf8' })
  // wrong types are npm run check's to tell
  if (status !== 0 && !existsSync(join(fresh, 'cli.cjs')))
    throw new Error(`scripts/build.mjs failed:\n${stdout}${stderr}`)
  const dist = join(ROOT, 'dist')
  const old = `${fresh}-old`
  if (existsSync(dist)) renameSync(dist, old)
  renameSync(fresh, dist)
  rmSync(old, { recursive: true, force: true })
}

/** Milliseconds since 1970. */
function newestSource(): number {
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
  return Math.max(
    ...[...sources, join(ROOT, 'package.json'), join(ROOT, 'scripts/build.mjs')].map((file) => statSync(file).mtimeMs),
  )
}
