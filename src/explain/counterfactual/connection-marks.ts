/** Why a connection has not the mark that a rule asks for, as this packet's own rules show. */

import type { Statement } from '../../model/statement.ts'
import type { Context } from '../context.ts'
import { isOpening } from '../reply/request-reply.ts'
import { carries, connectionMarks, type Mark, markBehind } from './mark-behind.ts'
import { markingStep } from './marked-way.ts'

/** A rule that this packet met gave its connection the mark, and one behind it took it away. */
export function takenFromConnection(
  context: Context,
  mark: Mark,
  asker: number,
): { kind: 'lost'; step: number; setter: number } | undefined {
  let setter: number | undefined
  for (const { step, before, behind } of connectionMarks(context)) {
    if (step >= asker) break
    const [had, has] = [before, behind].map((one) => one !== undefined && carries({ ctMark: one }, mark))
    if (had && !has && behind !== undefined && setter !== undefined) return { kind: 'lost', step, setter }
    if (has && !had) setter = step
  }
  return undefined
}

/** A connection's mark is the packet's where a rule saves it. What belongs to no connection has none, whatever rules do. */
export function unsaved(
  context: Context,
  { value, mask }: Mark,
  asker: number,
): { kind: 'unsaved'; step: number } | undefined {
  const own = { value, mask }
  const mark = markBehind(context, asker - 1)
  if (value === 0 || mark === undefined || !carries({ mark }, own)) return undefined
  const { journey, evidence, world } = context
  const isSaved = evidence.arrivals.some(
    ({ rule }, i) => i < asker && journey.steps[i]!.kind === 'rule' && rule?.statements.some(writesConnection),
  )
  if (isSaved || !isOpening(journey, evidence.nat, world)) return undefined
  const setter = markingStep(context, asker - 1, own)
  return setter && { kind: 'unsaved', step: setter.step }
}

const writesConnection = (one: Statement): boolean => one.kind === 'set' && one.field === 'ct mark'
