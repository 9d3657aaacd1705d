/** `explain`: what came of the packets of captures, and why; the worst first. */
import * as z from 'zod'
import { nothingTraced } from '../../analysis/nothing-traced.ts'
import { isToldWithFirst } from '../../reports/exchange-words.ts'
import { summaryLines } from '../../ui/worker/summary.ts'
import { fitted } from '../fitted.ts'
import { INPUTS, LEFT_OUT, SELECT, STORY, WARNINGS } from '../schemas.ts'
import { tellStory, tellWarnings } from '../tell.ts'
import { type Context, tool } from '../tool.ts'
import type { Wanted } from '../workbench.ts'

/** Groups of an answer, whatever room there is. */
const MOST = 50
/** Bytes for saying how many are told. */
const FOR_WORDS = 300

export const explain = tool({
  name: 'explain',
  title: 'Explain packets',
  description:
    'Says of the packets in captures what became of them, which rule or reason decided that, why, and which commands would fix it (tried on a model). Packets alike are told once, the worst first. Narrow it with a filter to what is asked about.',
  input: z.object({
    ...INPUTS,
    ...SELECT,
    skip: z
      .number()
      .int()
      .min(0)
      .optional()
      .describe('How many of the exchanges to pass over, where an answer had not room for all.'),
  }),
  output: z.object({
    summary: z.array(z.string()).describe('What came of all exchanges and packets that match.'),
    of: z.number().describe('How many different exchanges match.'),
    exchanges: z.array(STORY),
    ...WARNINGS,
    ...LEFT_OUT,
  }),
  answer: (given, context) => explainInputs(given, context),
})

interface Asked extends Wanted {
  filter?: string | undefined
  outcome?: string[] | undefined
  rule?: string[] | undefined
  skip?: number | undefined
}

/** Throws UserError. */
export async function explainInputs(
  { filter, outcome, rule, skip = 0, ...wanted }: Asked,
  { bench, limit }: Pick<Context, 'bench' | 'limit'>,
) {
  const opened = await bench.open(wanted)
  const listing = await opened.listing({
    ...(filter === undefined ? {} : { filter }),
    ...(outcome ? { outcome } : {}),
    ...(rule ? { rule } : {}),
  })
  const { warnings, stats } = listing.ending
  // what only answers is told with what it answers
  const groups = listing.groups.filter((group) => !isToldWithFirst(group))
  const shown = groups.slice(skip, skip + MOST)
  const answer = fitted(
    {
      summary: summaryLines(listing),
      of: groups.length,
      exchanges: shown.map(tellStory),
      warnings: tellWarnings(stats.journeys === 0 ? [...warnings, ...nothingTraced(opened.inputs)] : warnings),
      leftOut: [] as string[],
    },
    limit - FOR_WORDS,
    { warnings: { words: 'warnings: name fewer inputs' }, exchanges: {} },
  )
  const { exchanges, leftOut } = answer
  const next = skip + exchanges.length
  if (next < groups.length)
    leftOut.push(
      exchanges.length === 0
        ? `exchange #${groups[skip]!.journey.id} is too long for this answer: the tool exchange tells it`
        : `${exchanges.length} of ${groups.length} exchanges are told: narrow with filter, outcome or rule, or give skip ${next} for the next ones`,
    )
  return answer
}
