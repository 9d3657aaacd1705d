/** Do a machine's captures show the traces of both backends: iptables-legacy's in a log, nf_tables' with trace ids? */
import type { CaptureReader } from '../read/captures/format.ts'
import { TracePoints } from '../read/captures/points.ts'
import { PacketStates } from '../read/captures/states.ts'
import type { CaptureInput } from './inputs/open.ts'
import { ReadError } from './inputs/source.ts'

/** Bytes of a log that are read for it. */
const MOST_READ = 64e6

/** Each tells of a packet in lines of its own. */
export async function showBoth(captures: readonly CaptureInput[]): Promise<boolean> {
  if (!captures.some(({ format }) => format.traceIds)) return false
  for (const one of captures) if (!one.format.traceIds && (await showsTrace(one))) return true
  return false
}

/** A log may have the lines of LOG and NFLOG rules alone. What can be read only once is believed to have more. */
async function showsTrace({ format, source }: CaptureInput): Promise<boolean> {
  if (!source.again) return true
  const points = new TracePoints()
  let shows = false
  const sink = {
    event(point: number): void {
      shows ||= points.get(point).prefix === undefined
    },
  }
  const reader: CaptureReader = format.open({ points, states: new PacketStates(), sink, report: () => undefined })
  let read = 0
  try {
    for await (const block of source.blocks()) {
      reader.push(block)
      read += block.length
      if (shows || read > MOST_READ) return shows
    }
  } catch (error) {
    // what is wrong with it is told when it is explained
    if (!(error instanceof ReadError)) throw error
  }
  reader.end()
  return shows
}
