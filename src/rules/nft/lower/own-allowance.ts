/** What a named limit or quota, or the set's own element, allows a packet: where a rule names it, the figures stand elsewhere. */
import type { Allowance, Condition } from '../../../model/condition.ts'
import type { EvalContext } from '../../eval-context.ts'
import { isUnknown, type Unknown, unknown } from '../../truth.ts'
import type { LimitBody, QuotaBody } from '../ast.ts'
import { mapped } from '../map.ts'
import { allowanceIn } from '../update.ts'
import { allowanceCondition, limitCondition, quotaCondition } from './stateful.ts'

export type OfObject = Extract<Allowance, { object: string }>

export interface NamedAllowance {
  name: string
  condition: Condition
  values: LimitBody | QuotaBody
}

/** The table's own limit or quota of that name, whoever asks for it. */
export function namedAllowance(of: OfObject, text: string, moment: EvalContext): NamedAllowance | Unknown {
  const data = of.map ? mapped(of.map, moment) : undefined
  if (isUnknown(data)) return data
  const name = of.name ?? data?.[0]
  const table = moment.world.tables.find((one) => one.family === of.table.family && one.name === of.table.name)
  const found = name === undefined ? undefined : table?.objects?.get(`${of.object} ${name}`)
  if (!found || name === undefined) return unknown(`the definition of ${of.object} ${name ?? ''} is unknown`)
  if (of.object === 'quota') {
    const values = quotaOf(found.values as { bytes?: number })
    return { name, values, condition: quotaCondition(values, text) }
  }
  const values = found.values as LimitBody
  return { name, values, condition: limitCondition(values, text) }
}

/** An object has its bytes under another word than a rule's quota. */
const quotaOf = ({ bytes = 0, ...rest }: { bytes?: number }): QuotaBody => ({ val: bytes, ...rest })

/** The same of the condition, with its figures; none where they are not known. */
export function withFigures(condition: Condition, moment: EvalContext): Condition[] {
  if (condition.kind !== 'unknown') return [condition]
  const { lasts, text } = condition
  if (lasts && 'object' in lasts) {
    const found = namedAllowance(lasts, text, moment)
    return isUnknown(found) ? [] : [found.condition]
  }
  if (!lasts || !('element' in lasts)) return [condition]
  const own = allowanceIn(lasts.element, moment)?.element
  return (own?.carries ?? []).flatMap((one) => allowanceCondition(one, text) ?? [])
}
