/** Journeys in any form, as one text. */

import type { Ending } from '../analysis/ending.ts'
import { type Group, single } from '../analysis/groups.ts'
import type { Exchange } from '../model/exchange.ts'
import type { Journey } from '../model/journey.ts'
import type { FormOptions } from './form.ts'
import { FORMS, type FormName } from './index.ts'

/** `ending`: what was read, and what was not. `exchanges`: for the forms that programs read. */
export function printReport(
  name: FormName,
  journeys: readonly (Journey | Group)[],
  ending: Ending,
  { exchanges = [], ...options }: Partial<FormOptions> & { exchanges?: readonly Exchange[] } = {},
): string {
  const form = FORMS[name]
  const writer = form.open(options)
  const groups = journeys.map((one) => ('journey' in one ? one : single(one)))
  const begin = writer.begin(form.folds ? groups : undefined)
  return (
    begin +
    groups.map((group) => writer.journey(group)).join('') +
    exchanges.map((one) => writer.exchange?.(one) ?? '').join('') +
    writer.end(ending, groups)
  )
}
