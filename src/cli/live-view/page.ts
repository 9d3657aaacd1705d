/** What the parts of the screen are written on: the reports' page, as wide as the terminal. */
import type { Group } from '../../reports/form.ts'
import { Page } from '../../reports/text/page.ts'
import type { LiveState } from './state.ts'

export const pageOf = ({ columns, look }: LiveState): Page => new Page({ ...look, width: columns, full: false })

/** For each set of signs. No memo: it is the page that cleans. */
const cleaned = new WeakMap<Page['marks'], WeakMap<Group, Group>>()

/** As `page.clean`; kept, as the same groups are shown at each redraw. */
export function cleanGroup(page: Page, group: Group): Group {
  const known = cleaned.get(page.marks) ?? new WeakMap<Group, Group>()
  cleaned.set(page.marks, known)
  const clean = known.get(group) ?? page.clean(group)
  known.set(group, clean)
  return clean
}
