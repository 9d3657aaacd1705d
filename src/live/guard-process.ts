/** The guard (guard.ts) running in its place. */

import { cleanUp } from './cleanup.ts'
import { guardScript } from './guard.ts'
import { type Heartbeat, keepHeartbeat, SILENCE } from './heartbeat.ts'
import { GUARD, SCRIPT } from './limits.ts'
import type { Plan } from './plan.ts'
import { LiveProblem } from './problem.ts'
import { startScript, type TraceHost } from './trace-host.ts'

export interface Guard {
  /** Tracing is on; rejects with LiveProblem where it could not be set up, and then nothing is left of it. */
  ready: Promise<void>
  /** No note could be written there of what it changes. */
  readonly isUnnoted: boolean
  /** Everything is taken back: because we asked, or by the deadline. Rejects with LiveProblem where it was ended there. */
  ended: Promise<void>
  /** Takes everything back. Rejects with LiveProblem where that cannot be told any more. */
  stop(): Promise<void>
}

/** Where nothing was ever heard from there: milliseconds, and then as many for the connection to end. */
const PATIENCE_UNHEARD = 400

export function startGuard(place: TraceHost, plan: Plan, limits = GUARD): Guard {
  const running = startScript(place, guardScript(plan), plan.id)
  let said = ''
  let stopping = false
  let heartbeat: Heartbeat | undefined
  let isLost = false
  let begun = false
  let isUnnoted = false
  const undone = new Promise<void>((resolve) => {
    running.stdout.setEncoding?.('utf8')
    running.stdout.on('data', (text: string) => {
      heartbeat?.heard()
      if (text === 'here\n') return
      // its last words count, its first are known by then
      said += text
      begun ||= /^begun$/m.test(said)
      isUnnoted ||= /^unnoted$/m.test(said)
      // a process that it needs was killed there
      if (/^ending$/m.test(said)) running.stdin.end()
      said = said.slice(-limits.words)
      if (UNDONE.test(said)) resolve()
    })
  })
  let lose = () => {}
  const lost = new Promise<never>((_, reject) => {
    lose = () => {
      isLost = true
      reject(
        new LiveProblem(
          `${place.name}: no data came from there for ${SILENCE} s.`,
          'If the connection is lost, the clean-up there has run by itself by now; `nfwhy trace --cleanup` checks it.',
        ),
      )
    }
  })
  const ready = new Promise<void>((resolve, reject) => {
    const late = setTimeout(
      () =>
        reject(
          new LiveProblem(`${place.name}: tracing was not set up within ${limits.beginning} s.`, running.complaints()),
        ),
      limits.beginning * 1000,
    )
    const look = () => {
      if (!/^ready$/m.test(said)) return
      running.stdout.off('data', look)
      clearTimeout(late)
      heartbeat = keepHeartbeat(running.stdin, lose)
      resolve()
    }
    running.stdout.on('data', look)
    running.ended
      .finally(() => clearTimeout(late))
      .then(() => {
        const [, why] = /^failed (.*)$/m.exec(said) ?? []
        reject(new LiveProblem(`${place.name}: tracing could not be set up.`, why ?? running.complaints()))
      }, reject)
  })
  ready.catch(() => {})
  const ended = Promise.race([running.ended, undone, lost]).then(() => {
    heartbeat?.stop()
    // whoever is left there has nothing to hold any more
    running.stdin.end()
    if (stopping || /^undone at the deadline$/m.test(said)) return
    if (UNDONE.test(said))
      throw new LiveProblem(
        `${place.name}: tracing ended too early, and everything was restored.`,
        'The shell of nfwhy or its nft -i was killed there, or heard nothing from nfwhy for too long.',
      )
  })
  ended.catch(() => {})
  return {
    ready,
    get isUnnoted() {
      return isUnnoted
    },
    ended,
    async stop() {
      stopping = true
      heartbeat?.stop()
      running.stdin.end('stop\n')
      const patience = isLost ? 0 : begun ? limits.undoing * 1000 : PATIENCE_UNHEARD
      const late = setTimeout(() => running.kill(), patience)
      // its end of input is all that a connection which hangs can still be told; what may hold something is not ended by force
      const gone = Promise.race([
        running.ended,
        after(begun ? patience + limits.lastWords * 1000 : 2 * PATIENCE_UNHEARD),
      ])
      await gone.finally(() => clearTimeout(late))
      running.letGo()
      if (/^not undone$/m.test(said))
        throw new LiveProblem(
          `${place.name}: not everything could be restored.`,
          '`nfwhy trace --cleanup` finds and removes what is left.',
        )
      if (!UNDONE.test(said) && begun && !isLost && (await restoredFromHere(place, plan.id, limits.fromHere)))
        throw new LiveProblem(
          `${place.name}: tracing ended too early: all shells of nfwhy were killed there.`,
          'nfwhy has restored what they had changed.',
        )
      if (!UNDONE.test(said))
        throw new LiveProblem(
          `${place.name}: the connection ended before the clean-up was confirmed.`,
          'The clean-up there runs by itself within a minute; `nfwhy trace --cleanup` finds and removes what may be left.',
        )
    },
  }
}

/** False where somebody over there still does it, or nobody answers. */
async function restoredFromHere(place: TraceHost, id: string, seconds: number): Promise<boolean> {
  try {
    const { failures, running, stays } = await cleanUp(place, id, { ...SCRIPT, seconds })
    return failures.length + running.length + stays.length === 0
  } catch {
    return false
  }
}

const after = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref()
  })

const UNDONE = /^undone(?: at the deadline)?$/m
