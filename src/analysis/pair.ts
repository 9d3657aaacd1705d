/** Two journeys of a capture, chosen by number or filter, and compared. */

import type { Journey } from '../model/journey.ts'
import { UserError } from '../model/user-error.ts'
import type { World } from '../model/world.ts'
import type { RunStats } from './capture.ts'
import type { ClosedJourney } from './closed-journey.ts'
import { type Comparison, compareJourneys } from './compare.ts'
import type { Inputs } from './inputs/open.ts'
import { type RunOptions, stepThrough } from './run.ts'
import { readFilter } from './select.ts'

export interface Choice {
  text: string
  fits(closed: ClosedJourney): boolean
}

/** `1` or `#1`: the journey of that number; else a filter: the first packet that matches. Throws UserError. */
export function readChoice(text: string): Choice {
  const id = /^#?(\d+)$/.exec(text)?.[1]
  if (id !== undefined) return { text: `#${id}`, fits: (closed) => closed.id === Number(id) }
  const condition = readFilter(text)
  return { text: `'${text}'`, fits: (closed) => closed.matches(condition) }
}

/** Ids that are named where a choice fits none. */
const MOST_NAMED = 10

/**
 * Throws UserError where one of the choices fits no journey. `isEnough`: captures are read up to the second of the two only,
 * and counted so far.
 */
export async function comparePair(
  inputs: Inputs,
  choices: readonly [Choice, Choice],
  options: RunOptions = {},
  isEnough = false,
): Promise<{ comparison: Comparison; stats: RunStats }> {
  const found: { journey: Journey; world: World }[] = []
  const seen: string[] = []
  const stats: RunStats = { bytes: 0, events: 0, journeys: 0, skipped: 0, lost: 0 }
  const steps = stepThrough(
    inputs,
    (closed) => {
      // the same filter twice means two packets
      const at = choices.findIndex((choice, i) => !found[i] && choice.fits(closed))
      if (at >= 0) found[at] = { journey: closed.explain(), world: closed.world }
      if (seen.length < MOST_NAMED) seen.push(`#${closed.id}`)
    },
    options,
  )
  for (;;) {
    const { done, value } = await steps.next()
    if (done) Object.assign(stats, value)
    if (!done && !(isEnough && found[0] && found[1])) continue
    // closes what is being read
    await steps.return(stats)
    break
  }
  const [a, b] = choices.map(
    (choice, i) => found[i] ?? noSuch(choice, i === 1 && choices[0].text === choice.text, seen, stats),
  )
  return { comparison: compareJourneys(a!.journey, b!.journey, a!.world), stats }
}

function noSuch({ text }: Choice, isSecond: boolean, seen: readonly string[], stats: RunStats): never {
  throw new UserError(
    isSecond
      ? `Only one journey in the capture matches ${text}; a comparison needs two.`
      : `No journey in the capture matches ${text}.`,
    stats.journeys === 0
      ? 'The capture has no journeys.'
      : `There are ${stats.journeys}: ${seen.join(' ')}${stats.journeys > seen.length ? ' …' : ''}`,
  )
}
