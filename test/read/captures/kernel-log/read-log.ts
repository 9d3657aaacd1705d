/** A kernel log's events as plain objects. */
import { readFileSync } from 'node:fs'
import type { Packet } from '../../../../src/model/packet.ts'
import { KernelLogReader } from '../../../../src/read/captures/kernel-log/reader.ts'
import { type TracePoint, TracePoints } from '../../../../src/read/captures/points.ts'
import { timeText } from '../../../../src/read/captures/stamp.ts'
import { PacketStates } from '../../../../src/read/captures/states.ts'

export const FOLDER = new URL('../../../../fixtures/read/captures/kernel-log/', import.meta.url)

export const readFixture = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(name, FOLDER)))

export interface LogEvent {
  point: TracePoint
  packet: Packet
  host: string
  time: string | undefined
  /** Microseconds since boot. */
  uptime: number | undefined
  clock: number
  line: number
}

export interface Log {
  events: LogEvent[]
  /** `LINE CODE` */
  told: string[]
  skipped: number
  bytes: number
}

const encoder = new TextEncoder()

/** Reads a log in pieces that end at `cuts`; without, in one. */
export function readLog(log: Uint8Array | string, cuts: readonly number[] = []): Log {
  const bytes = typeof log === 'string' ? encoder.encode(log) : log
  const points = new TracePoints()
  const states = new PacketStates()
  const read: Log = { events: [], told: [], skipped: 0, bytes: 0 }
  const reader = new KernelLogReader({
    points,
    states,
    sink: {
      event(point, state, { stamp, clock }, line) {
        states.retain(state)
        read.events.push({
          point: points.get(point),
          packet: states.packet(state),
          host: stamp.host,
          time: timeText(stamp, clock),
          uptime: stamp.uptime ? clock : undefined,
          clock,
          line,
        })
        states.release(state)
      },
    },
    report: (code, _message, line) => read.told.push(`${line ?? '-'} ${code}`),
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

/** `raw:PREROUTING:policy:5`, or a LOG line's prefix. */
export const pointText = ({ table, chain, type, ruleNumber, prefix }: TracePoint): string =>
  prefix ?? `${table}:${chain}:${type}:${ruleNumber}`
