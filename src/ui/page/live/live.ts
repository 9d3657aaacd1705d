/** A trace that goes on: what its server tells of it, and the list made anew as packets come. */
import { effect, signal } from '@preact/signals'
import type { LiveState } from '../../protocol.ts'
import { Refused } from '../engine.ts'
import { servedFiles } from '../served-files.ts'
import { countHits, opened, problem, showFollowed, tab } from '../state.ts'
import { playAgain } from '../what-if/trying.ts'

/** Undefined on pages that follow no trace. */
export const live = signal<LiveState | undefined>(undefined)
/** The list stays as it is, until it goes on. */
export const paused = signal(false)
/** A list is being made: it is still to be shown, though the list was paused meanwhile. */
export const isListing = signal(false)

/** Milliseconds between two lists, at least; more where making one takes long. */
const PACE = 500

let source: EventSource | undefined
let isWorking = false
/** What is shown. */
let shown: LiveState | undefined
/** The rulesets and state that what is tried was last played with: those of a list that failed are still to come. */
let playedWith: string | undefined

export function followTrace(): void {
  source = new EventSource('live')
  source.onmessage = ({ data }: MessageEvent<string>) => {
    live.value = JSON.parse(data) as LiveState
    // nothing more comes, and the server may end: what was held back would be lost
    if (live.value.phase === 'ended') paused.value = false
    void catchUp()
  }
  // of large rulesets that takes a while, so they are told where somebody looks at them
  effect(() => {
    if (tab.value === 'rules' && opened.peek()) void countHits()
  })
  // a browser would leave the page for a file that is dropped on it
  for (const type of ['dragover', 'drop']) document.addEventListener(type, (event) => event.preventDefault())
}

export function pause(): void {
  paused.value = !paused.value
  void catchUp()
}

/** The server takes everything back that the trace has set up. */
export async function stop(): Promise<void> {
  const response = await fetch('live/stop', { method: 'POST' }).catch(() => undefined)
  if (!response?.ok)
    problem.value = new Refused('nfwhy serve does not answer: the trace ends at its deadline at the latest.')
}

/** Which rulesets and state there are: a capture only grows. */
const rulesOf = ({ files }: LiveState): string => files.map(({ name, edition }) => `${name} ${edition}`).join('\n')

/** One list after the other, until all that has come is shown. */
async function catchUp(): Promise<void> {
  if (isWorking) return
  isWorking = true
  while (live.value && live.value !== shown && !paused.value) {
    const state = live.value
    isListing.value = true
    const began = performance.now()
    try {
      if (state.files.length > 0) await showFollowed(servedFiles(state.files), !state.isQuiet)
      const rules = rulesOf(state)
      if (playedWith !== undefined && rules !== playedWith) {
        await countHits()
        void playAgain()
      }
      playedWith = rules
      problem.value = undefined
    } catch (error) {
      problem.value = error instanceof Refused ? error : new Refused(String(error))
    }
    shown = state
    isListing.value = false
    // the server waits for that
    if (state.phase === 'ended') source?.close()
    // else a person's own questions would wait behind it
    await new Promise((done) => setTimeout(done, Math.max(PACE, 2 * (performance.now() - began))))
  }
  isWorking = false
}
