/** The page of a report file: what it holds was made beforehand; the worker starts where a packet is to be played. */
import { FACET_KINDS, FACET_OF } from '../facets.ts'
import type { Argument, Call, Explanation, PageFile, Row, Value, Wanted } from '../protocol.ts'
import type { HeldFile } from '../report/held-files.ts'
import type { ReportData } from '../report/report-data.ts'
import { fromBase91 } from './base91.ts'
import { type Asks, Engine, Refused } from './engine.ts'

type Answers = { [C in Call]?: (argument: Argument<C>) => Value<C> }

export class Report implements Asks {
  private readonly data: ReportData
  private shown: readonly Explanation[]
  private engine: Promise<Engine> | undefined

  constructor(data: ReportData) {
    this.data = data
    this.shown = data.explanations
  }

  /** Rejects with Refused. */
  async ask<C extends Call>(call: C, argument: Argument<C>): Promise<Value<C>> {
    const answer = this.answers[call] as ((argument: Argument<C>) => Value<C>) | undefined
    if (answer) return answer(argument)
    this.engine ??= this.start()
    return (await this.engine).ask(call, argument)
  }

  private readonly answers: Answers = {
    select: (wanted) => {
      this.shown = this.data.explanations.filter(({ row }) => isWanted(row, wanted))
      return { ...this.data.listed, rows: this.shown.length }
    },
    rows: ({ from, to }) => this.shown.slice(from, to).map(({ row }) => ({ ...row, exchanges: 0 })),
    expand: () => this.shown.length,
    look: ({ id }) => {
      const place = this.shown.findIndex(({ row }) => row.id === id)
      return place < 0 ? undefined : { place, rows: this.shown.length, explanation: this.shown[place]! }
    },
  }

  private async start(): Promise<Engine> {
    const { files } = this.data
    if (!files) throw new Refused('This report has no files to simulate packets with.')
    const text = await unpacked('nfwhy-worker', fromBase91)
    const engine = new Engine(new Worker(URL.createObjectURL(new Blob([text], { type: 'text/javascript' }))))
    await engine.ask('open', files.map(pageFile))
    return engine
  }
}

const isWanted = (row: Row, wanted: Wanted): boolean =>
  FACET_KINDS.every((kind) => wanted[kind].length === 0 || wanted[kind].includes(FACET_OF[kind](row) ?? ''))

const pageFile = ({ name, folders, as, mtime, ...content }: HeldFile): PageFile => ({
  ...{ name, folders, as },
  ...(mtime === undefined ? {} : { mtime }),
  bytes: 'text' in content ? new TextEncoder().encode(content.text) : bytesOf(content.base64),
})

const bytesOf = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))

/** What stands gzipped in this element of the page. */
async function unpacked(id: string, read = bytesOf): Promise<string> {
  const packed = new Blob([read(document.getElementById(id)!.textContent!.trim()) as Uint8Array<ArrayBuffer>])
  return new Response(packed.stream().pipeThrough(new DecompressionStream('gzip'))).text()
}

/** What the page holds, where it is a report. */
export async function embeddedReport(): Promise<ReportData | undefined> {
  return document.getElementById('nfwhy-report')
    ? (JSON.parse(await unpacked('nfwhy-report')) as ReportData)
    : undefined
}
