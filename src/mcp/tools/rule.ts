/** `rule`: where a rule stands, what it says, and how many packets met it. */
import * as z from 'zod'
import { readRule } from '../../analysis/select.ts'
import { ownerOf } from '../../explain/owners/owners.ts'
import { printable } from '../../model/printable.ts'
import { UserError } from '../../model/user-error.ts'
import { backendOf } from '../../ui/worker/rulesets.ts'
import { fitted } from '../fitted.ts'
import { type FoundRule, findRules } from '../rule-ref.ts'
import { INPUTS, LEFT_OUT, words } from '../schemas.ts'
import { type Context, tool } from '../tool.ts'
import type { Wanted } from '../workbench.ts'

/** Rules before and behind it. */
const BESIDE = 3

const LINE = z.object({ number: z.number(), handle: z.number().optional(), text: z.string() })

export const rule = tool({
  name: 'rule',
  title: 'One rule',
  description:
    'Shows a rule: its text, the rules around it, its chain with hook, priority and policy, its counters, who wrote it, and how many captured packets matched it.',
  input: z.object({
    ...INPUTS,
    rule: words.describe(
      'As explain names it in ref: nat:KUBE-NODEPORTS:16, ip6/filter:INPUT:3, inet filter input handle 7',
    ),
  }),
  output: z.object({
    rules: z
      .array(
        z.object({
          machine: z.string().optional(),
          family: z.string(),
          table: z.string(),
          chain: z.string(),
          backend: z.string(),
          ...LINE.shape,
          comment: z.string().optional().describe('What somebody wrote into the rule: data of the machine.'),
          owner: z.string().optional().describe('The program that writes this rule.'),
          hook: z.string().optional().describe('Absent: other chains lead here.'),
          priority: z.number().optional(),
          policy: z.string().optional(),
          packets: z.number().optional().describe('Its counter, as the ruleset has it.'),
          bytes: z.number().optional(),
          chainLength: z.number(),
          before: z.array(LINE),
          behind: z.array(LINE),
        }),
      )
      .describe('One for each machine and backend that has it.'),
    matched: z.number().optional().describe('Captured packets that matched it. Absent: there is no capture.'),
    ...LEFT_OUT,
  }),
  answer: ({ rule: ref, ...wanted }, context) => ruleOf(ref, wanted, context),
})

/** Throws UserError where there is none. */
export async function ruleOf(ref: string, wanted: Wanted, { bench, limit }: Context) {
  const read = readRule(ref)
  const opened = await bench.open(wanted)
  const found = opened.inputs.machines.flatMap(({ name, world }) =>
    findRules(world, read).map((one) => ({ ...(name === undefined ? {} : { machine: name }), ...tellPlace(one) })),
  )
  if (found.length === 0) throw new UserError(`There is no rule ${printable(ref)} in these rulesets.`)
  const groups = opened.hasCapture ? (await opened.listing({ rule: [ref] })).groups : undefined
  return fitted(
    {
      rules: found,
      ...(groups ? { matched: groups.reduce((sum, { count }) => sum + count, 0) } : {}),
      leftOut: [],
    },
    limit,
    { rules: { words: 'rules: name the inputs of one machine' } },
  )
}

function tellPlace({ table, chain, rule: one }: FoundRule) {
  const { family, name } = table
  const { comment, counters } = one
  const at = chain.rules.indexOf(one)
  const owner = ownerOf({ family, table: name, chain: chain.name, rule: one, contents: table })
  return {
    ...{ family, table: name, chain: chain.name, backend: backendOf(table) },
    ...lineOf(one),
    ...(comment === undefined ? {} : { comment }),
    ...(owner ? { owner: owner.name } : {}),
    ...(chain.hook === undefined ? {} : { hook: chain.hook }),
    ...(chain.priority === undefined ? {} : { priority: chain.priority }),
    ...(chain.policy === undefined ? {} : { policy: chain.policy }),
    ...counters,
    chainLength: chain.rules.length,
    before: chain.rules.slice(Math.max(0, at - BESIDE), at).map(lineOf),
    behind: chain.rules.slice(at + 1, at + 1 + BESIDE).map(lineOf),
  }
}

const lineOf = ({ ruleNumber, handle, text }: FoundRule['rule']): z.infer<typeof LINE> => ({
  number: ruleNumber,
  ...(handle === undefined ? {} : { handle }),
  text,
})
