/** What is proposed for several causes at once. */
import { fixCommands } from '../../src/edits/fix.ts'
import { explain, tryFixesOf } from '../../src/explain/explain.ts'
import { severalCauses } from '../../src/explain/repair/several-causes.ts'
import { noteTrials } from '../../src/explain/verify-fixes/verify.ts'
import type { Host, Packet } from '../../src/index.ts'
import type { NamedSet } from '../../src/model/ruleset.ts'
import { modelEngine } from '../../src/simulate/engine.ts'
import { makeWorld, ROUTER } from '../simulate/world.ts'
import { type Rules, SYN, saved } from './findings/played.ts'

export function repairOf(...of: Parameters<typeof foundFor>) {
  const found = foundFor(...of)
  const [fix] = found?.fix ?? []
  return found && { message: found.message, command: String(fixCommands(fix!).command), after: fix!.after }
}

/** What is to be known of it. */
export const noteOf = (...of: Parameters<typeof foundFor>): string | undefined => foundFor(...of)?.fix[0]?.note

/** `assume`: what came of conditions that nobody can know. */
function foundFor(
  rules: Rules,
  packet: Packet = SYN,
  host: Host = {},
  assume: ReadonlyMap<string, boolean> = new Map(),
  sets: readonly NamedSet[] = [],
) {
  const world = makeWorld(saved(rules), { ...ROUTER, ...host })
  world.sets.push(...sets)
  const { evidence, ended } = modelEngine.play(world, packet, { assume })
  const journey = explain(evidence, world, { ended })
  noteTrials(journey, tryFixesOf(evidence, world, modelEngine))
  return severalCauses(evidence, journey, world, modelEngine)
}
