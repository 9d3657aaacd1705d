/** Builds the repeat harness, runs it, and goes on behind what it does not survive. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { build } from 'rolldown'
import { ROOT } from '../docs/sources.ts'
import type { Work } from './repeat.ts'

/** For one attack: nothing that is linear takes so long. Milliseconds. */
const PATIENCE = 120_000

export interface Outcome {
  attacks: number
  /** `SUBJECT: ATTACK: PROBLEM` */
  problems: string[]
  slow: string[]
}

export async function buildHarness(folder: string): Promise<string> {
  await build({
    input: join(ROOT, 'test/hostile/repeat.ts'),
    platform: 'node',
    logLevel: 'silent',
    output: { file: join(folder, 'repeat.mjs'), format: 'esm', codeSplitting: false },
  })
  return join(folder, 'repeat.mjs')
}

/** `megabytes`: of JavaScript's memory, beyond which an input needs too much. */
export async function runHarness(
  program: string,
  work: Omit<Work, 'root' | 'from'>,
  megabytes: number,
  tell: (line: string) => void = () => {},
): Promise<Outcome> {
  const outcome: Outcome = { attacks: 0, problems: [], slow: [] }
  let [from, ended] = [0, false]
  const problem = (text: string) => {
    outcome.problems.push(text)
    tell(text)
  }
  while (!ended) {
    const args = [`--max-old-space-size=${megabytes}`, program, JSON.stringify({ ...work, root: ROOT, from })]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let [current, hangs, stderr] = ['', false, '']
    const giveUp = () => {
      hangs = true
      child.kill('SIGKILL')
    }
    let timer = setTimeout(giveUp, PATIENCE)
    child.stderr.on('data', (data) => {
      stderr = (stderr + data).slice(-2000)
    })
    const closed = new Promise((resolve) => child.on('close', resolve))
    for await (const line of createInterface({ input: child.stdout })) {
      clearTimeout(timer)
      timer = setTimeout(giveUp, PATIENCE)
      if (line === '.') ended = true
      else if (line.startsWith('! ')) problem(`${current}: ${line.slice(2)}`)
      else if (line.startsWith('# ')) outcome.slow.push(`${current}: ${line.slice(2)}`)
      else if (line.startsWith('@ ')) {
        const [, number = '', name = ''] = /^@ (\d+) (.*)$/.exec(line) ?? []
        from = Number(number) + 1
        current = name
        outcome.attacks++
      }
    }
    clearTimeout(timer)
    await closed
    if (ended) break
    const why = hangs
      ? 'hangs'
      : /out of memory/.test(stderr)
        ? `needs more than ${megabytes} MB`
        : `dies: ${stderr.slice(-600)}`
    problem(`${current}: ${why}`)
    // not the harness's own fault, again and again
    if (current === '') break
  }
  return outcome
}
