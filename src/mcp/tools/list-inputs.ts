/** `list_inputs`: which files there are, and what each was taken for. */
import * as z from 'zod'
import { fitted } from '../fitted.ts'
import { INPUTS, LEFT_OUT, WARNINGS } from '../schemas.ts'
import { tellWarnings } from '../tell.ts'
import { tool } from '../tool.ts'

export const listInputs = tool({
  name: 'list_inputs',
  title: 'List inputs',
  description:
    'Lists the captures, rulesets and host state that can be asked about, what each file was recognised as, and the machines that they are of. Call it first.',
  input: z.object(INPUTS),
  output: z.object({
    files: z.array(
      z.object({
        name: z.string(),
        format: z.string(),
        bytes: z.number().optional().describe('Absent: a capture that was not read yet.'),
      }),
    ),
    machines: z.array(z.string()).describe('Where the inputs are of several. Empty: of one.'),
    captures: z
      .number()
      .describe(
        'How many of the files show packets. 0: explain, exchange and compare of packets have nothing to read.',
      ),
    ...WARNINGS,
    ...LEFT_OUT,
  }),
  async answer(given, { bench, limit }) {
    const { inputs } = await bench.open(given)
    const captures = new Set(inputs.captures.map(({ file }) => file))
    return fitted(
      {
        files: inputs.files.map((file) => ({
          name: file.name,
          format: file.format,
          ...(captures.has(file) && file.bytes === 0 ? {} : { bytes: file.bytes }),
        })),
        machines: inputs.machines.flatMap(({ name }) => (name === undefined ? [] : [name])),
        captures: captures.size,
        warnings: tellWarnings(inputs.warnings),
        leftOut: [],
      },
      limit,
      {
        warnings: { words: 'warnings: name fewer inputs' },
        files: { words: 'files: name a folder of them in inputs' },
        machines: { words: 'machines: name fewer inputs' },
      },
    )
  },
})
