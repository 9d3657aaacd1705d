/** The whole of nfwhy as calls: inputs opened once, and every question about them answered with data. */
import type { Engine } from '../journey/engine.ts'
import type { Diagnostic } from '../model/diagnostic.ts'
import type { Exchange } from '../model/exchange.ts'
import type { Journey } from '../model/journey.ts'
import type { Packet } from '../model/packet.ts'
import { UserError } from '../model/user-error.ts'
import type { World } from '../model/world.ts'
import { formatById } from '../read/recognise.ts'
import { type Appliable, applyTo } from './apply.ts'
import type { RunStats } from './capture.ts'
import type { Replay } from './closed-journey.ts'
import type { Comparison } from './compare.ts'
import type { Ending } from './ending.ts'
import { Exchanges } from './exchanges/exchanges.ts'
import { tellExchanges } from './exchanges/told.ts'
import type { Flow } from './flow.ts'
import { type Group, Groups } from './groups.ts'
import { type HookMap, mapHooks } from './hook-map.ts'
import type { HostCorrelator, Joined } from './hosts.ts'
import { knownFormats } from './inputs/format-words.ts'
import type { NamedInput } from './inputs/named.ts'
import { type InputFile, type Inputs, onlyMachine, openInputs } from './inputs/open.ts'
import { bytesSource, sourceOf } from './inputs/source.ts'
import { idOfLasting, lastingId } from './lasting-ids.ts'
import { Listing } from './listing.ts'
import { hasSession } from './nothing-traced.ts'
import { readPacket } from './packets.ts'
import { compareRulesets, type RulesetComparison } from './rulesets.ts'
import { type RunOptions, runCaptures, stepThrough } from './run.ts'
import { makeSelection, type SelectOptions } from './select.ts'
import { simulatePackets } from './simulate.ts'

/**
 * A file by whatever name, read already or to be read from the beginning as often as `blocks` is called. `folders`: those
 * that it was found in, from the one that was named on; files of one folder are of one machine. `mtime`: of a file that was
 * in an archive, seconds since 1970.
 */
export type Input = { name: string; as?: string; folders?: readonly string[]; mtime?: number } & (
  | { text: string }
  | { bytes: Uint8Array }
  | { size: number; blocks(): AsyncIterable<Uint8Array> }
)

/** How inputs are opened and their journeys explained. */
export interface OpenOptions {
  /** Seconds of capture time without another event after which a packet's journey has ended; absent: 1. */
  idle?: number
  /** Of each rule that did not match, which condition failed. */
  unmatched?: boolean
  /** Tries what findings propose; absent: the model. */
  engine?: Engine
  /** With other addresses and names, the same for the same key. */
  redactKey?: string
  /** The captures are read while they are written: packets that may still be under way are not told. */
  isUnderWay?: boolean
}

/** Rules, state and captures of one machine or network namespace. */
export interface MachineInfo {
  /** Where there are several. */
  name?: string
  /** Its latest rules. */
  world: World
}

/** One machine's hooks. */
export interface MachineMap {
  /** Where there are several. */
  name?: string
  map: HookMap
}

/** What became of simulated packets. */
export interface Simulation extends Ending {
  journeys: Journey[]
}

/** Bundles, captures, rulesets and host state in any order. Throws UserError where nothing of it is of any use. */
export async function open(inputs: readonly Input[], options: OpenOptions = {}): Promise<Analysis> {
  const { redactKey } = options
  const redactor = redactKey === undefined ? undefined : new (await import('../redact/index.ts')).Redactor(redactKey)
  return new Analysis(await openInputs(inputs.map(namedInput), [], redactor), options)
}

export class Analysis {
  private readonly inputs: Inputs
  private readonly options: OpenOptions

  constructor(inputs: Inputs, options: OpenOptions) {
    this.inputs = inputs
    this.options = options
  }

  /** One for each host or network namespace that the files are of. */
  get machines(): readonly MachineInfo[] {
    return this.inputs.machines.map(({ name, world }) => ({ ...(name === undefined ? {} : { name }), world }))
  }

  /** All files, and what each was taken for. A capture's bytes are those that were read so far. */
  get files(): readonly InputFile[] {
    return this.inputs.files
  }

  /** Does any of them show packets, or tell of a trace session? */
  get hasCapture(): boolean {
    return this.inputs.captures.length > 0 || hasSession(this.inputs)
  }

  /** What could not be used or has to be known; more are added as captures are read. */
  get warnings(): readonly Diagnostic[] {
    return this.inputs.warnings
  }

  /** Explained, as they complete, in bounded memory. Throws UserError for a filter, outcome or rule that cannot be meant. */
  async *journeys(wanted: SelectOptions = {}): AsyncGenerator<Journey, Ending> {
    const selection = makeSelection(wanted)
    const correlator = await this.correlator()
    const ready: Journey[] = []
    const steps = stepThrough(
      this.inputs,
      (closed) => {
        const shown = selection.packet(closed)
        const joins = correlator !== undefined && !correlator.full
        if (!shown && !joins) return
        const journey = closed.explain()
        if (joins) correlator.note(journey)
        if (shown && selection.journey(journey)) ready.push(journey)
      },
      this.run,
    )
    for (;;) {
      const step = await steps.next()
      yield* ready.splice(0)
      if (step.done) return this.ending(step.value, correlator?.joined())
    }
  }

  /** Most inputs are of one machine, and a page need not wait for it. */
  private async correlator(): Promise<HostCorrelator | undefined> {
    const { machines } = this.inputs
    return machines.length > 1 ? (await import('./hosts.ts')).correlatorOf(machines) : undefined
  }

  /** A journey's id that stays the same while captures grow; once they were read. */
  lastingId(id: string | number): string {
    return lastingId(this.inputs.captures, Number(id))
  }

  /** The number of a journey by such an id; undefined where its capture is not there any more. */
  idOfLasting(lasting: string): string | undefined {
    return idOfLasting(this.inputs.captures, lasting)
  }

  /** A journey by its number, for playing its packet once more; undefined where there is none. Reads the captures up to it. */
  async replayOf(id: string): Promise<Replay | { reason: string } | undefined> {
    if (this.inputs.captures.length === 0) return undefined
    let found: Replay | { reason: string } | undefined
    const steps = stepThrough(
      this.inputs,
      (closed) => {
        if (String(closed.id) === id) found = closed.replay()
      },
      this.run,
    )
    for (;;) {
      const { done } = await steps.next()
      if (done || found) return found
    }
  }

  /** Journeys of one class explained once and counted, the worst first. Throws as `journeys` does. */
  async groups(wanted: SelectOptions = {}): Promise<{ groups: Group[]; ending: Ending }> {
    const { groups, ending } = await this.listing(wanted)
    return { groups, ending }
  }

  /** The same, with each exchange as a few numbers, for looking at them one by one. Throws as `journeys` does. */
  async listing(wanted: SelectOptions = {}): Promise<Listing> {
    const selection = makeSelection(wanted)
    const correlator = await this.correlator()
    const groups = new Groups(selection.journey, { joins: correlator !== undefined })
    const exchanges = new Exchanges()
    const stats = await runCaptures(
      this.inputs,
      (closed) => {
        if (correlator && !correlator.full) correlator.note(closed.explain())
        const number = exchanges.note(closed)
        if (!selection.packet(closed)) return
        if (groups.add(closed) && number !== undefined) exchanges.list.show(number)
      },
      this.run,
    )
    const joined = correlator?.joined()
    if (joined) groups.join(joined)
    return new Listing(groups, exchanges, this.ending(stats, joined))
  }

  /** Requests, and what came of them, those of which a journey is wanted. Throws as `journeys` does. */
  async exchanges(wanted: SelectOptions = {}): Promise<{ exchanges: Exchange[]; ending: Ending }> {
    const selection = makeSelection(wanted)
    const exchanges = new Exchanges({ keepsOwn: true })
    const stats = await runCaptures(
      this.inputs,
      (closed) => {
        const number = exchanges.note(closed)
        if (number !== undefined && selection.packet(closed) && selection.journey(closed.explain()))
          exchanges.list.show(number)
      },
      this.run,
    )
    return { exchanges: [...tellExchanges(exchanges)], ending: this.ending(stats, undefined) }
  }

  /**
   * Two journeys side by side, and where they part; each a number as journeys have it (`1`) or a filter: the first packet
   * that matches. Throws UserError.
   */
  async compare(a: string, b: string): Promise<Comparison> {
    const { comparePair, readChoice } = await import('./pair.ts')
    return (await comparePair(this.inputs, [readChoice(a), readChoice(b)], this.run, this.inputs.read !== undefined))
      .comparison
  }

  /** This ruleset and another one, by what was added, removed, moved and counted. Throws UserError where there are several machines. */
  compareRulesets(other: Analysis): RulesetComparison {
    return compareRulesets(onlyMachine(this.inputs).world, onlyMachine(other.inputs).world)
  }

  /** Connections, and what became of their packets. Throws UserError for a filter that cannot be read. */
  async flows(wanted: Pick<SelectOptions, 'filter'> = {}): Promise<Flow[]> {
    const { listFlows } = await import('./list-flows.ts')
    const { flows } = await listFlows(this.inputs, makeSelection(wanted), this.run)
    return flows
  }

  /** The hooks in order, with the chains that hang on them; of each machine. */
  map(): MachineMap[] {
    return this.machines.map(({ name, world }) => ({ ...(name === undefined ? {} : { name }), map: mapHooks(world) }))
  }

  /**
   * Plays packets one after the other through one machine: as tcpdump words them (`in eth0 tcp 10.0.0.2:40000 > 10.0.0.1:80
   * syn`), or as Packet. `assume`: what nobody can know, settled: a condition as nfwhy words it → whether it holds. Throws
   * UserError.
   */
  simulate(
    packets: readonly (string | Packet)[],
    { assume, machine }: { assume?: ReadonlyMap<string, boolean>; machine?: string } = {},
  ): Simulation {
    const { unmatched, engine } = this.options
    const warnings = [...this.inputs.warnings]
    const journeys = [
      ...simulatePackets(
        onlyMachine(this.inputs, machine).world,
        packets.map((one) => (typeof one === 'string' ? readPacket(one) : one)),
        warnings,
        {
          ...(assume ? { assume } : {}),
          ...(unmatched === undefined ? {} : { unmatched }),
          ...(engine ? { engine } : {}),
        },
      ),
    ]
    const stats = {
      ...NOTHING,
      bytes: this.files.reduce((sum, { bytes }) => sum + bytes, 0),
      journeys: journeys.length,
    }
    return { journeys, inputs: this.files, warnings, stats }
  }

  /**
   * The same machine once a change is made, and without its captures, which tell of the rules before: a fix's edits,
   * or a command as a person types it. Throws UserError at the first thing that is not understood, or that the tool or the
   * kernel would refuse.
   */
  async apply(change: Appliable, { machine }: { machine?: string } = {}): Promise<Analysis> {
    const { captures, ...changed } = onlyMachine(this.inputs, machine)
    const world = await applyTo(changed.world, change)
    const files = this.inputs.files.filter(({ name }) => captures.every((capture) => capture.name !== name))
    const machines = [{ ...changed, world, worlds: [], captures: [] }]
    return new Analysis(
      { machines, captures: [], warnings: [...this.inputs.warnings], files, looksLike: [] },
      this.options,
    )
  }

  private get run(): RunOptions {
    const { idle, unmatched, engine, isUnderWay } = this.options
    return {
      ...(isUnderWay ? { isUnderWay } : {}),
      ...(idle === undefined ? {} : { idle }),
      ...(unmatched === undefined ? {} : { unmatched }),
      ...(engine ? { engine } : {}),
    }
  }

  private ending(stats: RunStats, joined: readonly Joined[] | undefined): Ending {
    return { inputs: this.files, warnings: this.warnings, stats, ...(joined ? { joined } : {}) }
  }
}

const NOTHING: RunStats = { bytes: 0, events: 0, journeys: 0, skipped: 0, lost: 0 }

/** As files are opened. Throws UserError where its format is none. */
export function namedInput(input: Input): NamedInput {
  const as = input.as === undefined ? undefined : formatById(input.as)
  if (input.as !== undefined && !as) throw new UserError(`There is no format "${input.as}".`, knownFormats())
  const { folders = [] } = input
  return {
    name: input.name,
    path: input.name,
    folders,
    ...(folders.length > 0 ? { found: true as const } : {}),
    ...(as ? { as } : {}),
    ...(input.mtime === undefined ? {} : { mtime: input.mtime }),
    again: true,
    open: () =>
      'text' in input
        ? bytesSource(new TextEncoder().encode(input.text))
        : 'bytes' in input
          ? bytesSource(input.bytes)
          : sourceOf(input.size, () => input.blocks()),
  }
}
