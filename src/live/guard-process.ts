/** The guard (guard.ts) running in its place. */
import { keepBeating } from './beat.ts'
import { guardScript } from './guard.ts'
import { type Place, startScript } from './place.ts'
import type { Plan } from './plan.ts'
import { LiveProblem } from './problem.ts'

export interface Guard {
  /** Tracing is on; rejects with LiveProblem where it could not be set up, and then nothing is left of it. */
  ready: Promise<void>
  /** Everything is taken back: because we asked, or because the deadline or something else ended it. */
  ended: Promise<void>
  /** Takes everything back. Rejects with LiveProblem where that cannot be told any more. */
  stop(): Promise<void>
}

/** Seconds that taking back may last. */
const PATIENCE = 30

export function startGuard(place: Place, plan: Plan): Guard {
  const running = startScript(place, guardScript(plan), plan.id)
  let said = ''
  let undone = false
  let stopBeating = () => {}
  const ready = new Promise<void>((resolve, reject) => {
    running.stdout.setEncoding?.('utf8')
    running.stdout.on('data', (text: string) => {
      said += text
      if (/^undone$/m.test(said)) undone = true
      if (!/^ready$/m.test(said)) return
      stopBeating = keepBeating(running.stdin)
      resolve()
    })
    running.ended.then(() => {
      const [, why] = /^failed (.*)$/m.exec(said) ?? []
      reject(
        new LiveProblem(`${place.name}: tracing could not be set up.`, why ?? (running.errors().trim() || undefined)),
      )
    }, reject)
  })
  ready.catch(() => {})
  const ended = running.ended.then(() => stopBeating())
  ended.catch(() => {})
  return {
    ready,
    ended,
    async stop() {
      stopBeating()
      running.stdin.end('stop\n')
      const late = setTimeout(() => running.kill(), PATIENCE * 1000)
      await running.ended.finally(() => clearTimeout(late))
      if (!undone)
        throw new LiveProblem(
          `${place.name}: the connection ended before it was told that everything was taken back.`,
          'It takes itself back within a minute; `nfwhy trace --cleanup` looks, and removes what may be left.',
        )
    },
  }
}
