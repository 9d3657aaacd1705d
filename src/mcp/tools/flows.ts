/** `flows`: connections, their NAT, and the outcome of their packets. */
import * as z from 'zod'
import { listFlows } from '../../analysis/list-flows.ts'
import { makeSelection } from '../../analysis/select.ts'
import { UserError } from '../../model/user-error.ts'
import { flowDocument } from '../../reports/journey-document.ts'
import { fitted } from '../fitted.ts'
import { INPUTS, LEFT_OUT, SELECT, WARNINGS } from '../schemas.ts'
import { tellRule, tellWarnings } from '../tell.ts'
import { tool } from '../tool.ts'

const ADDRESSES = z.record(z.string(), z.union([z.string(), z.number()]))
const REWRITTEN = z.object({ from: ADDRESSES, to: ADDRESSES, by: z.string().optional().describe('The rule.') })

export const flows = tool({
  name: 'flows',
  title: 'Connections',
  description:
    "Lists conntrack's entries (conntrack -L) and the connections of captured packets: what NAT rewrote, and what became of request and reply.",
  input: z.object({
    ...INPUTS,
    filter: SELECT.filter.describe(
      "Only packets that match, in tcpdump's syntax; connections with such packets come first.",
    ),
  }),
  output: z.object({
    of: z.number().describe('How many connections there are.'),
    flows: z.array(
      z.object({
        machine: z.string().optional(),
        family: z.enum(['ip', 'ip6']),
        protocol: z.string(),
        tracked: z.boolean().describe('conntrack has an entry.'),
        original: ADDRESSES.describe('Of the original direction, before NAT.'),
        reply: ADDRESSES.optional().describe('Of replies, before NAT.'),
        state: z.string().optional(),
        status: z.array(z.string()).optional(),
        timeout: z.number().optional(),
        mark: z.number().optional(),
        zone: z.number().optional(),
        nat: z.object({ src: REWRITTEN.optional(), dst: REWRITTEN.optional() }),
        packets: z.array(
          z.object({
            direction: z.string(),
            kind: z.string(),
            outcome: z.string(),
            count: z.number(),
            first: z.string().optional().describe('For compare and exchange.'),
            by: z.string().optional().describe('The rule or policy that dropped or rejected them.'),
          }),
        ),
        story: z.string().optional(),
        wrong: z.array(z.string()),
        exchange: z
          .object({ id: z.string(), status: z.string(), basis: z.string(), why: z.string().optional() })
          .optional()
          .describe('Status of its worst exchange, and why.'),
      }),
    ),
    ...WARNINGS,
    ...LEFT_OUT,
  }),
  async answer({ filter, ...wanted }, { bench, limit }) {
    const selection = makeSelection(filter === undefined ? {} : { filter })
    const { inputs } = await bench.open(wanted)
    if (inputs.captures.length === 0 && !inputs.machines.some(({ world }) => world.host.conntrack))
      throw new UserError('There is neither a list of connections nor a capture among the inputs.')
    const { flows: list, warnings } = await listFlows(inputs, selection)
    // a filter is about packets: conntrack's entries without any stand behind
    const ordered = [...list].sort((a, b) => Number(b.packets.length > 0) - Number(a.packets.length > 0))
    return fitted(
      {
        of: list.length,
        flows: ordered.slice(0, MOST).map(flowDocument).map(tellFlow),
        warnings: tellWarnings(warnings),
        leftOut: list.length > MOST ? [`connections behind the first ${MOST}: narrow with filter`] : [],
      },
      limit,
      {
        warnings: { words: 'warnings: name fewer inputs' },
        flows: { words: 'of these connections: narrow with filter' },
      },
    )
  },
})

/** Whatever room there is. */
const MOST = 500

type Document = ReturnType<typeof flowDocument>

function tellFlow({ host, nat, packets, findings, original, reply, ...flow }: Document) {
  const rewritten = (one: Document['nat']['src']) =>
    one && { from: { ...one.from }, to: { ...one.to }, ...(one.rule ? { by: tellRule(one.rule).name } : {}) }
  return {
    ...(host === undefined ? {} : { machine: host }),
    ...flow,
    original: { ...original },
    ...(reply ? { reply: { ...reply } } : {}),
    nat: { ...(nat.src ? { src: rewritten(nat.src) } : {}), ...(nat.dst ? { dst: rewritten(nat.dst) } : {}) },
    packets: packets.map(({ direction, kind, outcome, count, journeys: [first], rule }) => ({
      ...{ direction, kind, outcome, count },
      ...(first === undefined ? {} : { first }),
      ...(rule ? { by: tellRule(rule).name } : {}),
    })),
    wrong: findings.map(({ message }) => message),
  }
}
