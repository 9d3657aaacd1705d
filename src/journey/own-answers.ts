/**
 * Resets and ICMP errors that this host has sent: REJECT sends its own while the packet is still on its way, so a packet
 * whose lines end before such an answer was not lost behind them.
 */
import * as F from '../read/captures/header-fields.ts'
import type { PacketStates } from '../read/captures/states.ts'
import type { OpenJourney } from './open.ts'
import { isReset } from './order.ts'

/** The latest ones are remembered. */
const MOST = 256
/** Microseconds between a packet's last line and the answer. */
const AT_ONCE = 100_000
/** Destination unreachable. */
const UNREACHABLE = 3
const UNREACHABLE6 = 1

interface Answer {
  host: number
  /** The port that the reset comes from, and the one that it goes to; of an error neither is known. */
  ports?: readonly [from: number, to: number]
  /** Of a reset. */
  src: readonly number[]
  dst: readonly number[]
  /** What an error quotes, where the capture shows that; 0: it does not. */
  quoted: number
  clock: number
  line: number
}

export class OwnAnswers {
  private readonly latest: Answer[] = []
  private next = 0

  /** Of the packet that begins with this row, whatever it is. */
  note(rows: Int32Array, base: number, clock: number, line: number): void {
    const reset = isReset(rows, base)
    if (!reset && !isOwnError(rows, base)) return
    const answer: Answer = {
      ...(reset ? { ports: [rows[base + F.SPT]!, rows[base + F.DPT]!] as const } : {}),
      host: rows[base + F.HOST]!,
      src: words(rows, base + F.SRC),
      dst: words(rows, base + F.DST),
      quoted: rows[base + F.QUOTED]!,
      ...{ clock, line },
    }
    this.latest[this.next] = answer
    this.next = (this.next + 1) % MOST
  }

  /** Which of them this host has sent about a packet, while that was on its way as far as its lines tell. */
  about(journey: OpenJourney, { rows }: PacketStates): OpenJourney['answered'] {
    if (this.latest.length === 0 || journey.complete) return undefined
    const first = journey.states.at(0) * F.COLUMNS
    const last = journey.shown * F.COLUMNS
    if (isReset(rows, first) || isOwnError(rows, first)) return undefined
    const found = this.latest.find((one) => {
      if (one.host !== rows[first + F.HOST] || one.line < journey.firstLine) return false
      if (one.clock < journey.firstClock || one.clock - journey.lastClock > AT_ONCE) return false
      if (!isAt(rows, first + F.SRC, one.dst)) return false
      if (!one.ports) return one.quoted === 0 || one.quoted === F.identityOf(rows, first)
      const [from, to] = one.ports
      return isAt(rows, last + F.DST, one.src) && rows[last + F.DPT] === from && rows[last + F.SPT] === to
    })
    return found && (found.ports ? 'reset' : 'error')
  }
}

function isOwnError(rows: Int32Array, base: number): boolean {
  if (rows[base + F.IN] !== 0) return false
  const [protocol, type] = [rows[base + F.PROTO], rows[base + F.TYPE]]
  return protocol === F.ICMP ? type === UNREACHABLE : protocol === F.ICMPV6 && type === UNREACHABLE6
}

const words = (rows: Int32Array, at: number): readonly number[] => [...rows.subarray(at, at + 4)]

const isAt = (rows: Int32Array, at: number, other: readonly number[]): boolean =>
  other.every((word, i) => rows[at + i] === word)
