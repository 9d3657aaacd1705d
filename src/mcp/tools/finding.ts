/** `finding`: the page that explains a code. */
import * as z from 'zod'
import { fitted } from '../fitted.ts'
import { LEFT_OUT } from '../schemas.ts'
import { tool } from '../tool.ts'

export const finding = tool({
  name: 'finding',
  title: 'Meaning of a finding',
  description:
    'Explains the code of a finding (near-miss) or the status of an exchange (reply-lost): what it means, with an example, and what to do. Without a code: all codes.',
  input: z.object({ code: z.string().max(100).optional() }),
  output: z.object({
    page: z.string().optional().describe('Markdown.'),
    codes: z.array(z.string()).optional(),
    ...LEFT_OUT,
  }),
  answer: async ({ code }, { pages, limit }) =>
    fitted(
      code === undefined ? { codes: [...pages.codes], leftOut: [] } : { page: pages.read(code), leftOut: [] },
      limit,
      {},
    ),
})
