/** A trace that goes on: its pages are told when there is more, and read it as the files of a bundle. */
import type { LiveState } from '../ui/protocol.ts'
import type { ServedInput } from './input.ts'

/** What a server shows while it is traced. */
export interface LiveFeed {
  readonly inputs: readonly ServedInput[]
  state(): Promise<LiveState>
  /** `told` is called whenever `state` has become another. Gives what ends that. */
  onChange(told: () => void): () => void
  /** A page asks for the end. */
  stop(): void
  /** Another page looks on, or none does any more. */
  watched(pages: number): void
}

/** Milliseconds between two messages, at least. */
const PACE = 250

/** Server-sent events: each a LiveState as JSON. */
export class LivePages {
  private readonly feed: LiveFeed
  private pages = 0

  constructor(feed: LiveFeed) {
    this.feed = feed
  }

  /** Of one page, until it hangs up. A page that is slow to read gets the last state alone. */
  stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    const { feed } = this
    const encoder = new TextEncoder()
    let isNew = true
    let isGone = false
    let wake = () => {}
    const forget = feed.onChange(() => {
      isNew = true
      wake()
    })
    this.count(1)
    return new ReadableStream({
      // asked for when there is room
      async pull(controller) {
        if (!isNew)
          await new Promise<void>((done) => {
            wake = done
          })
        isNew = false
        const message = JSON.stringify(await feed.state())
        if (isGone) return
        controller.enqueue(encoder.encode(`data: ${message}\n\n`))
        await new Promise((done) => setTimeout(done, PACE))
      },
      cancel: () => {
        isGone = true
        forget()
        this.count(-1)
      },
    })
  }

  private count(change: number): void {
    this.pages += change
    this.feed.watched(this.pages)
  }
}
