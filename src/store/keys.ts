/**
 * Keys of journeys: the same for the same packet of the same host and boot, whatever the file is called and however often
 * it is read. docs/store.md ("Keys") says what they go by, and what that cannot tell. A changed key is another row for the
 * same packet: what is hashed here belongs to the schema's version.
 */
import { hash } from 'node:crypto'
import type { Packet } from '../model/packet.ts'
import type { Stamp } from '../read/captures/stamp.ts'

/** When a packet's first event was, as far as the capture tells. Microseconds. */
export interface Moment {
  clock: 'utc' | 'local' | 'boot' | 'none'
  /** Since 1970. */
  time: number | undefined
  /** Since boot. */
  uptime: number | undefined
  /** As keys go by it: the kernel's own clock is in every form of its log, and a date needs no boot. */
  when: 'boot' | 'date' | 'none'
  /** By that clock; NaN: there is none. */
  at: number
}

/** What of a packet tells it from others; all formats that show a field show the same. */
const FIELDS = ['src', 'sport', 'dst', 'dport', 'protocol', 'ipId', 'icmpType', 'icmpId', 'icmpSeq', 'tcpSeq'] as const

/** A UUID of version 8 (RFC 9562): a hash of `text`, with the milliseconds of `at` (microseconds) in front, so that keys sort as packets came. */
function keyOf(text: string, at: number): string {
  const hex = hash('sha256', text, 'hex')
  const front =
    at > 0
      ? Math.floor(at / 1000)
          .toString(16)
          .padStart(12, '0')
      : hex.slice(18, 30)
  return `${front.slice(0, 8)}-${front.slice(8, 12)}-8${hex.slice(0, 3)}-8${hex.slice(3, 6)}-${hex.slice(6, 18)}`
}

/** Of what has no moment: rules and rulesets. */
export const contentKey = (text: string): string => keyOf(text, Number.NaN)

export const NO_KEY = '00000000-0000-0000-0000-000000000000'

export interface FirstEvent {
  host: string
  boot: string
  moment: Moment
  /** Negative: the capture has none. */
  traceId: number
  packet: Packet
}

/** The keys of one capture's packets. */
export class CaptureKeys {
  private readonly equals = new Equals()

  keyOf({ host, boot, moment, traceId, packet }: FirstEvent): string {
    const { when, at } = moment
    let text = `journey\n${host}\n${when === 'date' ? '' : boot}\n${when} ${at}\n${traceId < 0 ? '' : traceId}`
    for (const field of FIELDS) text += `\n${packet[field] ?? ''}`
    if (packet.src === undefined) text += `\n${packet.srcMac ?? ''}\n${packet.dstMac ?? ''}`
    const key = keyOf(text, at)
    const before = this.equals.count(key)
    return before === 0 ? key : keyOf(`${text}\nagain ${before}`, at)
  }
}

/** The keys of packets that are played one after the other: each finds what those before it have left. */
export class PlayedKeys {
  private before: string

  /** `world`: all that decides what becomes of them. */
  constructor(host: string, world: string) {
    this.before = `simulation\n${host}\n${world}`
  }

  keyOf(packet: Packet): string {
    const key = contentKey(`${this.before}\n${JSON.stringify(Object.entries(packet).sort())}`)
    this.before = key
    return key
  }
}

/** How many keys are remembered, at least. */
const REMEMBERED = 250_000

/** How often each key came among the latest: packets that nothing tells apart are told apart by their order. */
class Equals {
  private latest = new Map<number, number>()
  private older = new Map<number, number>()

  /** How often it came before. */
  count(key: string): number {
    const short = Number.parseInt(key.slice(24), 16)
    const before = this.latest.get(short) ?? this.older.get(short) ?? 0
    this.latest.set(short, before + 1)
    if (this.latest.size >= REMEMBERED) {
      this.older = this.latest
      this.latest = new Map()
    }
    return before
  }
}

/** The date of a stamp is read once: consecutive events share it. */
export class Moments {
  private last: { second: string; offset: string; millis: number } | undefined

  of(stamp: Stamp, clock: number): Moment {
    const { second, uptime: isUptime, offset } = stamp
    const at = Math.round(clock)
    const uptime = isUptime && Number.isFinite(at) ? at : undefined
    const when = uptime !== undefined ? 'boot' : second !== undefined && Number.isFinite(at) ? 'date' : 'none'
    const since = this.millisOf(second, offset)
    if (since === undefined)
      return {
        clock: uptime === undefined ? 'none' : 'boot',
        time: undefined,
        uptime,
        when,
        at: when === 'none' ? Number.NaN : at,
      }
    const micros = isUptime ? (stamp.micros ?? 0) : clock - stamp.base
    return { clock: offset === '' ? 'local' : 'utc', time: since * 1000 + Math.round(micros), uptime, when, at }
  }

  /** Undefined: no date, or none with a year. */
  private millisOf(second: string | undefined, offset: string): number | undefined {
    if (second === undefined || second.startsWith('-')) return undefined
    if (this.last?.second !== second || this.last.offset !== offset)
      this.last = { second, offset, millis: Date.parse(second + (offset || 'Z')) }
    return Number.isFinite(this.last.millis) ? this.last.millis : undefined
  }
}
