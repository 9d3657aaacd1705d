/** The guard (guard.ts) running in its place. */
import { type Beat, keepBeating, SILENCE } from './beat.ts'
import { cleanUp } from './cleanup.ts'
import { guardScript } from './guard.ts'
import { type Place, startScript } from './place.ts'
import type { Plan } from './plan.ts'
import { LiveProblem } from './problem.ts'

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

/** Seconds that taking back may last. */
const PATIENCE = 30
/** Seconds that restoring from here may last, where nobody is left to do it over there. */
const FROM_HERE = 15
/** The same as PATIENCE, where nothing was ever heard from there: milliseconds, and then as many for the connection to end. */
const PATIENCE_UNHEARD = 400

export function startGuard(place: Place, plan: Plan): Guard {
  const running = startScript(place, guardScript(plan), plan.id)
  let said = ''
  let stopping = false
  let beat: Beat | undefined
  let isLost = false
  const undone = new Promise<void>((resolve) => {
    running.stdout.setEncoding?.('utf8')
    running.stdout.on('data', (text: string) => {
      if (text !== 'here\n') said += text
      beat?.heard()
      // a process that it needs was killed there
      if (/^ending$/m.test(said)) running.stdin.end()
      if (UNDONE.test(said)) resolve()
    })
  })
  let lose = () => {}
  const lost = new Promise<never>((_, reject) => {
    lose = () => {
      isLost = true
      reject(
        new LiveProblem(
          `${place.name}: nothing has been heard from there for ${SILENCE} s.`,
          'Where the connection is lost, it takes everything back by itself by now; `nfwhy trace --cleanup` looks.',
        ),
      )
    }
  })
  const ready = new Promise<void>((resolve, reject) => {
    const look = () => {
      if (!/^ready$/m.test(said)) return
      running.stdout.off('data', look)
      beat = keepBeating(running.stdin, lose)
      resolve()
    }
    running.stdout.on('data', look)
    running.ended.then(() => {
      const [, why] = /^failed (.*)$/m.exec(said) ?? []
      reject(
        new LiveProblem(`${place.name}: tracing could not be set up.`, why ?? (running.errors().trim() || undefined)),
      )
    }, reject)
  })
  ready.catch(() => {})
  const ended = Promise.race([running.ended, undone, lost]).then(() => {
    beat?.stop()
    // whoever is left there has nothing to hold any more
    running.stdin.end()
    if (stopping || /^undone at the deadline$/m.test(said)) return
    if (UNDONE.test(said))
      throw new LiveProblem(
        `${place.name}: tracing was ended over there, and everything was taken back.`,
        'Its shell or nft -i was killed there, or nothing was heard from here for too long.',
      )
  })
  ended.catch(() => {})
  return {
    ready,
    get isUnnoted() {
      return /^unnoted$/m.test(said)
    },
    ended,
    async stop() {
      stopping = true
      beat?.stop()
      running.stdin.end('stop\n')
      const begun = /^begun$/m.test(said)
      const late = setTimeout(() => running.kill(), isLost ? 0 : begun ? PATIENCE * 1000 : PATIENCE_UNHEARD)
      // its end of input is all that a connection which hangs can still be told; it is not ended by force, as it may hold something
      const gone = begun ? running.ended : Promise.race([running.ended, after(2 * PATIENCE_UNHEARD)])
      await gone.finally(() => clearTimeout(late))
      if (/^not undone$/m.test(said))
        throw new LiveProblem(
          `${place.name}: not everything could be taken back.`,
          '`nfwhy trace --cleanup` looks, and removes what is left.',
        )
      if (!UNDONE.test(said) && begun && !isLost && (await restoredFromHere(place, plan.id)))
        throw new LiveProblem(
          `${place.name}: tracing was ended over there: all of its shells were killed.`,
          'What they had set up has been taken back from here.',
        )
      if (!UNDONE.test(said))
        throw new LiveProblem(
          `${place.name}: the connection ended before it was told that everything was taken back.`,
          'It takes itself back within a minute; `nfwhy trace --cleanup` looks, and removes what may be left.',
        )
    },
  }
}

/** False where somebody over there still does it, or nobody answers. */
async function restoredFromHere(place: Place, id: string): Promise<boolean> {
  try {
    const { failures, running, stays } = await cleanUp(place, id, FROM_HERE)
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
