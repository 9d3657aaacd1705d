/**
 * A process that runs cases one after the other. Which one it is at stands in a file, so that who watches knows it also
 * when this process hangs or dies; what failed is told as a message.
 */
import { openSync, writeSync } from 'node:fs'
import { cpu } from '../cpu.ts'
import { type Case, kindOf, makeCase } from './case.ts'
import { trapInherited } from './judge-output.ts'
import { Room } from './room.ts'
import { failureOf, runCase } from './run-case.ts'
import { Seeds } from './seeds.ts'
import { shrink } from './shrink.ts'

/** Cases `from`, `from + step` … below `to`. */
interface Task {
  folders: string[]
  seed: number
  from: number
  step: number
  to: number
  /** Where the number of the case stands that runs. */
  progress: string
  /** Failures are known by signature: those need no smaller case any more. */
  shrinks: boolean
  /** The only kind of cases that is run. */
  only?: string
  /** How often one case is run, of which the quickest counts. */
  times: number
}

/** Bytes that this process may hold. */
const MOST = 1.5e9
const TRIES = 600
/** Milliseconds of CPU time that a case may take. */
const SLOW = 1000

const task = JSON.parse(process.argv[2]!) as Task
trapInherited()
const seeds = new Seeds(task.folders)
const room = new Room()
const progress = openSync(task.progress, 'w')
const kinds: Record<string, number> = {}
const seen = new Set<string>()
let now = task.from

const tell = (message: object) =>
  new Promise<void>((resolve) => {
    process.send!(message, undefined, {}, () => resolve())
  })

process.on('unhandledRejection', (error) => {
  const failure = failureOf('unhandled rejection', error)
  void tell({
    type: 'failure',
    number: now,
    failure: { ...failure, signature: `unhandled rejection: ${failure.signature}` },
  })
})

async function run(number: number): Promise<void> {
  if (task.only !== undefined && kindOf(task.seed, number) !== task.only) return
  const one = makeCase(seeds, task.seed, number)
  kinds[one.kind] = (kinds[one.kind] ?? 0) + 1
  const started = performance.now()
  const failure = await runCase(one, room)
  // asking for CPU time costs as much as some cases: only where the clock says that it was long
  if (performance.now() - started > SLOW || task.times > 1) await timeAgain(one, number)
  if (!failure) return
  const isNew = !seen.has(failure.signature)
  seen.add(failure.signature)
  const { signature } = failure
  const fails = async (smaller: typeof one) => (await runCase(smaller, room))?.signature === signature
  const small = isNew && task.shrinks ? await shrink(one, fails, TRIES) : undefined
  await tell({ type: 'failure', number, kind: one.kind, failure, ...(small ? { case: small } : {}) })
}

/** By CPU time, so that others who are busy do not count. */
async function timeAgain(one: Case, number: number): Promise<void> {
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < task.times && least > SLOW; i++) {
    const before = cpu()
    await runCase(one, room)
    least = Math.min(least, cpu() - before)
  }
  if (least > SLOW) await tell({ type: 'slow', number, kind: one.kind, milliseconds: Math.round(least), case: one })
}

const bytes = Buffer.alloc(8)
await tell({ type: 'ready', seeds: seeds.all.length })
for (now = task.from; now < task.to; now += task.step) {
  bytes.writeDoubleLE(now)
  writeSync(progress, bytes, 0, 8, 0)
  await run(now)
  if (now % 64 === 0 && process.memoryUsage.rss() > MOST) {
    await tell({ type: 'memory', number: now, bytes: process.memoryUsage.rss() })
    break
  }
}
room.close()
await tell({ type: 'done', next: now, kinds })
process.exit(0)
