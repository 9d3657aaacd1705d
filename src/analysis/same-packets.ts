/**
 * The same packets in several captures of one machine: a log and what a tool made of it. Both are explained, and each
 * packet is counted once for each, which would be silent else.
 */
import { collectInto, type Diagnostic } from '../model/diagnostic.ts'
import { printable } from '../model/printable.ts'
import type { ClosedJourney } from './closed-journey.ts'
import type { CaptureInput } from './inputs/open.ts'

/** Of each capture: enough to know it again. */
const MOST_LOOKED_AT = 256

interface Seen {
  capture: CaptureInput
  packets: Set<string>
}

export class SamePackets {
  private readonly seen: Seen[] = []

  begin(capture: CaptureInput): void {
    this.seen.push({ capture, packets: new Set() })
  }

  /** Of the capture that was begun last; hands it on. */
  add<Closed extends ClosedJourney>(closed: Closed): Closed {
    const { packets } = this.seen.at(-1)!
    const key = packets.size < MOST_LOOKED_AT ? keyOf(closed) : undefined
    if (key !== undefined) packets.add(key)
    return closed
  }

  /** When all have been read. */
  tell(warnings: Diagnostic[]): void {
    const told = new Set<Seen>()
    for (const first of this.seen) {
      const twins = this.seen.filter((one) => one !== first && !told.has(one) && isTwin(one, first))
      if (told.has(first) || twins.length === 0) continue
      for (const one of twins) told.add(one)
      const names = namesOf(twins)
      collectInto(warnings, first.capture.name)(
        'same-packets',
        `${names} ${twins.length > 1 ? 'have' : 'has'} the same packets; nfwhy counts a packet once for each file. Give only one of them`,
      )
    }
  }
}

const MOST_NAMED = 8

function namesOf(twins: readonly Seen[]): string {
  const names = twins.slice(0, MOST_NAMED).map(({ capture }) => printable(capture.name))
  const others = twins.length - names.length
  const last = others > 0 ? `${others} more` : names.pop()
  return names.length === 0 ? last! : `${names.join(', ')} and ${last}`
}

const isTwin = (a: Seen, b: Seen): boolean => !areHalves(a.capture, b.capture) && overlap(a.packets, b.packets)

/** The backends trace apart: where both are in force, each shows its own rules of the same packet. */
const areHalves = ({ format: a }: CaptureInput, { format: b }: CaptureInput): boolean =>
  Boolean(a.traceIds) !== Boolean(b.traceIds)

/** At least half of what the smaller one has. */
function overlap(some: ReadonlySet<string>, others: ReadonlySet<string>): boolean {
  const [smaller, larger] = some.size < others.size ? [some, others] : [others, some]
  let both = 0
  for (const one of smaller) if (larger.has(one)) both++
  return both > 0 && 2 * both >= smaller.size
}

/** As all formats tell it; undefined where nothing tells this packet from the next one of its flow. */
function keyOf(closed: ClosedJourney): string | undefined {
  // one hop further it has a lower TTL: a namespace of the same kernel gives it the same number there
  const { ttl } = closed.packet()
  // a generator may send the same one again, and the kernel's numbers tell them apart
  if (closed.traceId >= 0) return `trace ${closed.traceId} ${ttl}`
  const { src, dst, protocol, sport, dport, ipId, icmpType, icmpId, icmpSeq } = closed.packet()
  if (icmpId !== undefined && icmpSeq !== undefined) return [src, dst, ttl, icmpType, icmpId, icmpSeq].join(' ')
  return ipId ? [src, dst, ttl, protocol, sport, dport, ipId].join(' ') : undefined
}
