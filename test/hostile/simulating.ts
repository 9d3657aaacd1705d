/** Rules and host state without a capture: maps, comparisons, packets played, commands applied. */

import { applyCommand } from '../../src/analysis/apply-command.ts'
import { single } from '../../src/analysis/groups.ts'
import { mapHooks } from '../../src/analysis/hook-map.ts'
import { type Inputs, onlyMachine } from '../../src/analysis/inputs/open.ts'
import { readPacket } from '../../src/analysis/packets.ts'
import { compareRulesets } from '../../src/analysis/rulesets.ts'
import { makeSelection, readFilter } from '../../src/analysis/select.ts'
import { readInputs } from '../../src/cli/inputs.ts'
import { explain, tryFixesOf } from '../../src/explain/explain.ts'
import { noteUnmatched } from '../../src/explain/unmatched.ts'
import { noteTrials } from '../../src/explain/verify-fixes/verify.ts'
import { alternatives } from '../../src/filter/alternatives.ts'
import { iptablesMatches } from '../../src/filter/iptables-rule.ts'
import { nftMatches } from '../../src/filter/nft-rule.ts'
import { parseFilter } from '../../src/filter/parse.ts'
import { printFilter } from '../../src/filter/print.ts'
import type { Condition } from '../../src/model/condition.ts'
import type { Journey } from '../../src/model/journey.ts'
import type { Packet } from '../../src/model/packet.ts'
import { emptyWorld, type World } from '../../src/model/world.ts'
import {
  ambiguousWords,
  mapText,
  rulesetJson,
  rulesetsJson,
  rulesetsText,
  warningsText,
} from '../../src/reports/index.ts'
import { evaluate } from '../../src/rules/evaluate.ts'
import { modelEngine } from '../../src/simulate/engine.ts'
import { Simulator } from '../../src/simulate/simulator.ts'
import { Broken } from './broken.ts'
import type { Case, Options } from './case.ts'
import { formOf, formOptions } from './explaining.ts'
import { judgeDocument, judgeForm, judgeText } from './judge-output.ts'
import type { Room } from './room.ts'
import { userError } from './user-error.ts'

/** `nfwhy simulate FILES --packet … --apply …`: what is refused of the words does not end the case. */
export async function simulatePackets(one: Case, room: Room): Promise<void> {
  const { files, words, options } = one
  const inputs = await readInputs(room.lay(files), [])
  const packets = words.packets.flatMap((spec) => userError(() => [readPacket(spec)]) ?? [])
  let world = onlyMachine(inputs).world
  for (const command of words.apply) world = userError(() => applyCommand(world, command)) ?? world
  const journeys = play(world, packets.length > 0 ? packets : [PLAIN], options.unmatched)
  const [name, form] = formOf(options)
  const writer = form.open(formOptions(options))
  const groups = journeys.map(single)
  const bytes = inputs.files.reduce((sum, file) => sum + file.bytes, 0)
  const stats = { bytes, events: 0, journeys: journeys.length, skipped: 0, lost: 0 }
  const parts = [form.folds ? writer.begin(groups) : writer.begin(), ...groups.map((group) => writer.journey(group))]
  parts.push(writer.end({ inputs: inputs.files, warnings: inputs.warnings, stats }, groups))
  judgeForm(name, parts.join(''), options.colour)
}

const PLAIN: Packet = { in: 'eth0', src: '192.0.2.1', dst: '192.0.2.2', protocol: 'tcp', sport: 4000, dport: 80 }

function play(world: World, packets: readonly Packet[], unmatched: boolean): Journey[] {
  const machine = new Simulator(world)
  return packets.map((packet, i) => {
    const before = machine.world
    const { evidence, ended } = machine.send(packet)
    const journey = explain(evidence, before, { ended })
    if (unmatched) noteUnmatched(evidence, before)
    if (i === 0) noteTrials(journey, tryFixesOf(evidence, before, modelEngine))
    return journey
  })
}

/** `nfwhy map FILE`, and `nfwhy compare FILE OTHER`. */
export async function showRules({ files, options }: Case, room: Room): Promise<void> {
  const terminal = formOptions(options)
  const worlds: World[] = []
  const paths = room.lay(files)
  for (const path of paths) {
    const inputs = await readInputs([path], [])
    judgeText(warningsText(inputs.warnings, terminal), 'warnings', options)
    judgeMaps(inputs, options)
    worlds.push(onlyMachine(inputs).world)
  }
  const [before, after] = worlds
  if (!before || !after) return
  const comparison = compareRulesets(before, after)
  judgeText(rulesetsText(comparison, terminal), 'compared rulesets', options)
  judgeDocument(rulesetsJson(comparison, { a: [], b: [] }, []), 'nfwhy.rulesets/1')
}

function judgeMaps({ machines, files, warnings }: Inputs, options: Options): void {
  const maps = machines.map(({ name, world }) => ({ name, world, map: mapHooks(world) }))
  for (const { name, map } of maps) {
    const shown = { ...formOptions(options), ...(name === undefined ? {} : { name }) }
    judgeText(mapText(map, shown), 'map', options)
    judgeText(warningsText(map.ambiguous.map(asWarning), shown), 'warnings', options)
  }
  const document = rulesetJson(maps, { inputs: files, warnings })
  judgeDocument(document, 'nfwhy.ruleset/1')
}

const asWarning = (one: Parameters<typeof ambiguousWords>[0]) => ({
  input: '',
  code: 'order',
  message: ambiguousWords(one),
})

/** What was typed: filters, names of rules, packets and commands, one after the other. */
export async function takeWords({ files, words }: Case, room: Room): Promise<void> {
  const { filter, rule, packets, apply } = words
  if (rule !== undefined) userError(() => makeSelection({ rule: [rule], outcome: [rule] }))
  const condition = filter === undefined ? undefined : userError(() => readFilter(filter))
  if (condition) judgeFilter(condition)
  const specs = packets.flatMap((spec) => userError(() => [readPacket(spec)]) ?? [])
  const world = (await readInputs(room.lay(files), [])).machines[0]?.world ?? emptyWorld()
  if (condition)
    for (const packet of [PLAIN, ...specs])
      evaluate(condition, { packet, family: packet.src?.includes(':') ? 'ip6' : 'ip', world })
  let after = world
  for (const command of apply) after = userError(() => applyCommand(after, command)) ?? after
}

/** What it is printed as is the same filter; and rules are made of it for a live trace. */
function judgeFilter(condition: Condition): void {
  const printed = printFilter(condition)
  const again = parseFilter(printed)
  if (!('condition' in again) || printFilter(again.condition) !== printed)
    throw new Broken('filter', `${JSON.stringify(printed)} is not read as it was printed`)
  for (const atoms of alternatives(condition).list) {
    judgeText(nftMatches(atoms), 'nft rule of a filter')
    for (const family of ['ip', 'ip6'] as const) iptablesMatches(atoms, family, 'PREROUTING')
  }
}
