/** A machine that lies (hostile-far-side.mjs), and whether anything of it still runs. */
import { randomInt } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { TraceHost } from '../../../src/live/trace-host.ts'
import type { WhenOver } from './place.ts'

const PROGRAM = fileURLToPath(new URL('./hostile-far-side.mjs', import.meta.url))

export interface FarSide {
  place: TraceHost
  /** For `--via`. */
  via: string
  /** Its processes, as this machine counts. */
  processes(): number[]
}

/** What is left of it when the test is over is ended. */
export function farSide(mode: string, whenOver: WhenOver): FarSide {
  const mark = `far-side-${process.pid}-${randomInt(1e9)}`
  const processes = () => processesWith(mark)
  whenOver(() => {
    for (const pid of processes()) process.kill(pid, 'SIGKILL')
  })
  const prefix = [process.execPath, PROGRAM, mode, mark]
  return { place: { name: mode, prefix }, via: prefix.join(' '), processes }
}

/** Only what the far side itself is: the words of `nfwhy --via` have the mark as well. */
function processesWith(mark: string): number[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return []
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
      return words[1] === PROGRAM && words.includes(mark) ? [Number(pid)] : []
    } catch {
      return []
    }
  })
}
