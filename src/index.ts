/**
 * nfwhy as a library: everything here also runs in a browser.
 *
 *     const analysis = await open([{ name: 'trace.log', bytes }, { name: 'rules.v4', text }])
 *     const { groups, ending } = await analysis.groups({ filter: 'tcp dst port 80' })
 *     console.log(printReport('text', groups, ending))
 */
export {
  Analysis,
  type Input,
  type MachineInfo,
  type MachineMap,
  type OpenOptions,
  open,
  type Simulation,
} from './analysis/analysis.ts'
export type { Appliable } from './analysis/apply.ts'
export { CaptureExplainer, type CaptureOptions, type CaptureStats, type RunStats } from './analysis/capture.ts'
export type { ClosedJourney, JourneyClass, Replay } from './analysis/closed-journey.ts'
export type { Comparison, Parting } from './analysis/compare.ts'
export type { Ending } from './analysis/ending.ts'
export type { ExchangeCounts } from './analysis/exchange-counts.ts'
export type { Flow, FlowFinding, FlowPackets } from './analysis/flow.ts'
export type { Group } from './analysis/groups.ts'
export type { HookEntry, HookMap } from './analysis/hook-map.ts'
export type { Joined } from './analysis/hosts.ts'
export { loadLanguages } from './analysis/languages.ts'
export { readPacket } from './analysis/packets.ts'
export type { RulesetComparison } from './analysis/rulesets.ts'
export type { SelectOptions } from './analysis/select.ts'
export { type FixCommands, fixCommands, printedExchange, printedJourney } from './edits/fix.ts'
export { explain } from './explain/explain.ts'
export { type FilterResult, parseFilter } from './filter/parse.ts'
export { JourneyIds } from './journey/assembling.ts'
export type { Engine, Played, PlayOptions } from './journey/engine.ts'
export { type Command, printCommand } from './model/command.ts'
export type { Condition, Value } from './model/condition.ts'
export type { Diagnostic, Report } from './model/diagnostic.ts'
export type { Edit } from './model/edit.ts'
export { type Exchange, type ExchangeStatus, isFailed } from './model/exchange.ts'
export type * from './model/host.ts'
export type * from './model/journey.ts'
export type { Packet } from './model/packet.ts'
export type * from './model/ruleset.ts'
export type { Statement } from './model/statement.ts'
export { UserError } from './model/user-error.ts'
export { emptyWorld, type World } from './model/world.ts'
export { FORMATS, formatById, HEAD_BYTES, type Recognised, recognise } from './read/recognise.ts'
export { WorldBuilder } from './read/world.ts'
export { FORMS, type FormName, type FormOptions } from './reports/index.ts'
export { printReport } from './reports/print-report.ts'
export { type PacketResult, readPacketJson } from './rules/packet-json.ts'
export { modelEngine } from './simulate/engine.ts'
export { type Simulated, Simulator, type SimulatorOptions } from './simulate/simulator.ts'
