import type { Packet } from '../../model/packet.ts'
import { reverseWay } from '../../rules/fib.ts'
import { isUnknown } from '../../rules/truth.ts'
import { whyUnanswered } from '../../rules/unanswered.ts'
import { asksWayBack } from '../cause.ts'
import { type Detector, finding } from '../context.ts'
import { nameRef } from '../refs.ts'
import { addWayBack } from '../routes.ts'
import { blame, fixes } from './verdicts.ts'
import { conditionsWords, ownerWords, whyThere } from './why-there.ts'

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
    const { host } = context.world
    const back = rule?.conditions.some(asksWayBack)
      ? reverseWay(packet, host, { mark: false, strict: false })
      : undefined
    const leads = back === undefined || isUnknown(back) || back.device === packet.in ? '' : wayOf(packet, back.device)
    const message = `${nameRef(told.end)}${ownerWords(told.end)} dropped it${why === '' ? '' : ` (${why})`}${told.filled}.${whyThere(context, told)}${leads}${unanswered}`
    return [
      finding('dropped-by-rule', 'error', message, {
        steps: told.steps,
        rules: told.rules,
        fix: [...(leads === '' ? [] : addWayBack(packet, host)), ...fixes(context, told)],
        culprit: told.walked.culprit,
      }),
    ]
  },
}

const wayOf = ({ src }: Packet, device: string): string =>
  device === '' ? ` There is no route back to ${src}.` : ` The route back to ${src} leads out of ${device}.`
