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

  /** Of one page, until it hangs up or `end` is called. */
  stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    const { feed } = this
    const encoder = new TextEncoder()
    let leave = () => {}
    return new ReadableStream({
      start: (controller) => {
        this.count(1)
        let timer: NodeJS.Timeout | undefined
        const tell = async () => {
          const message = JSON.stringify(await feed.state())
          timer = undefined
          // it may have hung up meanwhile
          if (controller.desiredSize !== null) controller.enqueue(encoder.encode(`data: ${message}\n\n`))
        }
        const forget = feed.onChange(() => {
          timer ??= setTimeout(tell, PACE)
        })
        leave = () => {
          forget()
          clearTimeout(timer)
          this.count(-1)
        }
        void tell()
      },
      cancel: () => leave(),
    })
  }

  private count(change: number): void {
    this.pages += change
    this.feed.watched(this.pages)
  }
}
