/**
 * npm run nodes [-- --all | --few] [-- 22 24 26]: the tests on other versions of Node than the one that built dist/, from npm's packages of
 * Node. Those tests that Node's own parts matter for: the built command, its package, and the incidents; with --all the whole of
 * `unit` and `command`, with --few without those that run long. Those that run long are for the newest alone: what works there
 * and on the oldest, which builds, works between them.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const words = process.argv.slice(2)
const isAll = words.includes('--all')
const wanted = words.filter((word) => /^\d+$/.test(word))
const versions = wanted.length > 0 ? wanted : ['20', '22', '24', '26']
const CACHE = 'node_modules/.cache/nodes'
/** A folder that scripts/test reads them from. */
const REPORTS = process.env.NFWHY_REPORTS
const FEW = ['captures', 'installed', 'packed', 'stdin']
const LONG = ['archives', 'library', 'serve', 'single']
const isFew = words.includes('--few')
const testsOf = (version) => [
  ...[...FEW, ...(isFew || version !== versions.at(-1) ? [] : LONG)].map((name) => `test/cli/${name}.test.ts`),
  'test/incidents',
]

/** The folder of its program, fetched once; undefined: npm cannot be asked, or has it not. */
function fetched(version) {
  const folder = join(CACHE, version)
  const bin = join(folder, 'package/bin')
  if (!existsSync(bin)) {
    mkdirSync(folder, { recursive: true })
    const name = `node-${process.platform}-${process.arch}@${version}`
    const pack = ['pack', '--silent', '--pack-destination', folder, name]
    if (spawnSync('npm', pack, { stdio: ['ignore', 'ignore', 'inherit'] }).status !== 0) return undefined
    const [tarball] = readdirSync(folder).filter((one) => one.endsWith('.tgz'))
    execFileSync('tar', ['xzf', tarball, 'package/bin'], { cwd: folder })
    execFileSync('rm', [join(folder, tarball)])
  }
  return resolve(bin)
}

let failed = false
for (const version of versions) {
  if (version === process.versions.node.split('.')[0]) continue
  const bin = fetched(version)
  if (bin === undefined) {
    process.stdout.write(`Node ${version} is NOT tried: npm did not fetch it.\n`)
    // a release says that it works there
    failed ||= isAll
    continue
  }
  const env = {
    ...process.env,
    PATH: bin + delimiter + process.env.PATH,
    NFWHY_OTHER_NODE: version,
    NFWHY_SHARE: isAll ? '0.2' : '0.02',
  }
  const node = join(bin, 'node')
  process.stdout.write(`Node ${execFileSync(node, ['--version'], { encoding: 'utf8' })}`)
  const args = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'unit', '--project', 'command', '--silent=true']
  if (REPORTS) args.push('--reporter=default', '--reporter=json', `--outputFile.json=${REPORTS}/node-${version}.json`)
  const child = spawn(node, [...args, ...(isAll ? [] : testsOf(version))], { env, stdio: 'inherit' })
  const end = () => {
    child.kill()
    process.exit(1)
  }
  process.once('SIGTERM', end)
  const [status] = await once(child, 'exit')
  process.off('SIGTERM', end)
  failed ||= status !== 0
}
process.exitCode = failed ? 1 : 0
