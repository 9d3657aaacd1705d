/** `trace`: packets of a machine, live. Only where the server was started with --allow-trace. */
import * as z from 'zod'
import { LEFT_OUT, STORY, WARNINGS, WHERE, words } from '../schemas.ts'
import { TRACES_MACHINE, tool } from '../tool.ts'
import { explainInputs } from './explain.ts'

const [SECONDS, MOST_SECONDS] = [10, 60]
const [PACKETS, MOST_PACKETS] = [100, 1000]

export const trace = tool({
  name: 'trace',
  title: 'Trace packets',
  description:
    'Traces packets on a machine for some seconds and explains them. For this time it adds tracing rules there, which decide nothing, and then removes them. It sends no packet: have the failing packet sent meanwhile. Other tools read the result with inputs: [NAME].',
  annotations: TRACES_MACHINE,
  input: z.object({
    ...WHERE,
    filter: words.describe("Only packets that match are traced, in tcpdump's syntax: tcp dst port 52000"),
    seconds: z.number().min(1).max(MOST_SECONDS).optional().describe(`How long it traces; absent: ${SECONDS}.`),
    packets: z
      .number()
      .int()
      .min(1)
      .max(MOST_PACKETS)
      .optional()
      .describe(`It ends after as many packets; absent: ${PACKETS}.`),
  }),
  output: z.object({
    name: z.string().describe('For inputs of the other tools. The last traces stay readable.'),
    place: z.string(),
    summary: z.array(z.string()),
    of: z.number().describe('How many different exchanges were seen.'),
    exchanges: z.array(STORY),
    said: z.array(z.string()).describe('What the session says of itself.'),
    ...WARNINGS,
    ...LEFT_OUT,
  }),
  async answer({ where, filter, seconds = SECONDS, packets = PACKETS }, context, ending) {
    const traced = await context.machines.trace({ where, filter, seconds, packets }, ending)
    const name = await context.bench.keep(traced)
    const place = traced.where
    const said = traced.warnings.slice(0, MOST_SAID).map((line) => line.slice(0, MOST_LINE))
    const room = context.limit - 500 - Buffer.byteLength(JSON.stringify({ name, place, said }))
    return { name, place, said, ...(await explainInputs({ inputs: [name], filter }, { ...context, limit: room })) }
  },
})

/** Lines, and characters of one. */
const [MOST_SAID, MOST_LINE] = [10, 300]
