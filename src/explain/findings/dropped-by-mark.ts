import { FOR_REPORTS } from '../../model/for-reports.ts'
import { markWritten } from '../cause.ts'
import { type Detector, finding } from '../context.ts'
import { isReadForMore } from '../counterfactual/shared-mark.ts'
import { nameRef, refAt } from '../refs.ts'
import { blame, fixes } from './verdicts.ts'

/** It was dropped for a mark that an earlier rule had put on it: the drop itself says nothing, the mark's origin does. */
export const droppedByMark: Detector = {
  code: 'dropped-by-mark',
  detect(context) {
    if (context.journey.outcome !== 'dropped') return []
    const told = blame(context)
    const setter = told?.walked.markSetter
    if (!told || setter === undefined) return []
    const mark = context.journey.steps[setter]!.changes.find((change) => change.field === 'mark')
    const from = refAt(context, setter)
    const value = mark?.to ?? markWritten(context.evidence.arrivals[setter]!.rule)?.value ?? 0
    const { ended, world, evidence } = context
    // who sets a mark that others live by is hardly mistaken
    const isShared = isReadForMore(world, evidence.arrivals[setter]!.rule)
    const hex = `0x${Number(value).toString(16)}`
    const where = from ? nameRef(from) : 'an earlier rule'
    const via =
      told.culprit.chain === from?.chain && told.culprit.ruleNumber === from.ruleNumber
        ? ''
        : `; ${nameRef(told.culprit)} had sent it to the rule that set the mark`
    return [
      finding(
        'dropped-by-mark',
        'error',
        `${nameRef(told.end)} dropped it for its mark ${hex}, which ${where} had set${via}.`,
        {
          steps: told.steps,
          rules: isShared ? [told.end, ...told.rules.filter((one) => nameRef(one) !== nameRef(told.end))] : told.rules,
          fix: fixes(context, told),
          culprit: isShared ? ended.step : told.walked.culprit,
          [FOR_REPORTS]: { isReason: true },
        },
      ),
    ]
  },
}
