/** `exchange`: one of them in full. */
import * as z from 'zod'
import type { Group } from '../../analysis/groups.ts'
import type { Listing } from '../../analysis/listing.ts'
import { printable } from '../../model/printable.ts'
import { UserError } from '../../model/user-error.ts'
import { Rows } from '../../ui/worker/rows.ts'
import { fitted } from '../fitted.ts'
import { FULL_STORY, INPUTS, LEFT_OUT } from '../schemas.ts'
import { tellFullStory } from '../tell.ts'
import { type Context, tool } from '../tool.ts'
import type { Wanted } from '../workbench.ts'

export const ID = z
  .string()
  .regex(/^#?\d{1,15}$/)
  .describe('As explain gives it, with the same inputs: 1')

export const exchange = tool({
  name: 'exchange',
  title: 'One exchange in full',
  description:
    'Tells all that is known of one exchange: every step of its packet through the rules, the walk back to the rule that is to blame, all fixes, and the way of the reply.',
  input: z.object({ ...INPUTS, id: ID }),
  output: z.object({ exchange: FULL_STORY, ...LEFT_OUT }),
  answer: ({ id, ...wanted }, context) => exchangeInFull(id, wanted, context),
})

/** Throws UserError where there is none of this id. */
export async function exchangeInFull(id: string, wanted: Wanted, { bench, limit }: Context) {
  const opened = await bench.open(wanted)
  const { group, reply } = findExchange(await opened.listing(), id)
  const { exchange, leftOut } = fittedStory(tellFullStory(group, reply), limit)
  return { exchange, leftOut }
}

const LARGER = 'start nfwhy mcp with a larger --limit'

/** Its lists give way, and its answer stays. */
export function fittedStory(story: z.infer<typeof FULL_STORY>, limit: number) {
  const { reply, ...told } = story
  const { leftOut, replySteps, ...exchange } = fitted(
    { ...told, replySteps: reply?.steps ?? [], leftOut: [] as string[] },
    limit,
    {
      replySteps: { words: `steps of the reply: ${LARGER}`, ends: true },
      otherFindings: { words: `other findings: ${LARGER}` },
      otherFixes: { words: `other fixes: ${LARGER}` },
      steps: { words: `steps: ${LARGER}`, ends: true },
    },
  )
  return { exchange: { ...exchange, ...(reply ? { reply: { ...reply, steps: replySteps } } : {}) }, leftOut }
}

/** Throws UserError. */
export function findExchange(listing: Listing, given: string): { group: Group; reply: ReturnType<Listing['replyOf']> } {
  const id = given.replace(/^#/, '')
  const found = new Rows(listing).find({ id })
  if (!found)
    throw new UserError(
      `No exchange of these inputs begins with packet #${printable(id)}.`,
      'explain lists the exchanges.',
    )
  return found
}
