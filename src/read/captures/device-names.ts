/** Interface indexes → names, as host state has them. What it does not name is `#3`: a name that nobody knows, with its index. */
import type { Report } from '../../model/diagnostic.ts'
import type { Link } from '../../model/host.ts'
import type { Names } from './names.ts'

/** The loopback's in every network namespace (LOOPBACK_IFINDEX). */
const LOOPBACK = 1
/** Indexes remembered; a host has fewer. */
const MOST = 1 << 16

const encoder = new TextEncoder()

export class DeviceNames {
  /** Met without a name in host state. */
  private nameless = 0
  private readonly numbers = new Map<number, number>()
  private readonly names: Names
  private readonly links: Map<number, string>

  constructor(names: Names, links: readonly Link[] = []) {
    this.names = names
    this.links = new Map([[LOOPBACK, 'lo']])
    for (const { index, name } of links) if (index !== undefined) this.links.set(index, name)
  }

  /** The number of its name in the names; 0 for index 0, which is no interface. */
  number(index: number): number {
    if (index === 0) return 0
    const known = this.numbers.get(index)
    if (known !== undefined) return known
    if (this.numbers.size >= MOST) return 0
    const given = this.links.get(index)
    if (given === undefined) this.nameless++
    const bytes = encoder.encode(given ?? `#${index}`)
    const number = this.names.number(bytes, 0, bytes.length)
    this.numbers.set(index, number)
    return number
  }

  /** When no more comes. */
  end(report: Report): void {
    if (this.nameless === 0) return
    const message = 'the capture has interface indexes, but no names: add the output of `ip -j link` from that host'
    report('nameless-interfaces', message)
  }
}
