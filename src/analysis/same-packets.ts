/**
 * The same packets in several captures of one machine: a log that was saved twice, or a log and what a tool made of it. Each is
 * told once, by the capture that comes first; told again, a request would seem to go on behind its reply. A capture that
 * shows more of a packet is told as well.
 */
import { collectInto, type Diagnostic } from '../model/diagnostic.ts'
import { printable } from '../model/printable.ts'
import type { World } from '../model/world.ts'
import type { TracePoint } from '../read/captures/points.ts'
import type { ClosedJourney } from './closed-journey.ts'
import type { CaptureInput } from './inputs/open.ts'

/** Of each capture; later packets are told once for each. */
const MOST_LOOKED_AT = 20_000

interface Seen {
  capture: CaptureInput
  /** Of each packet the rules that were in force, how many events it has, and where it ended. */
  packets: Map<string, { world: World; events: number; end: string }>
  /** Are packets of it told that another capture has, too? */
  toldTwice: boolean
}

export class SamePackets {
  private readonly seen: Seen[] = []

  begin(capture: CaptureInput): void {
    this.seen.push({ capture, packets: new Map(), toldTwice: false })
  }

  /** Of the capture that was begun last: false where another one has shown the same of this packet. */
  isNew(closed: ClosedJourney): boolean {
    const own = this.seen.at(-1)!
    const { capture, packets } = own
    const key = packets.size < MOST_LOOKED_AT ? keyOf(closed) : undefined
    if (key === undefined) return true
    const { world, events } = closed
    const end = endOf(closed.lastPoint)
    packets.set(key, { world, events, end })
    const others = this.seen.flatMap((one) =>
      one === own || areHalves(one.capture, capture) ? [] : (one.packets.get(key) ?? []),
    )
    // a log that was split in between shows how a packet went on
    const isCopy = others.some((one) => one.world === world && one.end === end && one.events >= events)
    if (others.length > 0 && !isCopy) own.toldTwice = true
    return !isCopy
  }

  /** When all have been read. */
  tell(warnings: Diagnostic[]): void {
    const told = new Set<Seen>()
    for (const first of this.seen) {
      const twins = this.seen.filter((one) => one !== first && !told.has(one) && isTwin(one, first))
      if (told.has(first) || twins.length === 0) continue
      for (const one of twins) told.add(one)
      const names = namesOf(twins)
      const how = twins.some(({ toldTwice }) => toldTwice)
        ? 'nfwhy counts a packet once for each file that shows more of it. Give only one of these files'
        : 'each packet is told once'
      collectInto(warnings, first.capture.name)(
        'same-packets',
        `${names} ${twins.length > 1 ? 'have' : 'has'} the same packets; ${how}`,
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
function overlap(some: ReadonlyMap<string, unknown>, others: ReadonlyMap<string, unknown>): boolean {
  const [smaller, larger] = some.size < others.size ? [some, others] : [others, some]
  let both = 0
  for (const one of smaller.keys()) if (larger.has(one)) both++
  return both > 0 && 2 * both >= smaller.size
}

/** As all formats tell it; undefined where nothing tells this packet from the next one of its flow. */
function keyOf(closed: ClosedJourney): string | undefined {
  const packet = closed.packet()
  const { src, dst, icmpId, icmpSeq, ipId } = packet
  // one hop further it has a lower TTL, or comes in elsewhere: a namespace of the same kernel gives it the same number there
  const at = `${packet.in ?? ''} ${packet.ttl}`
  // a generator may send the same one again, and the kernel's numbers tell them apart
  if (closed.traceId >= 0) return `trace ${closed.traceId} ${at}`
  if (icmpId !== undefined && icmpSeq !== undefined) return [src, dst, at, packet.icmpType, icmpId, icmpSeq].join(' ')
  // IPv6 has no number for each packet, and not everybody gives one in IPv4
  const number = ipId ? `id ${ipId}` : closed.times.firstClock
  const { protocol, sport, dport, length, tcpFlags, tcpSeq, tcpAck } = packet
  return number ? [src, dst, at, protocol, sport, dport, length, tcpFlags, tcpSeq, tcpAck, number].join(' ') : undefined
}

/** Without a rule's words and handle, which one form of a trace has, and the other has not. */
const endOf = ({ type, family, table, chain, ruleNumber, prefix, verdict }: TracePoint): string =>
  [type, family, table, chain, ruleNumber, prefix, verdict].join(' ')
