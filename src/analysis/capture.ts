/** One capture, from its bytes to explained journeys. */

import { Assembler } from '../journey/assemble.ts'
import type { TracedAssembler } from '../journey/assemble-traced.ts'
import { type AssemblerOptions, DEFAULT_OPTIONS, JourneyIds } from '../journey/assembling.ts'
import { nfTablesFirst } from '../journey/backends.ts'
import type { OpenJourney } from '../journey/open.ts'
import { traced } from '../journey/traced.ts'
import type { Report } from '../model/diagnostic.ts'
import type { Packet } from '../model/packet.ts'
import type { World } from '../model/world.ts'
import type { CaptureFormat, CaptureReader } from '../read/captures/format.ts'
import type { Stamp } from '../read/captures/stamp.ts'
import { PacketStates } from '../read/captures/states.ts'
import { Closed, ClosedExplainer, type ExplainClosedOptions, SharedNumbers } from './explain-closed.ts'

/** Counts of one capture. */
export interface CaptureStats {
  /** Bytes that were read. */
  bytes: number
  /** Trace events that were read. */
  events: number
  /** Journeys that were found, shown or not. */
  journeys: number
  /** Lines or records of netfilter that could not be used. */
  skipped: number
  /** Events that the kernel could not deliver; where the capture does not say how many, how often it says so. */
  lost: number
  /** Journeys cut short because too many were open at once. */
  evicted: number
}

/** Counts of all captures together. */
export interface RunStats extends Omit<CaptureStats, 'evicted'> {
  /** Of a live trace: journeys cut short, where there were any. */
  evicted?: number
  /** Of a live trace: what was left out. */
  overload?: Overload
}

/** What a live trace left out because more came than it could show; `lost` counts these events, too. */
export interface Overload {
  /** Events that had come when it ended, and were not read any more. */
  unread: number
  /** Packets that were left out; neither `journeys` nor `events` count them. */
  shedPackets: number
  /** Events of these packets. */
  shedEvents: number
}

/** How one capture is explained. */
export interface CaptureOptions extends Partial<Omit<AssemblerOptions, 'onBegun'>>, ExplainClosedOptions {
  /** Numbers journeys over several captures. */
  ids?: JourneyIds
  /** Where journeys of several captures may be of one class. */
  numbers?: SharedNumbers
  /** Rules that were in force at an event's time, where they changed; else those of `world`, all the time. */
  worldAt?: (stamp: Stamp, clock: number) => World
  /** Where no trace ids tell packets apart: one shows for the first time, long before its journey is complete. */
  onBegun?: (packet: Packet) => void
}

/** Push the capture's bytes piece by piece, then end; journeys come as they complete. Never throws on bad input. */
export class CaptureExplainer {
  private readonly explainer: ClosedExplainer
  private readonly assembler: Assembler | TracedAssembler
  private readonly reader: CaptureReader
  private readonly onClosed: (closed: Closed) => void
  private readonly world: World
  private readonly worldAt: CaptureOptions['worldAt']
  private readonly asTraced: (world: World) => World
  private journeys = 0

  constructor(
    format: CaptureFormat,
    world: World,
    report: Report,
    onClosed: (closed: Closed) => void,
    {
      ids = new JourneyIds(),
      engine,
      unmatched = false,
      host,
      ofMany = false,
      walks,
      worldAt,
      numbers = new SharedNumbers(),
      onBegun,
      ...options
    }: CaptureOptions = {},
  ) {
    const { points, names } = numbers
    const states = new PacketStates(names)
    this.asTraced = format.traceIds ? nfTablesFirst : (one) => one
    this.world = world
    this.worldAt = worldAt
    this.onClosed = onClosed
    this.explainer = new ClosedExplainer(numbers, states, { engine, unmatched, host, ofMany, walks })
    const resolver = this.explainer.resolver(this.asTraced(world))
    const Assembling = format.traceIds ? traced.loaded.TracedAssembler : Assembler
    this.assembler = new Assembling(resolver, states, this.close, ids, {
      ...DEFAULT_OPTIONS,
      ...options,
      ...(onBegun ? { onBegun: (state: number) => onBegun(states.packet(state)) } : {}),
    })
    const { links } = world.host
    this.reader = format.open({
      points,
      states,
      sink: this.assembler,
      report,
      ...(links ? { links } : {}),
    })
  }

  push(chunk: Uint8Array): void {
    this.reader.push(chunk)
  }

  end(): void {
    this.reader.end()
    this.assembler.end()
  }

  /**
   * Nothing has come for a while, by the clock of whoever watches: closes the journeys that wait for more. `settled`:
   * nothing more can come of them, as whatever the kernel had to tell was received.
   */
  pause(settled = false): void {
    this.assembler.end(settled)
  }

  /** Tracing was switched off: closes the journeys that wait for more, as packets may go on without being traced. */
  cut(): void {
    this.assembler.cut()
  }

  /** More has come that is not pushed: packets that are under way may have lost some of their events. */
  leftUnread(): void {
    this.assembler.lost()
  }

  get events(): number {
    return this.assembler.events
  }

  get stats(): CaptureStats {
    const { bytes, skipped, lost = 0 } = this.reader.stats
    const { events, evicted } = this.assembler
    return { bytes, skipped, lost, events, journeys: this.journeys, evicted }
  }

  private readonly close = (open: OpenJourney, followed: boolean): void => {
    this.journeys++
    this.onClosed(new Closed(this.explainer, open, followed, this.asTraced(this.worldOf(open, followed))))
  }

  /** The rules of its time; where these were changed around then, those that the trace does not contradict. */
  private worldOf(open: OpenJourney, followed: boolean): World {
    const world = this.worldAt?.(open.firstStamp, open.firstClock) ?? this.world
    const other = open.firstStamp.second === undefined ? world.saved?.before : world.saved?.next
    if (!other || !this.explainer.contradicts(world, open, followed)) return world
    return this.explainer.contradicts(other, open, followed) ? world : other
  }
}
