/** One stream of a session, read until it ends: it gives way to all else that goes on, and leaves what there is no time for. */
import type { CaptureExplainer } from '../analysis/capture.ts'
import type { Load } from './load.ts'
import type { EventStream } from './streams/stream.ts'

export interface ReadingOptions {
  load: Load
  /** Lulls after which nothing more comes of the packets that are under way. */
  patience: number
  /** Each piece, before it is read. */
  onChunk(chunk: Uint8Array): Promise<void>
  /** Pieces that are not read any more, and the events in them. */
  onUnread(chunks: readonly Uint8Array[], events: number): void
  /** All that came so far is read; more is read when it resolves. */
  onPause(): void | Promise<void>
}

/** Milliseconds without a look at timers, signals and other streams: pieces that lie ready come without one. */
const TURN = 20

export async function readStream(
  stream: Pick<EventStream, 'chunks' | 'tellsLosses' | 'abandon' | 'stop'>,
  explainer: CaptureExplainer,
  { load, patience, onChunk, onUnread, onPause }: ReadingOptions,
): Promise<void> {
  let lulls = 0
  let turned = performance.now()
  try {
    for await (const chunk of stream.chunks) {
      if (chunk.length === 0) {
        if (++lulls !== patience) continue
        explainer.pause(stream.tellsLosses)
      } else {
        lulls = 0
        await onChunk(chunk)
        explainer.push(chunk)
      }
      await onPause()
      if (load.isOver && stream.abandon) {
        await stream.stop()
        const { chunks, messages } = stream.abandon()
        if (messages > 0) explainer.leftUnread()
        onUnread(chunks, messages)
        continue
      }
      if (performance.now() - turned < TURN) continue
      await new Promise((resolve) => setImmediate(resolve))
      turned = performance.now()
    }
  } finally {
    explainer.pause(stream.tellsLosses)
    explainer.end()
  }
}
