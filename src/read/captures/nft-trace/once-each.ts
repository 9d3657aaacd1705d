/**
 * Two programs write one file, or one prints what it reads twice: each line stands there as often, one behind the other.
 * nft prints a packet once for a chain, so its lines tell that; two equal rules may follow each other.
 */
import { once } from '../../../model/diagnostic.ts'
import type { CaptureContext, EventSink } from '../format.ts'

/** Hands an event on only where it is not the copy of the one before. */
export function onceEach({ sink, report, states }: CaptureContext): EventSink {
  const tell = once(report)
  let [lastPoint, lastHeaders, lastId, lastMark] = [-1, 0, 0, 0]
  /** Lines like the last one, in a row. */
  let same = 0
  /** As often more than once the latest packet stands there. */
  let copies = 0
  return {
    event(point, state, at, line, traceId = 0, mark = -1) {
      // the number of a state may be another packet's by now
      const headers = state < 0 ? 0 : states.hashOf(state)
      if (point === lastPoint && headers === lastHeaders && traceId === lastId && mark === lastMark) {
        same++
        if (state >= 0) copies = same
        if (same % (copies + 1) !== 0) {
          tell('line-repeated', 'the trace has this line twice, one behind the other; nfwhy counts it once', line)
          if (state < 0) return
          // a state's number is used again when its packet's journey has ended
          states.retain(state)
          states.release(state)
          return
        }
      } else {
        ;[lastPoint, lastHeaders, lastId, lastMark, same] = [point, headers, traceId, mark, 0]
        if (state >= 0) copies = 0
      }
      sink.event(point, state, at, line, traceId, mark)
    },
    ...(sink.lost && { lost: (line, goesOn) => sink.lost!(line, goesOn) }),
  }
}
