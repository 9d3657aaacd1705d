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

type Found = { journey: Journey; world: World }

/** All captures are read, and counted. Throws UserError where one of the choices fits no journey. */
export async function comparePair(
  inputs: Inputs,
  choices: readonly [Choice, Choice],
  options: RunOptions = {},
): Promise<{ comparison: Comparison; stats: RunStats }> {
  const { a, b, stats } = await findPair(inputs, choices, options, true)
  return { comparison: compareJourneys(a.journey, b.journey, a.world), stats: stats! }
}

/** The same, and captures are read up to the second of the two only. */
export async function compareFirst(
  inputs: Inputs,
  choices: readonly [Choice, Choice],
  options: RunOptions,
): Promise<Comparison> {
  const { a, b } = await findPair(inputs, choices, options, false)
  return compareJourneys(a.journey, b.journey, a.world)
}

async function findPair(
  inputs: Inputs,
  choices: readonly [Choice, Choice],
  options: RunOptions,
  toEnd: boolean,
): Promise<{ a: Found; b: Found; stats?: RunStats }> {
  const found: Found[] = []
  const seen: string[] = []
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
    const step = await steps.next()
    const [a, b] = found
    if (step.done) {
      const stats = step.value
      const [one, other] = choices.map(
        (choice, i) => found[i] ?? noSuch(choice, i === 1 && choices[0].text === choice.text, seen, stats),
      )
      return { a: one!, b: other!, stats }
    }
    if (a && b && !toEnd) {
      // closes what is being read
      await steps.return(NONE)
      return { a, b }
    }
  }
}

const NONE: RunStats = { bytes: 0, events: 0, journeys: 0, skipped: 0, lost: 0 }

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
