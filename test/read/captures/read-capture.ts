/** A capture's events as plain objects, in whichever format. */
import type { Link } from '../../../src/model/host.ts'
import type { Packet } from '../../../src/model/packet.ts'
import type { CaptureFormat } from '../../../src/read/captures/format.ts'
import { type TracePoint, TracePoints } from '../../../src/read/captures/points.ts'
import { timeText } from '../../../src/read/captures/stamp.ts'
import { PacketStates } from '../../../src/read/captures/states.ts'

export interface CaptureEvent {
  point: TracePoint
  packet: Packet
  host: string
  time: string | undefined
  clock: number
  line: number
  /** Of captures with trace ids: these, and the mark behind the event, where one is shown. */
  traceId: number | undefined
  mark: number | undefined
}

export interface Read {
  events: CaptureEvent[]
  /** How many events had come when some were lost. */
  lost: number[]
  /** `LINE CODE` */
  told: string[]
  messages: string[]
  skipped: number
  bytes: number
}

/** Reads a capture in pieces that end at `cuts`; without, in one. */
export function readCapture(
  format: CaptureFormat,
  capture: Uint8Array | string,
  { cuts = [], links }: { cuts?: readonly number[]; links?: readonly Link[] } = {},
): Read {
  const bytes = typeof capture === 'string' ? new TextEncoder().encode(capture) : capture
  const points = new TracePoints()
  const states = new PacketStates()
  const read: Read = { events: [], lost: [], told: [], messages: [], skipped: 0, bytes: 0 }
  const reader = format.open({
    points,
    states,
    sink: {
      event(point, state, { stamp, clock }, line, traceId, mark) {
        if (state >= 0) states.retain(state)
        read.events.push({
          point: points.get(point),
          packet: state < 0 ? {} : states.packet(state),
          host: stamp.host,
          time: timeText(stamp, clock),
          clock,
          line,
          traceId,
          mark: mark === -1 ? undefined : mark,
        })
        if (state >= 0) states.release(state)
      },
      lost: () => read.lost.push(read.events.length),
    },
    report: (code, message, line) => {
      read.told.push(`${line ?? '-'} ${code}`)
      read.messages.push(message)
    },
    ...(links ? { links } : {}),
  })
  let from = 0
  for (const cut of [...cuts, bytes.length]) {
    reader.push(bytes.subarray(from, cut))
    from = cut
  }
  reader.end()
  read.skipped = reader.stats.skipped
  read.bytes = reader.stats.bytes
  return read
}

/** `raw:PREROUTING:policy:5`, or a record's prefix in quotes, with its hook. */
export const pointText = ({ table, chain, type, ruleNumber, prefix, hook }: TracePoint): string =>
  prefix === undefined ? `${table}:${chain}:${type}:${ruleNumber}` : `"${prefix}"${hook ? ` ${hook}` : ''}`
