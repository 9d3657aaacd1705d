/** How far the streams of one session are read: what one of them tells may be good only once the others have told theirs. */
import type { EventStream } from './streams/stream.ts'

/** Milliseconds between two looks. */
const LOOK = 10

export class Pace {
  private readonly streams: readonly Pick<EventStream, 'unread'>[]
  /** Of these a piece has come that is not read yet. */
  private readonly busy = new Set<Pick<EventStream, 'unread'>>()
  /** Of these, packets may be under way that are told once nothing has come for a while. */
  private readonly unsettled = new Set<Pick<EventStream, 'unread'>>()

  /** `streams`: grows as they are opened. */
  constructor(streams: readonly Pick<EventStream, 'unread'>[]) {
    this.streams = streams
  }

  begin(stream: Pick<EventStream, 'unread'>): void {
    this.busy.add(stream)
    this.unsettled.add(stream)
  }

  end(stream: Pick<EventStream, 'unread'>): void {
    this.busy.delete(stream)
  }

  /** All that was read of it is told. */
  settle(stream: Pick<EventStream, 'unread'>): void {
    this.unsettled.delete(stream)
  }

  /** Has any other stream not told all that has come by it? */
  othersUnsettled(stream: Pick<EventStream, 'unread'>): boolean {
    return this.othersLag(stream) || this.streams.some((other) => other !== stream && this.unsettled.has(other))
  }

  /** Has any other stream more to tell than was read of it? */
  othersLag(stream: Pick<EventStream, 'unread'>): boolean {
    return this.streams.some((other) => other !== stream && (this.busy.has(other) || other.unread() > 0))
  }

  /** Resolves when all that has come by the other streams is read, or where that cannot be waited for. */
  async othersRead(stream: Pick<EventStream, 'unread'>, cannotWait: () => boolean): Promise<void> {
    // a piece that another stream hands over right now is counted by then
    await new Promise((resolve) => setImmediate(resolve))
    while (this.othersLag(stream) && !cannotWait()) await new Promise((resolve) => setTimeout(resolve, LOOK))
  }
}
