/**
 * npm run fuzz:kernel [-- CASES [SEED]]: the differential tests over many new cases, as root. The suite itself runs a
 * bounded share from a fixed seed, so that what it says does not change from run to run.
 */
import { spawnSync } from 'node:child_process'

const [cases = '20000', seed = String(Math.floor(Math.random() * 1e9))] = process.argv.slice(2)
process.stdout.write(`${cases} cases from seed ${seed}\n`)
const { status } = spawnSync(
  'npx',
  [
    '--no-install',
    'vitest',
    'run',
    'test/kernel/simulate.test.ts',
    'test/kernel/explained-traces.test.ts',
    'test/kernel/nft-random.test.ts',
  ],
  {
    stdio: 'inherit',
    env: { ...process.env, NFWHY_KERNEL_CASES: cases, NFWHY_KERNEL_SEED: seed },
  },
)
process.exitCode = status ?? 1
