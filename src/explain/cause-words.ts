/** What no rule stops, in the words of its finding: of the packet as it was seen, and as one of several causes. */
import { FOR_REPORTS, type ForReports } from '../model/for-reports.ts'

/** A finding's first sentence, and how it reads among other causes. */
export interface CauseWords {
  /** With a full stop. */
  sentence: string
  [FOR_REPORTS]: Pick<ForReports, 'cause'>
}

/** `by`: a name in front of a verb, as `Routing`. `as`: what it dropped it as. */
export function droppedBy(by: string, why: string, as?: string): CauseWords {
  const behind = as === undefined ? '' : ` as ${as}`
  const name = by.charAt(0).toLowerCase() + by.slice(1)
  const item = `${name} (${why})`
  return {
    sentence: `${by} dropped it${behind}: ${why}.`,
    [FOR_REPORTS]: {
      cause: {
        request: { clause: `${name} would drop it${behind}: ${why}`, item },
        reply: { clause: `${name} would drop its reply${behind}: ${why}`, item },
      },
    },
  }
}

/** It left, and does no good so. */
export const wentAstray = (why: string): CauseWords => ({
  sentence: `It went the wrong way: ${why}.`,
  [FOR_REPORTS]: {
    cause: {
      request: { clause: `it would go the wrong way: ${why}`, item: `the route (${why})` },
      reply: { clause: `its reply would go the wrong way: ${why}`, item: `its reply's route (${why})` },
    },
  },
})
