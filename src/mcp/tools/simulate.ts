/** `simulate`: what would happen to packets. */
import * as z from 'zod'
import { applyTo } from '../../analysis/apply.ts'
import { onlyMachine } from '../../analysis/inputs/open.ts'
import { readAssumption } from '../../analysis/simulate.ts'
import { type Diagnostic, once } from '../../model/diagnostic.ts'
import { fitted } from '../fitted.ts'
import { PACKET, packetOf, play } from '../played.ts'
import { FULL_STORY, INPUTS, LEFT_OUT, MACHINE, STORY, WARNINGS, words } from '../schemas.ts'
import { tellFullStory, tellStory, tellWarnings } from '../tell.ts'
import { tool } from '../tool.ts'
import { fittedStory } from './exchange.ts'

export const simulate = tool({
  name: 'simulate',
  title: 'Simulate a packet',
  description:
    'Plays a packet, or several in order, on a model of a machine made of its ruleset and host state: what would happen, by which rule, and why. Nothing is sent, and no machine is changed.',
  input: z.object({
    ...INPUTS,
    machine: MACHINE,
    packets: z.array(PACKET).min(1).max(100).describe('They share one connection table.'),
    apply: z
      .array(words)
      .max(50)
      .optional()
      .describe('Commands (iptables, nft, ipset, sysctl, ip route, conntrack -D) that the model is changed by before.'),
    assume: z
      .array(words)
      .max(50)
      .optional()
      .describe("Conditions with an unknown result, settled: '--limit 10/sec=true'"),
  }),
  output: z.object({
    first: FULL_STORY.describe('Of the first packet.'),
    others: z.array(STORY).describe('Of the other packets.'),
    ...WARNINGS,
    ...LEFT_OUT,
  }),
  async answer({ packets, apply = [], assume = [], machine, ...wanted }, { bench, limit }) {
    const warnings: Diagnostic[] = []
    const read = packets.map((one) => packetOf(one, warnings))
    const assumed = new Map(assume.map(readAssumption))
    const { inputs } = await bench.open(wanted)
    warnings.push(...inputs.warnings)
    let { world } = onlyMachine(inputs, machine)
    const report = once((code, message) => warnings.push({ input: 'apply', code, message }))
    for (const command of apply) world = await applyTo(world, command, report)
    const [first, ...others] = play(world, read, warnings, { assume: assumed })
    const { exchange, leftOut } = fittedStory(tellFullStory(first!.group, first!.reply), limit / 2)
    return fitted(
      {
        first: exchange,
        others: others.map(({ group }) => tellStory(group)),
        warnings: tellWarnings(warnings),
        leftOut,
      },
      limit,
      {
        warnings: { words: 'warnings: name fewer inputs' },
        others: { words: 'other packets: simulate fewer at once' },
      },
    )
  },
})
