/** What is open: the inputs of the last call stay so for the next one. Calls are answered one after the other. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Analysis, namedInput } from '../analysis/analysis.ts'
import type { NamedInput } from '../analysis/inputs/named.ts'
import { type Inputs, openInputs } from '../analysis/inputs/open.ts'
import type { Source } from '../analysis/inputs/source.ts'
import type { Listing } from '../analysis/listing.ts'
import { noCapture } from '../analysis/no-capture.ts'
import { hasSession } from '../analysis/nothing-traced.ts'
import type { SelectOptions } from '../analysis/select.ts'
import type { Diagnostic } from '../model/diagnostic.ts'
import type { Files, Found } from './files.ts'
import type { Traced } from './machines.ts'

/** Texts alone, or with what is named; without texts and names all that the server was started with. */
export interface Wanted {
  inputs?: readonly string[] | undefined
  texts?: readonly { name: string; text: string }[] | undefined
}

/** Traces that stay readable; each is bounded by who records it. */
const MOST_TRACES = 4

/** Bytes that are read before others get their turn: messages of the client, and a call's end. */
const TURN = 4 << 20

export class Workbench {
  private readonly files: Files
  private before: Promise<unknown> = Promise.resolve()
  private signal = new AbortController().signal
  private kept: { key: string; opened: Opened } | undefined
  private sinceTurn = 0
  private readonly traces = new Map<string, readonly NamedInput[]>()
  private traced = 0

  constructor(files: Files) {
    this.files = files
  }

  /** Works once the calls before are done: never are two captures read at once. `signal` ends what is read. */
  take<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const turn = this.before.then(async () => {
      signal.throwIfAborted()
      this.signal = signal
      try {
        return await work()
      } catch (error) {
        // what was read in part is not to be gone on with
        this.kept = undefined
        throw error
      }
    })
    this.before = turn.catch(() => {})
    return turn
  }

  /** The name under which calls read it. */
  async keep({ inputs }: Traced): Promise<string> {
    const name = `trace#${++this.traced}`
    this.traces.set(name, await inputs(name))
    for (const old of [...this.traces.keys()].slice(0, -MOST_TRACES)) this.traces.delete(old)
    return name
  }

  /** What is not the name of a trace is a file. */
  private find(names: readonly string[] | undefined, warnings: Diagnostic[]): Found {
    const traces = names?.filter((name) => this.traces.has(name)) ?? []
    const files = names?.filter((name) => !this.traces.has(name))
    const found =
      files?.length === 0 && traces.length > 0 ? { inputs: [], edition: '' } : this.files.find(files, warnings)
    return { ...found, inputs: [...traces.flatMap((name) => this.traces.get(name)!), ...found.inputs] }
  }

  /** Throws UserError. */
  async open({ inputs: names, texts = [] }: Wanted): Promise<Opened> {
    const warnings: Diagnostic[] = []
    const found = names === undefined && texts.length > 0 ? { inputs: [], edition: '' } : this.find(names, warnings)
    const key = `${names?.join('\n') ?? ''}\n${found.edition}`
    if (texts.length === 0 && this.kept?.key === key) return this.kept.opened
    this.kept = undefined
    const named = [...found.inputs.map((one) => this.paced(one)), ...texts.map(namedInput)]
    const opened = new Opened(await openInputs(named, warnings))
    this.signal.throwIfAborted()
    if (texts.length === 0) this.kept = { key, opened }
    return opened
  }

  private paced(input: NamedInput): NamedInput {
    return { ...input, open: () => this.pacedSource(input.open()) }
  }

  private pacedSource(source: Source): Source {
    return {
      ...(source.size === undefined ? {} : { size: source.size }),
      live: source.live,
      again: source.again,
      forgotten: source.forgotten,
      peek: () => this.pacedBlocks(source.peek()),
      forget: (bytes) => source.forget(bytes),
      blocks: () => this.pacedBlocks(source.blocks()),
      close: () => source.close(),
    }
  }

  private async *pacedBlocks(blocks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const block of blocks) {
      this.sinceTurn += block.length
      if (this.sinceTurn >= TURN) {
        this.sinceTurn = 0
        await nextTurn()
      }
      this.signal.throwIfAborted()
      yield block
    }
  }
}

export class Opened {
  readonly inputs: Inputs
  readonly analysis: Analysis
  private listed: { key: string; listing: Listing } | undefined

  constructor(inputs: Inputs) {
    this.inputs = inputs
    this.analysis = new Analysis(inputs, {})
  }

  get hasCapture(): boolean {
    return this.inputs.captures.length > 0 || hasSession(this.inputs)
  }

  /** Throws UserError, also where there is no capture. */
  async listing(wanted: SelectOptions = {}): Promise<Listing> {
    if (!this.hasCapture) throw noCapture(this.inputs)
    const key = JSON.stringify(wanted)
    if (this.listed?.key !== key) {
      // one of them at a time in memory
      this.listed = undefined
      this.listed = { key, listing: await this.analysis.listing(wanted) }
    }
    return this.listed.listing
  }
}
