/** Packets that the filter names and the kernel dropped: where a trace shows none, they ended before it begins (a netdev chain, routing). */
import { functionOf, meaningOf } from '../explain/kernel-drops/meaning.ts'
import type { Condition } from '../model/condition.ts'
import type { Drop } from '../model/host.ts'
import { printable } from '../model/printable.ts'
import { emptyWorld } from '../model/world.ts'
import { evaluate } from '../rules/evaluate.ts'

/** More kinds than these are not told apart. */
const MOST = 10

export class UnseenDrops {
  private readonly filter: Condition
  private readonly kinds = new Map<string, number>()

  constructor(filter: Condition) {
    this.filter = filter
  }

  /** `since`: when packets began to be traced; what was dropped before does not count. ISO 8601. */
  add(drops: readonly Drop[], since: string): void {
    for (const drop of drops) {
      if (Date.parse(drop.time) < Date.parse(since)) continue
      const { packet, reason } = drop
      const meaning = meaningOf(drop)
      if (packet.src === undefined || !meaning || meaning.harmless) continue
      const family = packet.src.includes(':') ? 'ip6' : 'ip'
      if (evaluate(this.filter, { packet, family, world: emptyWorld() }) !== true) continue
      const place = functionOf(drop)
      const kind = `${packet.protocol ?? 'packet'} ${packet.src} → ${packet.dst}: ${reason}${place === undefined ? '' : ` in ${place}`}`
      if (this.kinds.size < MOST || this.kinds.has(kind)) this.kinds.set(kind, (this.kinds.get(kind) ?? 0) + 1)
    }
  }

  /** One for each kind: who, where to, the reason, how often. */
  get list(): string[] {
    return [...this.kinds].map(([kind, count]) => `${kind}${count > 1 ? ` × ${count}` : ''}`)
  }

  /** Lines; none where the kernel told of no such packet. */
  get text(): string {
    if (this.kinds.size === 0) return ''
    const lines = this.list.map((one) => `  ${printable(one)}`)
    return ['The kernel dropped packets that match the filter, and no traced chain saw them:', ...lines, ''].join('\n')
  }
}
