/** `map`: the hooks in order, with the chains attached to them. */
import * as z from 'zod'
import { mapHooks } from '../../analysis/hook-map.ts'
import { withoutOwn } from '../../model/own-table.ts'
import { UserError } from '../../model/user-error.ts'
import { ambiguousWords } from '../../reports/index.ts'
import { tellMap } from '../../ui/worker/map.ts'
import { fitted } from '../fitted.ts'
import { INPUTS, LEFT_OUT, WARNINGS } from '../schemas.ts'
import { tellWarnings } from '../tell.ts'
import { tool } from '../tool.ts'

export const map = tool({
  name: 'map',
  title: 'Map of the hooks',
  description:
    'Shows in which order a packet traverses the base chains of a ruleset: by hook and priority, iptables-legacy and nf_tables side by side.',
  input: z.object(INPUTS),
  output: z.object({
    hooks: z.array(
      z.object({
        machine: z.string().optional(),
        way: z.enum(['ip', 'bridge', 'arp', 'netdev']),
        hook: z.string(),
        chains: z
          .array(
            z.object({
              priority: z.number(),
              does: z.string().optional().describe('What the kernel does there by itself.'),
              family: z.string().optional(),
              table: z.string().optional(),
              chain: z.string().optional(),
              backend: z.string().optional(),
              policy: z.string().optional(),
              rules: z.number().optional(),
            }),
          )
          .describe('In order.'),
      }),
    ),
    unknownOrder: z.array(z.string()).describe('Where no listing tells which chain comes first.'),
    ...WARNINGS,
    ...LEFT_OUT,
  }),
  async answer(given, { bench, limit }) {
    const { inputs } = await bench.open(given)
    const machines = inputs.machines.filter(({ world }) => withoutOwn(world).tables.length > 0 || world.hasNoRules)
    if (machines.length === 0) throw new UserError('There is no ruleset among the inputs.')
    const maps = machines.map(({ name, world }) => ({ ...(name === undefined ? {} : { name }), map: mapHooks(world) }))
    return fitted(
      {
        hooks: maps.map(tellMap).flatMap(({ machine, ways }) =>
          ways.flatMap(({ way, hooks }) =>
            hooks.map(({ hook, entries }) => ({
              ...(machine === undefined ? {} : { machine }),
              ...{ way, hook },
              chains: entries.map(({ kind: _, ...entry }) =>
                'does' in entry ? { priority: entry.priority, does: entry.does } : entry,
              ),
            })),
          ),
        ),
        unknownOrder: maps.flatMap(({ map: { ambiguous } }) => ambiguous.map(ambiguousWords)),
        warnings: tellWarnings(inputs.warnings),
        leftOut: [],
      },
      limit,
      {
        warnings: { words: 'warnings: name fewer inputs' },
        unknownOrder: { words: 'places of unknown order: name fewer inputs' },
        hooks: { words: 'hooks: name fewer inputs' },
      },
    )
  },
})
