/** What a filter may go on with: words of its language, and values of the exchanges that are open. */
import type { Listing } from '../../analysis/listing.ts'
import type { ValueOf } from '../../filter/error.ts'
import { meaningOf, nextIn } from '../../filter/next.ts'
import { printable } from '../../model/printable.ts'
import type { Completion } from '../completion.ts'

/** Values that are proposed at once: who types on sees the others. */
const MOST = 50

export function complete(filter: string, cursor: number, seen: SeenValues | undefined): Completion {
  const { from, to, words, value, takes } = nextIn(filter, cursor)
  const typed = filter.slice(from, cursor)
  const values: Completion['options'] = []
  for (const [text, count] of (value && seen?.valuesOf(value)) ?? []) {
    if (values.length === MOST) break
    // what cannot be shown as it is cannot be typed
    if (text.startsWith(typed) && printable(text) === text && takes(text)) values.push({ text, about: times(count) })
  }
  const options = [...values, ...words.map((text) => ({ text, about: meaningOf(text) }))]
  return { from, to, options: options.filter(({ text }) => text !== filter.slice(from, to)) }
}

const times = (count: number): string => `×${count.toLocaleString('en')}`

type Counts = Map<string, number>
type Sorted = readonly (readonly [string, number])[]

/** Addresses, ports and interfaces with how often they were seen. */
export class SeenValues {
  readonly of: Listing
  private readonly sources: Counts = new Map()
  private readonly destinations: Counts = new Map()
  /** By protocol. */
  private readonly sourcePorts = new Map<string, Counts>()
  private readonly destinationPorts = new Map<string, Counts>()
  private readonly protocols: Counts = new Map()
  private readonly inputs: Counts = new Map()
  private readonly outputs: Counts = new Map()
  private readonly marks: Counts = new Map()
  private readonly sorted = new Map<string, Sorted>()

  constructor(listing: Listing) {
    this.of = listing
    for (let i = 0; i < listing.size; i++) {
      const { src, dst, protocol = '', sport, dport } = listing.asked(i)
      add(this.sources, src)
      add(this.destinations, dst)
      add(this.protocols, protocol === '' ? undefined : protocol)
      addPort(this.sourcePorts, protocol, sport)
      addPort(this.destinationPorts, protocol, dport)
    }
    for (const { journey, count } of listing.groups) {
      const of = (values: readonly (string | undefined)[], counts: Counts) => {
        for (const one of new Set(values)) add(counts, one, count)
      }
      const { packet, steps } = journey
      of([packet.in, ...steps.map((step) => step.in)], this.inputs)
      of([packet.out, ...steps.map((step) => step.out)], this.outputs)
      of([markOf(packet), ...steps.map(markOf)], this.marks)
    }
  }

  /** What was seen most comes first. */
  valuesOf({ type, end, protocol }: ValueOf): Sorted {
    const key = [type, end, protocol].join(' ')
    let sorted = this.sorted.get(key)
    if (!sorted) {
      sorted = this.sort(type, end, protocol)
      this.sorted.set(key, sorted)
    }
    return sorted
  }

  private sort(type: ValueOf['type'], end: ValueOf['end'], protocol: string | undefined): Sorted {
    switch (type) {
      case 'host':
        return byEnd(end, [this.sources], [this.destinations])
      case 'port':
      case 'portrange': {
        const of = (ports: ReadonlyMap<string, Counts>) =>
          [...ports].flatMap(([one, counts]) => (protocol === undefined || protocol === one ? [counts] : []))
        return byEnd(end, of(this.sourcePorts), of(this.destinationPorts))
      }
      case 'proto':
        return byCount([this.protocols])
      case 'in':
        return byCount([this.inputs])
      case 'out':
        return byCount([this.outputs])
      case 'mark':
        return byCount([this.marks])
      default:
        return []
    }
  }
}

function add(counts: Counts, value: string | undefined, count = 1): void {
  if (value !== undefined) counts.set(value, (counts.get(value) ?? 0) + count)
}

function addPort(ports: Map<string, Counts>, protocol: string, port: number | undefined): void {
  if (port === undefined) return
  let counts = ports.get(protocol)
  if (!counts) {
    counts = new Map()
    ports.set(protocol, counts)
  }
  add(counts, String(port))
}

const markOf = ({ mark }: { mark?: number }): string | undefined => (mark ? `0x${mark.toString(16)}` : undefined)

/** Replies go the other way: what was seen at the other end comes after. Of both ends, what was asked for comes first. */
function byEnd(end: ValueOf['end'], sources: readonly Counts[], destinations: readonly Counts[]): Sorted {
  const [first, second] = end === 'src' ? [sources, destinations] : [destinations, sources]
  if (end === undefined) return byCount([...first, ...second])
  const known = byCount(first)
  const texts = new Set(known.map(([text]) => text))
  return [...known, ...byCount(second).filter(([text]) => !texts.has(text))]
}

function byCount(all: readonly Counts[]): Sorted {
  const sum: Counts = new Map()
  for (const counts of all) for (const [text, count] of counts) add(sum, text, count)
  return [...sum].sort((a, b) => b[1] - a[1])
}
