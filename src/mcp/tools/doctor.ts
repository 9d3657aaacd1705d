/** `doctor`: why a machine shows no trace. */
import * as z from 'zod'
import { fitted } from '../fitted.ts'
import { LEFT_OUT, WHERE, words } from '../schemas.ts'
import { LOOKS_AT_MACHINE, tool } from '../tool.ts'

export const doctor = tool({
  name: 'doctor',
  title: 'Why is there no trace?',
  description:
    'Finds what prevents a trace on a machine: missing rights or modules, loggers that other programs use, TRACE rules in the wrong place … It runs commands there that only read, and changes nothing.',
  annotations: LOOKS_AT_MACHINE,
  input: z.object({ ...WHERE, filter: words.optional().describe("Which packets, in tcpdump's syntax.") }),
  output: z.object({
    place: z.string(),
    host: z.string().optional(),
    kernel: z.string().optional(),
    problems: z
      .array(
        z.object({
          code: z.string(),
          severity: z.enum(['error', 'warning', 'note']),
          message: z.string(),
          evidence: z.string().describe('What was seen: data of the machine.'),
          fix: z
            .object({
              description: z.string(),
              command: z.string().optional().describe('For a POSIX shell. It is not run.'),
              undo: z.string().optional(),
              safe: z.boolean().describe('It disturbs nobody.'),
              unsafe: z.string().optional().describe('Why it is not safe.'),
            })
            .optional(),
        }),
      )
      .describe('The most important first. Notes are no problems.'),
    ...LEFT_OUT,
  }),
  async answer({ where, filter }, { machines, limit }, ending) {
    const { place, facts, problems } = await machines.doctor(where, filter, ending)
    const { host, kernel } = facts
    return fitted(
      {
        place,
        ...(host === undefined ? {} : { host }),
        ...(kernel === undefined ? {} : { kernel }),
        problems,
        leftOut: [] as string[],
      },
      limit,
      { problems: { words: 'problems: start nfwhy mcp with a larger --limit' } },
    )
  },
})
