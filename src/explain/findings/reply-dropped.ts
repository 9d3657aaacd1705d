import { changesOf, propose, spotOf } from '../changes.ts'
import { type Detector, describeEnd, finding } from '../context.ts'
import { isNft, nameRef, refAt } from '../refs.ts'
import { entryAnswered, openingOf } from '../request-reply.ts'
import { blame } from './verdicts.ts'
import { conditionsWords, whyThere } from './why-there.ts'

/** What was stopped is the answer: the question had come through. */
export const replyDropped: Detector = {
  code: 'reply-dropped',
  detect(context) {
    const { journey, world, ended, evidence } = context
    const { packet, outcome } = journey
    if (outcome !== 'dropped' && outcome !== 'rejected') return []
    const opening = openingOf(packet, world)
    const end = refAt(context, ended.step)
    if (!opening || !end) return []
    // what this host itself has asked, connection tracking has seen
    const own = opening.in === undefined
    const { ctState } = { ...packet, ...evidence.arrivals[ended.step]!.packet }
    // a rule that asks for states makes the kernel track connections; trying it shows whether that is enough
    const played = journey.steps[ended.step]!.known === 'simulated'
    const entry = entryAnswered(packet, world)
    const known = own || played || entry !== undefined || ctState === 'established'
    const asker = describeEnd(opening.src, opening.sport)
    // a group may have been asked, and one of its members answers an echo
    const asked =
      entry || packet.protocol === 'tcp'
        ? `${asker}, which had contacted ${describeEnd(opening.dst, opening.dport)}`
        : asker
    // raw and prerouting come before the connection is known; mangle is no place to accept
    const { hook, table } = evidence.arrivals[ended.step]!
    const place =
      known && (isNft(end) ? hook === 'input' || hook === 'forward' || hook === 'output' : table?.name === 'filter')
    const spot = spotOf(end)
    const why = conditionsWords(context)
    const told = blame(context)
    const there = told ? whyThere(context, told) : ''
    return [
      finding(
        'reply-dropped',
        'error',
        `${nameRef(end)} ${outcome} the reply to ${asked}${why === '' ? '' : ` (${why})`}${there}.`,
        {
          steps: [ended.step + 1],
          rules: [end],
          fix:
            place && spot
              ? propose(
                  'accept replies',
                  changesOf(end).add(end, spot, { kind: 'answers' }, { kind: 'accept' }),
                  'accepts only packets of connections that another rule accepted',
                )
              : [],
        },
      ),
    ]
  },
}
