/** What the parts of the screen are written on: the reports' page, as wide as the terminal. */
import type { Group } from '../../reports/form.ts'
import { Page } from '../../reports/text/page.ts'
import type { LiveState } from './state.ts'

export const pageOf = ({ columns, look }: LiveState): Page => new Page({ ...look, width: columns, full: false })

const cleaned = new WeakMap<Group, Group>()

/** As `page.clean`; kept, as the same groups are shown at each redraw. */
export function cleanGroup(page: Page, group: Group): Group {
  let clean = cleaned.get(group)
  if (!clean) {
    clean = page.clean(group)
    cleaned.set(group, clean)
  }
  return clean
}
