/** `compare`: two packets, or two rulesets. */
import * as z from 'zod'
import { onlyMachine } from '../../analysis/inputs/open.ts'
import { compareRulesets, type RulesetComparison } from '../../analysis/rulesets.ts'
import { printable } from '../../model/printable.ts'
import { UserError } from '../../model/user-error.ts'
import type { ComparedSide } from '../../ui/protocol.ts'
import { tellCompared } from '../../ui/worker/compare.ts'
import { CHANGE, tellChanges } from '../changes.ts'
import { fitted } from '../fitted.ts'
import { INPUTS, LEFT_OUT, WARNINGS, words } from '../schemas.ts'
import { tellRule, tellWarnings } from '../tell.ts'
import { type Context, tool } from '../tool.ts'
import type { Opened, Wanted } from '../workbench.ts'

const SIDE = z.object({
  outcome: z.string(),
  packet: z.string(),
  machine: z.string().optional(),
  lines: z
    .array(z.object({ kind: z.enum(['step', 'rule', 'change', 'end']), text: z.string() }))
    .describe('What it met where they part, and what became of it. rule: the text of the rule in the line before.'),
})

const NAMES = z.array(z.string().min(1).max(4096)).min(1).max(1000)

export const compare = tool({
  name: 'compare',
  title: 'Compare',
  description:
    'Compares two packets of a capture (a and b: the first step at which their ways part, and why: "why does port 80 work and 52000 not?"), or two rulesets (before and after: rules, chains and sets that were added, removed or moved, and which rules counted packets in between).',
  input: z.object({
    ...INPUTS,
    a: words.optional().describe("A packet: its number, or a filter that the first packet matches ('dst port 80')."),
    b: words.optional().describe('The other packet.'),
    before: NAMES.optional().describe('Inputs or texts of one ruleset, by name.'),
    after: NAMES.optional().describe('The same of the other one.'),
  }),
  output: z.object({
    packets: z
      .object({ diverge: z.string(), differ: z.string().optional(), share: z.string(), a: SIDE, b: SIDE })
      .optional(),
    changes: z.array(CHANGE).optional().describe('Of two rulesets. Empty: they have the same rules and sets.'),
    counted: z
      .array(
        z.object({
          rule: z.object({
            name: z.string(),
            ref: z.string().optional(),
            text: z.string().optional(),
            owner: z.string().optional(),
          }),
          packets: z.number(),
          bytes: z.number(),
        }),
      )
      .optional()
      .describe('Rules that counted packets in between. Absent: the rulesets have no counters.'),
    ...WARNINGS,
    ...LEFT_OUT,
  }),
  async answer({ a, b, before, after, ...wanted }, context) {
    if (a !== undefined && b !== undefined && !before && !after) return comparePackets(a, b, wanted, context)
    if (before && after && a === undefined && b === undefined) return compareSides(before, after, wanted, context)
    throw new UserError('compare needs two packets (a and b), or two rulesets (before and after).')
  },
})

async function comparePackets(a: string, b: string, wanted: Wanted, { bench, limit }: Context) {
  const { analysis, hasCapture } = await bench.open(wanted)
  if (!hasCapture) throw new UserError('There is no capture among the inputs.')
  const told = await tellCompared(analysis, a, b)
  const { diverge, differ, share } = told
  const sides = { a: sideOf(told.a), b: sideOf(told.b) }
  const { linesA, linesB, ...answer } = fitted(
    {
      packets: { diverge, ...(differ === undefined ? {} : { differ }), share },
      linesA: sides.a.lines,
      linesB: sides.b.lines,
      warnings: tellWarnings(analysis.warnings),
      leftOut: [] as string[],
    },
    limit,
    {
      warnings: { words: 'warnings: name fewer inputs' },
      linesB: { words: 'lines of b: exchange tells them', ends: true },
      linesA: { words: 'lines of a: exchange tells them', ends: true },
    },
  )
  return {
    ...answer,
    packets: { ...answer.packets, a: { ...sides.a, lines: linesA }, b: { ...sides.b, lines: linesB } },
  }
}

const sideOf = ({ row, machine, lines }: ComparedSide): z.infer<typeof SIDE> => ({
  outcome: row.word,
  packet: [row.protocol, ...row.addresses, ...row.details].join(' '),
  ...(machine === undefined ? {} : { machine }),
  lines,
})

async function compareSides(
  before: readonly string[],
  after: readonly string[],
  { inputs: shared = [], texts = [] }: Wanted,
  { bench, limit }: Context,
) {
  const warnings: Opened['inputs']['warnings'] = []
  const worldOf = async (names: readonly string[]) => {
    const pasted = texts.filter(({ name }) => names.includes(name))
    const inputs = [...shared, ...names.filter((name) => pasted.every((one) => one.name !== name))]
    const opened = await bench.open({ inputs, texts: pasted })
    warnings.push(...opened.inputs.warnings)
    const { world } = onlyMachine(opened.inputs)
    if (world.tables.length === 0 && !world.hasNoRules)
      throw new UserError(`There is no ruleset in ${names.map(printable).join(', ')}.`)
    return world
  }
  const compared = compareRulesets(await worldOf(before), await worldOf(after))
  return fitted(
    {
      changes: tellChanges(compared),
      ...(compared.counters ? { counted: countedOf(compared) } : {}),
      warnings: tellWarnings(warnings),
      leftOut: [],
    },
    limit,
    {
      warnings: { words: 'warnings: name fewer inputs' },
      counted: { words: 'rules that counted: compare parts of the rulesets' },
      changes: { words: 'changes: compare parts of the rulesets' },
    },
  )
}

const countedOf = ({ counted }: RulesetComparison) =>
  counted.map(({ rule, packets, bytes }) => ({ rule: tellRule(rule), packets, bytes }))
