/**
 * node bench/builds.mjs FOLDER OTHER [RUNS] [MEGABYTES]: what a change of the build is worth. Each is nfwhy's folder (bin/,
 * dist/); they run in turn, and what counts is the median of processor time, the first as a part of the other.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const [one = '.', other, runs = '9', megabytes = '100'] = process.argv.slice(2)
if (other === undefined) {
  process.stderr.write('node bench/builds.mjs FOLDER OTHER [RUNS] [MEGABYTES]\n')
  process.exit(2)
}
const folders = [resolve(one), resolve(other)]
process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const log = `tmp/bench/trace-${megabytes}.log`
if (!existsSync(log)) {
  mkdirSync('tmp/bench', { recursive: true })
  spawnSync('node', ['bench/make-trace.mjs', log, megabytes], { stdio: 'ignore' })
}

// what this machine has Node load before any program (certificates take 30 ms) is no part of ours
const { NODE_OPTIONS, NODE_EXTRA_CA_CERTS, ...env } = process.env

/** Milliseconds of processor time, user's and system's. */
function cpuOf(folder, args) {
  const script = `TIMEFORMAT='%3U %3S'; time node "$@" >/dev/null 2>&1`
  const { stderr } = spawnSync('bash', ['-c', script, 'bash', `${folder}/bin/nfwhy.js`, ...args], {
    env: { ...env, LC_ALL: 'C' },
    encoding: 'utf8',
  })
  const [user, system] = stderr.trim().split(' ').map(Number)
  return (user + system) * 1000
}

const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)]

/** Short ones more often. */
const commands = {
  '--version': [['--version'], 5],
  'explain an example': [['explain', 'examples/nodeport-clash'], 3],
  [`explain ${megabytes} MB`]: [['explain', log, 'examples/nodeport-clash/rules.v4'], 1],
}
for (const [name, [args, times]] of Object.entries(commands)) {
  const taken = folders.map(() => [])
  for (let run = 0; run <= Number(runs) * times; run++)
    for (const [i, folder] of folders.entries()) {
      const cpu = cpuOf(folder, args)
      // the first brings its files into memory
      if (run > 0) taken[i].push(cpu)
    }
  const [a, b] = taken.map(median)
  const ofEach = median(taken[0].map((cpu, i) => cpu / taken[1][i]))
  process.stdout.write(
    `${name.padEnd(20)} ${a.toFixed(0)} ms and ${b.toFixed(0)} ms, ${(a / b).toFixed(3)} times; run by run ${ofEach.toFixed(3)}\n`,
  )
}
