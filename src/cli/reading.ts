/** How captures are read for a person at a terminal: with a line that says how far, until Ctrl-C. */
import type { RunOptions } from '../analysis/run.ts'
import { Progress } from './progress.ts'

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

export const readingOptions = (): Required<Pick<RunOptions, 'progress' | 'whileLive'>> => ({
  progress: new Progress(),
  // the first ends a capture that is still being written; the second, as always, the program
  whileLive(end) {
    for (const signal of SIGNALS) process.once(signal, end)
    return () => {
      for (const signal of SIGNALS) process.off(signal, end)
    }
  },
})
