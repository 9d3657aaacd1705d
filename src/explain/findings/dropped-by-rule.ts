import { FOR_REPORTS } from '../../model/for-reports.ts'
import { whyUnanswered } from '../../rules/unanswered.ts'
import { type Detector, finding } from '../context.ts'
import { withWayBack } from '../host/other-way.ts'
import { nameRef, refAt } from '../refs.ts'
import { conditionsWords, forReports, ownerWords, unaffected, wayBackWords, whyThere } from '../why-there.ts'
import { redirectNowhere } from './redirect-nowhere.ts'
import { blame, fixes } from './verdicts.ts'

/** A rule dropped it. The other dropped-by findings tell of policies and marks. */
export const droppedByRule: Detector = {
  code: 'dropped-by-rule',
  detect(context) {
    if (context.journey.outcome !== 'dropped') return []
    const step = context.journey.steps[context.ended.step]!
    const told = blame(context)
    if (step.kind === 'policy' || !told || told.walked.markSetter !== undefined) return []
    const arrival = context.evidence.arrivals[context.ended.step]!
    const { rule, packet } = arrival
    const why = conditionsWords(context)
    const silent = whyUnanswered(rule?.statements ?? [], arrival, context.world.host)
    const unanswered = silent === undefined ? '' : ` The sender gets no reject message: ${silent}.`
    const leads = wayBackWords(context)
    const there = whyThere(context, told)
    const nowhere = redirectNowhere(context)
    const proposed = nowhere?.fix ?? fixes(context, told)
    const aside = unaffected(context)
    const more = `${nowhere?.words ?? ''}${unanswered}${aside.words}`
    const message = `${nameRef(told.end)}${ownerWords(told.end)} dropped it${why === '' ? '' : ` (${why})`}${told.filled}${there}.${more}`
    return [
      finding('dropped-by-rule', aside.isCopy ? 'warning' : 'error', message, {
        steps: told.steps,
        rules: told.rules,
        fix: leads === undefined ? proposed : withWayBack(packet, context.world.host, proposed),
        culprit: told.walked.culprit,
        [FOR_REPORTS]: forReports(context, why, there, more),
      }),
    ]
  },
}

/** iptables' target gives no verdict that a trace shows: the packet goes no further than its rule (redirect_tg4). */
export const droppedByRedirect: Detector = {
  code: 'dropped-by-rule',
  detect(context) {
    const { journey, ended } = context
    const nowhere = journey.outcome === 'vanished' ? redirectNowhere(context) : undefined
    const ref = nowhere && refAt(context, ended.step)
    if (!ref) return []
    return [
      finding('dropped-by-rule', 'error', `${nameRef(ref)} dropped it.${nowhere.words}`, {
        steps: [ended.step + 1],
        rules: [ref],
        fix: nowhere.fix,
        culprit: ended.step,
      }),
    ]
  },
}
