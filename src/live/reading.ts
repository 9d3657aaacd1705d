/** One stream of a session, read until it ends: it gives way to all else that goes on, and leaves what there is no time for. */
import type { CaptureExplainer } from '../analysis/capture.ts'
import type { Load } from './load.ts'
import type { EventStream } from './streams/stream.ts'

export interface ReadingOptions {
  load: Load
  /** Lulls after which nothing more comes of the packets that are under way. */
  patience: number
  /** What other streams have to tell first is still to be read. */
  isAhead(): boolean
  /** When tracing began to be switched off, by performance.now(): packets under way then may have gone on untraced. */
  switchedOff(): number | undefined
  /** Each piece, before it is read. */
  onChunk(chunk: Uint8Array): Promise<void>
  /** Pieces that are not read any more, and the events in them. */
  onUnread(chunks: readonly Uint8Array[], events: number): void
  /** All journeys that were under way are told. */
  onSettled(): void
  /** All that came so far is read; more is read when it resolves. */
  onPause(): void | Promise<void>
}

/** Milliseconds without an event after which nothing was under way. */
const QUIET = 250
/** Milliseconds without a look at timers, signals and other streams: pieces that lie ready come without one. */
const TURN = 20

export async function readStream(
  stream: Pick<EventStream, 'chunks' | 'tellsLosses' | 'abandon' | 'stop'>,
  explainer: CaptureExplainer,
  { load, patience, isAhead, switchedOff, onChunk, onUnread, onSettled, onPause }: ReadingOptions,
): Promise<void> {
  let idleTicks = 0
  let turned = performance.now()
  let latestEvent = Number.NEGATIVE_INFINITY
  const settle = () => {
    if (latestEvent > (switchedOff() ?? Number.POSITIVE_INFINITY) - QUIET) explainer.cut()
    else explainer.pause(stream.tellsLosses)
    onSettled()
  }
  try {
    for await (const chunk of stream.chunks) {
      if (chunk.length === 0) {
        if (isAhead()) idleTicks = 0
        else idleTicks++
        if (idleTicks !== patience) continue
        settle()
      } else {
        idleTicks = 0
        await onChunk(chunk)
        const { events } = explainer
        explainer.push(chunk)
        if (explainer.events > events) latestEvent = performance.now()
      }
      await onPause()
      if (load.isOver && stream.abandon) {
        await stream.stop()
        const { chunks, messages } = stream.abandon()
        // also where one of them tells only that events were lost
        if (chunks.length > 0) explainer.leftUnread()
        onUnread(chunks, messages)
        continue
      }
      if (performance.now() - turned < TURN) continue
      await new Promise((resolve) => setImmediate(resolve))
      turned = performance.now()
    }
  } finally {
    settle()
    explainer.end()
  }
}
