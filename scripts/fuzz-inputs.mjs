/**
 * npm run fuzz:inputs -- [--cases N] [--seed S] [--jobs J] [--seeds FOLDER]… [--case NUMBER] [--only KIND] [--out FOLDER]
 *
 * Damaged and hostile inputs through all of the program: what is read, explained, simulated, compared, told in every form
 * and redacted. Nothing may throw, take more than a second or much memory, or break what reports promise
 * (test/hostile/judge.ts). Seeds are the fixtures and examples, what NFWHY_CORPUS names, and folders of --seeds.
 * A case is told by the seed and its number alone. Ends with 1 where something failed; what failed lies in --out, made
 * small. `--case NUMBER` runs that one again; `--only KIND` passes over cases of other kinds (test/hostile/case.ts).
 */
import { fork } from 'node:child_process'
import { mkdirSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'rolldown'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '20000' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    jobs: { type: 'string', default: '2' },
    seeds: { type: 'string', multiple: true, default: [] },
    case: { type: 'string' },
    only: { type: 'string' },
    from: { type: 'string', default: '0' },
    out: { type: 'string' },
  },
})
const seed = Number(values.seed)
const jobs = Number(values.jobs)
const first = Number(values.case ?? values.from)
const end = first + (values.case === undefined ? Number(values.cases) : 1)
const corpus = process.env.NFWHY_CORPUS
const folders = ['fixtures', 'examples', ...(corpus ? [corpus] : []), ...values.seeds]

/** Milliseconds that a case may hang, by the clock: it is run again alone before it counts. */
const HANGS = 20_000
const HANGS_ALONE = 60_000
/** Megabytes of a worker's heap. */
const HEAP = 768
/** Of a failure's signature: more of the same are only counted. */
const failures = new Map()
const kinds = {}
/** Cases to be run again alone. */
const suspects = new Map()

const folder = mkdtempSync(join(tmpdir(), 'nfwhy-fuzz-'))
const out = values.out ?? join(tmpdir(), `nfwhy-fuzz-failures-${seed}`)
await build({
  input: { worker: 'test/hostile/worker.ts' },
  platform: 'node',
  output: { dir: folder, format: 'esm', codeSplitting: false, entryFileNames: '[name].mjs' },
})

const say = (text) => process.stdout.write(`${text}\n`)
const command = (number) => `npm run fuzz:inputs -- --seed ${seed} --case ${number}`

function note({ number, kind, failure, case: small }) {
  const known = failures.get(failure.signature)
  if (known) {
    known.count++
    known.small ??= small
    return
  }
  failures.set(failure.signature, { count: 1, number, kind, detail: failure.detail, small })
  say(`FAIL ${failure.signature}\n     ${command(number)}`)
}

/** Resolves with the case that comes next, and why the worker ended. */
function work({ from, step, to, times = 1, patience = HANGS, onSlow }) {
  const progress = join(folder, `progress-${from}-${Math.random()}`)
  writeFileSync(progress, Buffer.alloc(8))
  const task = { folders, seed, from, step, to, progress, only: values.only, shrinks: true, times }
  const child = fork(join(folder, 'worker.mjs'), [JSON.stringify(task)], {
    execArgv: [`--max-old-space-size=${HEAP}`, '--max-semi-space-size=64', '--stack-trace-limit=12'],
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  })
  let stderr = ''
  child.stderr.on('data', (text) => {
    stderr = (stderr + text).slice(-4000)
  })
  const fd = openSync(progress, 'r')
  const bytes = Buffer.alloc(8)
  const at = () => {
    readSync(fd, bytes, 0, 8, 0)
    return Math.max(from, bytes.readDoubleLE())
  }
  return new Promise((resolve) => {
    let [last, since, ready, ended] = [-1, Date.now(), false, undefined]
    const watch = setInterval(() => {
      const now = at()
      if (!ready || now !== last) [last, since] = [now, Date.now()]
      else if (Date.now() - since > patience) {
        ended = { why: 'hangs', number: now }
        child.kill('SIGKILL')
      }
    }, 250)
    child.on('message', (message) => {
      since = Date.now()
      if (message.type === 'ready') ready = true
      else if (message.type === 'failure') note(message)
      else if (message.type === 'slow') onSlow(message)
      else if (message.type === 'memory')
        ended = { why: 'memory', number: message.number, detail: `${message.bytes} bytes` }
      else if (message.type === 'done') {
        for (const [kind, count] of Object.entries(message.kinds)) kinds[kind] = (kinds[kind] ?? 0) + count
        ended ??= { why: 'done', number: message.next }
      }
    })
    child.on('exit', (code, signal) => {
      clearInterval(watch)
      resolve(ended ?? { why: 'died', number: at(), detail: `exit ${code ?? signal}\n${stderr}` })
    })
  })
}

/** One residue of all cases after the other; a worker that hangs or dies is followed by the next. */
async function job(residue) {
  for (let from = first + residue; from < end; ) {
    const { why, number, detail } = await work({
      from,
      step: jobs,
      to: end,
      onSlow: ({ number, kind, milliseconds, case: one }) =>
        suspects.set(number, { why: `took ${milliseconds} ms`, kind, case: one }),
    })
    if (why === 'done') return
    suspects.set(number, { why, detail })
    from = number + jobs
  }
}

/** Alone, and the best of three times: then noise is no failure. */
async function alone(number, { why, detail }) {
  let slow
  const ended = await work({
    from: number,
    step: 1,
    to: number + 1,
    times: 3,
    patience: HANGS_ALONE,
    onSlow: (message) => {
      slow = message
    },
  })
  if (ended.why !== 'done')
    note({
      number,
      kind: why,
      failure: { signature: `case ${ended.why}`, detail: `case ${number}\n${ended.detail ?? detail ?? ''}` },
    })
  else if (slow)
    note({
      number,
      kind: slow.kind,
      failure: { signature: `slow ${slow.kind} ${number}`, detail: `${slow.milliseconds} ms` },
      case: slow.case,
    })
  else if (why === 'memory') note({ number, kind: why, failure: { signature: 'memory grows', detail } })
}

const started = Date.now()
const told = setInterval(() => {
  const seconds = Math.round((Date.now() - started) / 1000)
  if (process.stderr.isTTY)
    process.stderr.write(`\r${seconds} s, ${failures.size} kinds of failures, ${suspects.size} to be looked at alone`)
}, 1000)
await Promise.all(Array.from({ length: jobs }, (_, i) => job(i)))
clearInterval(told)
const seconds = (Date.now() - started) / 1000
for (const [number, why] of suspects) await alone(number, why)
rmSync(folder, { recursive: true, force: true })

const ran = end - first
say(
  `${ran} cases from seed ${seed} in ${seconds.toFixed(1)} s (${Math.round(ran / seconds)} a second); ` +
    Object.entries(kinds)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([kind, count]) => `${kind} ${count}`)
      .join(', '),
)
if (failures.size > 0) mkdirSync(out, { recursive: true })
let index = 0
for (const [signature, { count, number, kind, detail, small }] of failures) {
  const file = join(out, `${++index}.json`)
  writeFileSync(file, JSON.stringify({ signature, count, number, kind, detail, case: small }, null, 1))
  say(`${count} × ${signature}\n  ${command(number)}\n  ${file}`)
}
process.exitCode = failures.size > 0 ? 1 : 0
