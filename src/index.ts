/**
 * nfwhy as a library: everything here also runs in a browser.
 *
 *     const builder = new WorldBuilder()
 *     builder.add('rules.v4', text, recognise(text))
 *     const explainer = new CaptureExplainer(kernelLog, builder.world, report, (closed) => print(closed.explain()))
 *     explainer.push(bytes)
 *     explainer.end()
 */
export { CaptureExplainer, type CaptureOptions, type CaptureStats, type ClosedJourney } from './analysis/capture.ts'
export { type FixCommands, fixCommands, printedJourney } from './edits/fix.ts'
export { explain } from './explain/explain.ts'
export { JourneyIds } from './journey/assemble.ts'
export { type Command, printCommand } from './model/command.ts'
export type { Condition, Value } from './model/condition.ts'
export type { Diagnostic, Report } from './model/diagnostic.ts'
export type * from './model/edit.ts'
export type * from './model/host.ts'
export type * from './model/journey.ts'
export type { Packet } from './model/packet.ts'
export type * from './model/ruleset.ts'
export type { Statement } from './model/statement.ts'
export { emptyWorld, type World } from './model/world.ts'
export { kernelLog } from './read/captures/kernel-log/format.ts'
export { nftNetlink } from './read/captures/netlink/format.ts'
export { nflogPcap } from './read/captures/nflog/format.ts'
export { nftTrace } from './read/captures/nft-trace/format.ts'
export { ulogdJson } from './read/captures/ulogd/format.ts'
export { tsharkJson, wiresharkTable } from './read/captures/wireshark/format.ts'
export { xtablesMonitor } from './read/captures/xtables-monitor/format.ts'
export { FORMATS, formatById, HEAD_BYTES, type Recognised, recognise } from './read/recognise.ts'
export { WorldBuilder } from './read/world.ts'
export { type PacketResult, readPacketJson } from './rules/packet-json.ts'
export { Machine, type MachineOptions, type Simulated } from './simulate/machine.ts'
