/** Played packets as groups of one, each with what would come of its exchange. */

import type { Journey } from '../model/journey.ts'
import { Exchanges } from './exchanges/exchanges.ts'
import { tellExchanges } from './exchanges/told.ts'
import { type Group, single } from './groups.ts'
import type { Played } from './simulate.ts'

export class PlayedGroups {
  readonly groups: Group[] = []
  private readonly exchanges = new Exchanges({ keepsOwn: true, played: true })

  take(one: Played): void {
    this.groups.push(single(one.explain()))
    const joined = this.exchanges.note(one)
    if (joined !== undefined) this.exchanges.list.show(joined)
  }

  /** The way of its reply as the model plays it; undefined where nothing can be told. */
  replyOf(group: Group): Journey | undefined {
    const { list } = this.exchanges
    for (let number = 0; number < list.size; number++) {
      const [first] = list.at(number).parts
      if (String(first!.id) === group.journey.id) return first!.told.reply?.journey
    }
    return undefined
  }

  /** Notes with each group what came of its exchange; all packets have been taken. */
  tellExchanges(): void {
    const byId = new Map(this.groups.map((group) => [group.journey.id, group]))
    for (const exchange of tellExchanges(this.exchanges)) {
      const group = byId.get(exchange.id)
      if (group) group.exchanges = { counts: { [exchange.status]: 1 }, worst: exchange }
    }
  }
}
