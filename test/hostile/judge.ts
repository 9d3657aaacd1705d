/**
 * Does twice the input take at most 2.5 times the time? Noise must not fail it: what counts is the least of several runs,
 * in processor time or on the clock, whichever is less; and only what is too long at two doublings in a row, each time
 * that it is measured, is said to be.
 */

const RATIO = 2.5
/** Shorter times are noise. Milliseconds. */
const FLOOR = 20
const ROUNDS = 5
/** Behind such a time nothing longer is tried. */
const LONG = 4000
const LEAST = 4096
/** Nothing takes so long that is linear. Nanoseconds for each byte. */
const SLOW = 50_000

export interface Verdict {
  problem?: string
  throws?: true
  /** Nanoseconds for each byte of the longest input. */
  perByte: number
}

type Run = (bytes: Buffer) => unknown
/** An input of about so many bytes. */
type Make = (size: number) => Buffer

/** What only a busy machine does does not come three times. */
const TRIES = 3

/** `most`: bytes of the longest. */
export function judge(run: Run, make: Make, most: number): Verdict {
  let verdict = judgeOnce(run, make, most)
  for (let again = 1; again < TRIES && verdict.problem !== undefined && !verdict.throws; again++)
    verdict = judgeOnce(run, make, most)
  return verdict
}

function judgeOnce(run: Run, make: Make, most: number): Verdict {
  let [strikes, perByte] = [0, 0]
  for (let size = LEAST; size <= most; ) {
    const bytes = make(size)
    let time: number
    try {
      time = timed(run, bytes)
    } catch (error) {
      return {
        problem: `throws at ${size} bytes: ${error instanceof Error ? shortStack(error) : error}`,
        perByte,
        throws: true,
      }
    }
    perByte = (time * 1e6) / bytes.length
    const ratio = time > FLOOR ? ratioAt(run, make, size) : 0
    strikes = ratio > RATIO ? strikes + 1 : 0
    const said = `${time.toFixed(0)} ms at ${size} bytes`
    if (strikes === 2) return { problem: `${ratio.toFixed(1)} times the time for twice the input: ${said}`, perByte }
    if (time > LONG) return strikes > 0 || perByte > SLOW ? { problem: said, perByte } : { perByte }
    // where even a square of it would be short
    size *= time < FLOOR / 8 && size * 4 <= most ? 4 : 2
  }
  return { perByte }
}

/**
 * The least of several rounds. A round is the half twice, and the whole: what else the machine does, and what it does to
 * caches and memory, meets both alike. The least times of all rounds are compared as well.
 */
function ratioAt(run: Run, make: Make, size: number): number {
  const [whole, half] = [make(size), make(size / 2)]
  let [least, leastOfHalf, ratio] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  for (let round = 0; round < ROUNDS && (round === 0 || ratio > RATIO); round++) {
    // the first makes both ready: what is not compiled yet takes longer
    const halves = [timed(run, half), timed(run, half)]
    const time = timed(run, whole)
    leastOfHalf = Math.min(leastOfHalf, ...halves)
    least = Math.min(least, time)
    const ofRound = (2 * time) / Math.max(halves[0]! + halves[1]!, 0.01)
    ratio = Math.min(
      round === 0 ? Number.POSITIVE_INFINITY : Math.min(ratio, ofRound),
      least / Math.max(leastOfHalf, 0.01),
    )
  }
  return ratio
}

function timed(run: Run, bytes: Buffer): number {
  const cpu = process.cpuUsage()
  const clock = performance.now()
  run(bytes)
  const wall = performance.now() - clock
  const { user, system } = process.cpuUsage(cpu)
  return Math.min(wall, (user + system) / 1000)
}

function shortStack({ message, stack = '' }: Error): string {
  const calls = stack.split('\n').filter((line) => /^\s+at /.test(line))
  return `${message.slice(0, 120)} ${calls
    .slice(0, 4)
    .map((line) => line.trim().replace(/\(.*\//, '('))
    .join(', ')}`
}
