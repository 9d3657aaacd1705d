/**
 * The drop that the kernel tells of a journey's packet. Both name the packet by its headers, the drop as NAT had left it
 * by then, and neither names the other: what no router rewrites has to agree, and one of its ends with one of the steps.
 */
import type { Drop } from '../../model/host.ts'
import { memo } from '../../model/memo.ts'
import type { Packet } from '../../model/packet.ts'
import { meaningOf } from './meaning.ts'

/** Drops kept of a session; the oldest go first. */
export const MOST_DROPS = 50_000

/** Adds what the kernel just told to host state. Takes old ones away in large steps, as each step moves all. */
export function addDrops(drops: Drop[], more: readonly Drop[], most: number = MOST_DROPS): void {
  for (const drop of more) drops.push(drop)
  if (drops.length > most * 1.25) drops.splice(0, drops.length - most)
}

/** When the journey's first and last line were, in milliseconds since 1970. */
export interface Span {
  first: number
  last: number
}

/** What is traced gets its time when it is received, a little later. */
const BEFORE = 2000
/** A packet may wait for its neighbour's address for three seconds. */
const AFTER = 5000
/** Looked at for one journey and one of its packet's ends, the nearest in time first. */
const MOST_LOOKED_AT = 256

/** The drop of the packet that these states show; undefined where none is known, or where it may be one of several. */
export function findDrop(drops: Drop[], states: readonly Packet[], span: Span | undefined): Drop | undefined {
  const index = indexOf(drops)
  index.follow(drops)
  return index.find(states, span)
}

/** The list is one and the same while it grows, and its index follows it. */
const indexOf = memo((_: readonly Drop[]) => new DropIndex())

interface Told {
  drop: Drop
  /** Milliseconds since 1970. */
  clock: number
  /** Only a copy, or nothing is lost with it: another drop of the packet tells more. */
  harmless: boolean
}

class DropIndex {
  private readonly byEnd = new Map<string, Line>()
  /** All, in the order of the list. */
  private readonly order = new Line()
  private latest: Drop | undefined

  /** Takes up what was added behind, and forgets what was taken away in front. */
  follow(drops: readonly Drop[]): void {
    const { latest } = this
    this.latest = drops.at(-1)
    let from = drops.length
    while (from > 0 && drops[from - 1] !== latest) from--
    for (let i = from; i < drops.length; i++) {
      const drop = drops[i]!
      const meaning = meaningOf(drop)
      const told = { drop, clock: Date.parse(drop.time), harmless: !meaning || meaning.harmless === true }
      this.order.push(told)
      for (const key of endsOf(told.drop.packet)) this.lineOf(key).push(told)
    }
    while (this.order.length > drops.length) this.forget(this.order.shift()!)
  }

  private lineOf(key: string): Line {
    let line = this.byEnd.get(key)
    if (!line) {
      line = new Line()
      this.byEnd.set(key, line)
    }
    return line
  }

  private forget({ drop }: Told): void {
    for (const key of endsOf(drop.packet)) {
      const line = this.byEnd.get(key)
      line?.shift()
      if (line?.length === 0) this.byEnd.delete(key)
    }
  }

  find(states: readonly Packet[], span: Span | undefined): Drop | undefined {
    const found: Told[] = []
    for (const key of new Set(states.flatMap(endsOf))) {
      const line = this.byEnd.get(key)
      const told = line && (span ? nearest(line, span, states) : only(line, states))
      if (told) found.push(told)
    }
    if (!span) return new Set(found).size === 1 ? found[0]!.drop : undefined
    const distance = ({ clock }: Told) => Math.abs(clock - span.last)
    const worse = (a: Told, b: Told) => Number(a.harmless) - Number(b.harmless) || distance(a) - distance(b)
    return found.sort(worse)[0]?.drop
  }
}

/** Outwards from when the journey's last line was. */
function nearest(line: Line, { first, last }: Span, states: readonly Packet[]): Told | undefined {
  let behind = line.firstFrom(last)
  let before = behind - 1
  let found: Told | undefined
  for (let looked = 0; looked < MOST_LOOKED_AT; looked++) {
    const [early, late] = [line.at(before), line.at(behind)]
    const takesEarly = early && (!late || last - early.clock <= late.clock - last)
    const told = takesEarly ? early : late
    if (takesEarly) before--
    else behind++
    if (!told) return found
    const isNear = told.clock >= first - BEFORE && told.clock <= last + AFTER
    if (isNear && isSame(told.drop.packet, states)) {
      if (!told.harmless) return told
      found ??= told
    }
    // the other side may still be near
    if (!isNear && takesEarly) before = -1
    else if (!isNear) behind = line.length
  }
  return found
}

/** Where clocks cannot be compared, it has to be the only one. */
function only(line: Line, states: readonly Packet[]): Told | undefined {
  if (line.length > MOST_LOOKED_AT) return undefined
  const same: Told[] = []
  for (let i = 0; i < line.length; i++) if (isSame(line.at(i)!.drop.packet, states)) same.push(line.at(i)!)
  const losses = same.filter(({ harmless }) => !harmless)
  if (losses.length === 1) return losses[0]
  return same.length === 1 ? same[0] : undefined
}

/** Both ends, with what stays the same beside them. */
function endsOf({ protocol, ipId, src, dst, sport, dport }: Packet): string[] {
  if (protocol === undefined) return []
  const ends: string[] = []
  if (src !== undefined) ends.push(`from ${protocol} ${ipId} ${src} ${sport}`)
  if (dst !== undefined) ends.push(`to ${protocol} ${ipId} ${dst} ${dport}`)
  return ends
}

/** What neither routing nor NAT rewrites. */
const SAME = [
  'protocol',
  'length',
  'tcpSeq',
  'tcpAck',
  'icmpType',
  'icmpCode',
  'icmpSeq',
  'fragOffset',
  'flowLabel',
] as const

function isSame(dropped: Packet, states: readonly Packet[]): boolean {
  const [seen] = states
  for (const field of SAME) {
    const [one, other] = [dropped[field], seen![field]]
    if (one !== undefined && other !== undefined && one !== other) return false
  }
  const from = states.some(({ src, sport }) => src === dropped.src && sport === dropped.sport)
  const to = states.some(({ dst, dport }) => dst === dropped.dst && dport === dropped.dport)
  // what no number tells from others of its kind has to have both its ends
  return isTelling(dropped) ? from || to : from && to
}

/** Do its numbers tell it from others between the same ends? */
export const isTelling = ({ protocol, tcpSeq, icmpSeq, ipId = 0 }: Packet): boolean =>
  protocol === 'tcp' ? tcpSeq !== undefined : ipId !== 0 || icmpSeq !== undefined

/** A list that grows behind and shrinks in front. */
class Line {
  private list: Told[] = []
  private start = 0

  get length(): number {
    return this.list.length - this.start
  }

  push(told: Told): void {
    this.list.push(told)
  }

  shift(): Told | undefined {
    const told = this.list[this.start]
    if (told && ++this.start * 2 > this.list.length) {
      this.list = this.list.slice(this.start)
      this.start = 0
    }
    return told
  }

  at(i: number): Told | undefined {
    return i < 0 ? undefined : this.list[this.start + i]
  }

  /** The place of the first that is not before `clock`. */
  firstFrom(clock: number): number {
    let [low, high] = [0, this.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.at(middle)!.clock < clock) low = middle + 1
      else high = middle
    }
    return low
  }
}
