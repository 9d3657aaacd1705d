/** `nfwhy watch --page`: the page that shows a watch. */
import type { NewKind, WatchSnapshot } from '../reports/watch/snapshot.ts'
import { newKindText } from '../reports/watch/text.ts'
import { placeOf, startPage } from './page-server.ts'
import type { WatchOptions } from './watch-options.ts'

export interface WatchedPage {
  link: string
  /** A kind that came for the first time. */
  add(one: NewKind): void
  end(): void
}

/** Kinds whose first drop is kept as text: as many as a watch tells apart. */
const MOST_TOLD = 500
const FORM = { width: 100, colour: false, unicode: true, full: false, quiet: false } as const

/** Throws UserError. `now`: what was counted, once something was. */
export async function watchPage(options: WatchOptions, now: () => WatchSnapshot | undefined): Promise<WatchedPage> {
  const told = new Map<number, string>()
  const place = placeOf(options)
  const { link, end } = await startPage({ page: place.page, inputs: [], watch: { snapshot: now, told }, ...place.port })
  return {
    link,
    end,
    add(one) {
      told.set(one.kind.id, newKindText(one, FORM).trimEnd())
      // a kind that was forgotten may come again, under another number
      if (told.size > MOST_TOLD) told.delete(told.keys().next().value!)
    },
  }
}
