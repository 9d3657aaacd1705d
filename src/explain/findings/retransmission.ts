import { type Detector, finding } from '../context.ts'

/** The same packet again: whoever sent it had no answer. */
export const retransmission: Detector = {
  code: 'retransmission',
  detect({ repeats }) {
    const first = repeats[0]
    if (!first) return []
    const times = repeats.length === 1 ? 'once' : `${repeats.length} times`
    const ago = Number.isNaN(first.before) ? '' : `, first ${first.before.toFixed(first.before < 10 ? 1 : 0)} s earlier`
    return [
      finding(
        'retransmission',
        'note',
        `The same packet was sent ${times} before (journey ${repeats.map((one) => one.id).join(', ')}${ago}): the sender had no answer.`,
      ),
    ]
  },
}
