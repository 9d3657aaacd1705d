/**
 * npm run kills [-- --runs N] [-- --seed N]: as root, kills N sessions in throw-away namespaces, over all ways to trace,
 * and prints what stayed. Half of them with all of their processes at once, by the kernel (cgroup.kill) where it can.
 */
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '200' }, seed: { type: 'string', default: String(Date.now() % 1e6) } },
})
process.stdout.write(`${values.runs} kills from seed ${values.seed}\n`)
const { status } = spawnSync(
  'npx',
  ['--no-install', 'vitest', 'run', 'test/live/killed-at-once.test.ts', '-t', 'kills from seed'],
  { stdio: 'inherit', env: { ...process.env, NFWHY_KILLS_RUNS: values.runs, NFWHY_KILLS_SEED: values.seed } },
)
process.exitCode = status ?? 1
