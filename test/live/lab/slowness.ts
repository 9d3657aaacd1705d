/** How slow the machine is as a test runs: seconds that are asked of it are those of one that has nothing else to do. */
import { type ChildProcess, spawn } from 'node:child_process'
import type { WhenOver } from './place.ts'

/** Milliseconds of processor time, each half second. */
const WORK = 50
const MEASURES = `
let [times, took] = [0, 0]
setInterval(() => {
  const [used, from] = [process.cpuUsage(), performance.now()]
  const spent = () => {
    const { user, system } = process.cpuUsage(used)
    return user + system
  }
  while (spent() < ${WORK * 1000}) {}
  took += performance.now() - from
  console.log(took / ++times / ${WORK})
}, 500)
process.stdin.on('end', () => process.exit()).resume()
`

/** Measures until the test is over, or `end`. */
export class Slowness {
  private readonly child: ChildProcess
  private said = ''

  constructor(whenOver?: WhenOver) {
    this.child = spawn(process.execPath, ['-e', MEASURES], { stdio: ['pipe', 'pipe', 'ignore'] })
    this.child.stdout!.on('data', (data) => {
      this.said += data
    })
    whenOver?.(() => this.end())
  }

  /** How many times as long work has taken until now as on a processor that has nothing else to do; at least 1. */
  get now(): number {
    return Math.max(1, Number(this.said.trim().split('\n').at(-1)) || 1)
  }

  end(): void {
    this.child.stdin!.end()
  }
}

/** So many seconds from now, of a machine that has nothing else to do. */
export class Patience {
  private readonly slowness: Slowness
  private readonly began = Date.now()
  private readonly seconds: number

  constructor(seconds: number, whenOver?: WhenOver) {
    this.seconds = seconds
    this.slowness = new Slowness(whenOver)
  }

  get isOver(): boolean {
    return Date.now() - this.began > this.seconds * 1000 * this.slowness.now
  }

  end(): void {
    this.slowness.end()
  }
}
