import { type Detector, finding } from '../context.ts'

/** The same packet again: whoever sent it had no answer. */
export const retransmission: Detector = {
  code: 'retransmission',
  detect(context) {
    const repeats = context.repeats.filter(({ isSamePacket, isRound }) => !isSamePacket && !isRound)
    const [first] = repeats
    if (!first) return []
    const times = repeats.length === 1 ? 'once before,' : `${repeats.length} times before, first`
    const ago = Number.isNaN(first.before) ? '' : `${first.before.toFixed(first.before < 10 ? 1 : 0)} s earlier `
    return [
      finding(
        'retransmission',
        'note',
        `The same packet was sent ${times} ${ago}in journey ${first.id}: the sender got no reply.`,
      ),
    ]
  },
}
