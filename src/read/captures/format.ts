import type { Report } from '../../model/diagnostic.ts'
import type { Link } from '../../model/host.ts'
import type { Format } from '../format.ts'
import type { TracePoints } from './points.ts'
import type { Timestamp } from './stamp.ts'
import type { PacketStates } from './states.ts'

/**
 * Where a capture's events go: columns, not objects. `point` says which rule line the kernel named (TracePoints), `state`
 * what the packet's headers were (PacketStates). `at` is valid during the call only.
 *
 * A capture with trace ids gives them too, as unsigned numbers. There `state` is -1 where the event shows no headers:
 * they are those that its packet had before; and `mark` is the packet's mark behind the event, -1 where it is not shown.
 */
export interface EventSink {
  event(point: number, state: number, at: Timestamp, line: number, traceId?: number, mark?: number): void
  /**
   * The capture says that events are missing here; all packets under way may have lost some. `goesOn`: they may be missing
   * anywhere up to the next call.
   */
  lost?(line: number, goesOn?: boolean): void
}

export interface CaptureContext {
  points: TracePoints
  states: PacketStates
  sink: EventSink
  report: Report
  /** The host's interfaces, for captures that know them by index only. */
  links?: readonly Link[]
}

/** What a reader counted besides its events. */
export interface CaptureStats {
  bytes: number
  /** Lines that are netfilter's and could not be used. */
  skipped: number
  /** How often the capture says itself that events were lost. */
  lost?: number
}

/** Takes a capture piece by piece, cut anywhere; synchronous. */
export interface CaptureReader {
  readonly stats: CaptureStats
  push(chunk: Uint8Array): void
  /** No more comes. */
  end(): void
}

export interface CaptureFormat extends Format {
  /** Its events have trace ids: these tell which are one packet's. */
  traceIds?: true
  open(context: CaptureContext): CaptureReader
}
