import { spawn } from 'node:child_process'

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

/** How many times as long work takes, until it is asked for, as on a processor that has nothing else to do; at least 1. */
export function measureSlowness(): () => number {
  const child = spawn(process.execPath, ['-e', MEASURES], { stdio: ['pipe', 'pipe', 'ignore'] })
  let said = ''
  child.stdout.on('data', (data) => {
    said += data
  })
  return () => {
    child.stdin.end()
    return Math.max(1, Number(said.trim().split('\n').at(-1)) || 1)
  }
}
