/** The flows of all machines, with the captures' journeys joined to them. */
import type { Diagnostic } from '../model/diagnostic.ts'
import type { RunStats } from './capture.ts'
import { Exchanges } from './exchanges/exchanges.ts'
import { tellExchanges } from './exchanges/told.ts'
import type { Flow } from './flow.ts'
import { Flows } from './flows.ts'
import type { Inputs } from './inputs/open.ts'
import { type RunOptions, runCaptures } from './run.ts'
import type { Selection } from './select.ts'

/** `warnings`: those of the inputs, and of packets that belong to no flow. */
export async function listFlows(
  inputs: Inputs,
  selection: Selection,
  options: RunOptions = {},
): Promise<{ flows: Flow[]; stats: RunStats; warnings: Diagnostic[] }> {
  const all = new Map(inputs.machines.map(({ name, world }) => [name, new Flows(world, name)]))
  const byHost = new Map(
    inputs.machines.flatMap(({ name, world, worlds, alternatives }) =>
      [{ world }, ...worlds, ...(alternatives?.list ?? [])].map((one) => [one.world.host, all.get(name)!] as const),
    ),
  )
  const exchanges = new Exchanges({ keepsOwn: true })
  const stats =
    inputs.captures.length === 0
      ? { bytes: inputs.files.reduce((sum, { bytes }) => sum + bytes, 0), events: 0, journeys: 0, skipped: 0, lost: 0 }
      : await runCaptures(
          inputs,
          (closed) => {
            const number = exchanges.note(closed)
            if (!selection.packet(closed)) return
            byHost.get(closed.world.host)?.note(closed.explain())
            if (number !== undefined) exchanges.list.show(number)
          },
          options,
        )
  for (const one of tellExchanges(exchanges)) all.get(one.host)?.tellExchange(one)
  const flows = [...all.values()].flatMap((one) => one.end())
  const apart = [...all.values()].reduce((sum, one) => sum + one.apart, 0)
  const warnings = [...inputs.warnings]
  if (apart > 0)
    warnings.push({
      input: 'captures',
      code: 'no-flow',
      message: `${apart} ${apart === 1 ? 'packet' : 'packets'} could not be assigned to a connection`,
    })
  return { flows, stats, warnings }
}
