/** `try_fix`: an exchange or a packet before commands, and after them. */
import * as z from 'zod'
import type { Replay } from '../../analysis/closed-journey.ts'
import { onlyMachine } from '../../analysis/inputs/open.ts'
import { compareRulesets } from '../../analysis/rulesets.ts'
import { applyWithUndo } from '../../analysis/undo.ts'
import { NO_WAYS } from '../../journey/ways.ts'
import { type Diagnostic, once } from '../../model/diagnostic.ts'
import { UserError } from '../../model/user-error.ts'
import type { World } from '../../model/world.ts'
import { CHANGE, tellChanges } from '../changes.ts'
import { fitted } from '../fitted.ts'
import { PACKET, type PlayedOne, packetOf, play } from '../played.ts'
import { INPUTS, LEFT_OUT, MACHINE, STORY, WARNINGS, words } from '../schemas.ts'
import { tellFullStory, tellStory, tellWarnings } from '../tell.ts'
import { tool } from '../tool.ts'
import type { Opened } from '../workbench.ts'
import { ID } from './exchange.ts'

export const tryFix = tool({
  name: 'try_fix',
  title: 'Try commands on the model',
  description:
    'Applies commands to the model of a machine and plays a packet again: what became of it before and after, what the commands change, and what takes them back. Nothing is run: to make the change, a person runs the commands.',
  input: z.object({
    ...INPUTS,
    machine: MACHINE,
    commands: z
      .array(words)
      .min(1)
      .max(50)
      .describe(
        'As a person types them, in order: iptables, ip6tables, nft, ipset, sysctl, ip route, ip rule, conntrack -D.',
      ),
    exchange: ID.optional().describe('The exchange whose packet is played, as explain gives it with the same inputs.'),
    packet: PACKET.optional(),
  }),
  output: z.object({
    before: STORY.describe('On the rules as they are.'),
    after: STORY.describe('Once the commands are applied.'),
    commands: z.array(
      z.object({
        command: z.string(),
        undo: z.string().optional().describe('Takes it back, and was tried on the model. Absent: none is known.'),
      }),
    ),
    changes: z
      .array(CHANGE)
      .describe('In rules, chains, policies and sets. Settings, routes, addresses and connections are not listed.'),
    ...WARNINGS,
    ...LEFT_OUT,
  }),
  async answer({ commands, exchange, packet, machine, ...wanted }, { bench, limit }) {
    if ((exchange === undefined) === (packet === undefined))
      throw new UserError('Give either exchange or packet: what is to be played.')
    const warnings: Diagnostic[] = []
    const typed = packet === undefined ? undefined : packetOf(packet, warnings)
    const opened = await bench.open(wanted)
    const id = exchange?.replace(/^#/, '')
    const from: Replay = typed
      ? { packet: typed, world: onlyMachine(opened.inputs, machine).world, assume: new Map(), ways: NO_WAYS }
      : await replayed(opened, id!)
    const { assume, ways } = from
    const played = (on: World) => play(on, [from.packet], warnings, { assume, ways })[0]!
    const told = ({ group }: PlayedOne) => ({ ...tellStory(group), ...(id === undefined ? {} : { id }) })
    const before = played(from.world)
    const { fixes, otherFixes } = tellFullStory(before.group, before.reply)
    const known = new Map([...fixes, ...otherFixes].map(({ command, undo }) => [command, undo]))
    let { world } = from
    const applied: { command: string; undo?: string }[] = []
    const report = once((code, message) => warnings.push({ input: 'commands', code, message }))
    for (const command of commands) {
      const made = await applyWithUndo(world, command, { known: known.get(command), report })
      world = made.world
      applied.push({ command, ...(made.undo === undefined ? {} : { undo: made.undo }) })
    }
    return fitted(
      {
        ...{ before: told(before), after: told(played(world)), commands: applied },
        changes: tellChanges(compareRulesets(from.world, world)),
        warnings: tellWarnings([...opened.inputs.warnings, ...distinct(warnings)]),
        leftOut: [],
      },
      limit,
      { warnings: { words: 'warnings: name fewer inputs' }, changes: { words: 'changes: try fewer commands' } },
    )
  },
})

/** Played twice, the same is told twice. */
const distinct = (warnings: readonly Diagnostic[]): Diagnostic[] => [
  ...new Map(warnings.map((one) => [`${one.input} ${one.message}`, one])).values(),
]

/** Throws UserError: nothing is told where the model does not give what was seen. */
async function replayed({ analysis }: Opened, id: string): Promise<Replay> {
  const replay = await analysis.replayOf(id)
  if (!replay) throw new UserError(`There is no packet #${id} in the captures.`, 'explain lists the exchanges.')
  if ('reason' in replay)
    throw new UserError(
      `The packet of exchange #${id} is not played again: ${replay.reason.replace(/^not tried: /, '')}.`,
      'Give packet in place of exchange to play it on the saved rules alone.',
    )
  return replay
}
