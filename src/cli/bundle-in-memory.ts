/** A bundle as it grows, in memory: its files can be read while a trace goes on, and nothing of it stays on a disk. */
import type { Drop, TraceSession } from '../model/host.ts'
import type { CaptureFormat } from '../read/captures/format.ts'
import { dropLine } from '../read/host/drop-lines.ts'
import { sessionLine } from '../read/host/session-line.ts'
import type { ServedInput } from '../server/input.ts'
import type { Bundle } from './live-run.ts'
import { captureName, rulesFolder } from './trace-save.ts'

/** The folder's name, as the page shows it. */
const FOLDER = 'trace'

export class BundleInMemory implements Bundle {
  readonly inputs: GrowingInput[] = []
  /** Something came. */
  onChange: () => void = () => {}
  /** There is no room for more. */
  onFull: () => void = () => {}
  private readonly byName = new Map<string, GrowingInput>()
  private readonly most: number
  private size = 0

  /** `most`: bytes of captures, and of the rulesets that come after the first. */
  constructor(most: number) {
    this.most = most
  }

  session(session: TraceSession): void {
    this.file([], 'session.json').replace(new TextEncoder().encode(sessionLine(session)))
    this.onChange()
  }

  files(place: string | undefined, files: ReadonlyMap<string, Uint8Array>, at?: string): void {
    const folders = [...(place === undefined ? [] : [place]), ...(at === undefined ? [] : [rulesFolder(at)])]
    for (const [name, bytes] of files) {
      this.file(folders, name).replace(bytes)
      // some hosts change theirs every second
      if (at !== undefined) this.count(bytes)
    }
    this.onChange()
  }

  drops(place: string | undefined, drops: readonly Drop[]): void {
    this.append(place, 'drops.ndjson', new TextEncoder().encode(drops.map(dropLine).join('')))
  }

  chunk(place: string | undefined, stream: number, format: CaptureFormat, chunk: Uint8Array): void {
    // whoever hands it over uses it again
    this.append(place, captureName(stream, format), chunk.slice())
  }

  close(): void {}

  private append(place: string | undefined, name: string, chunk: Uint8Array): void {
    if (this.size >= this.most) return
    this.file(place === undefined ? [] : [place], name).append(chunk)
    this.count(chunk)
    this.onChange()
  }

  private count({ length }: Uint8Array): void {
    const was = this.size
    this.size += length
    if (was < this.most && this.size >= this.most) this.onFull()
  }

  private file(within: readonly string[], base: string): GrowingInput {
    const folders = [FOLDER, ...within]
    const name = [...folders, base].join('/')
    let file = this.byName.get(name)
    if (!file) {
      file = new GrowingInput(name, folders)
      this.byName.set(name, file)
      this.inputs.push(file)
    }
    return file
  }
}

class GrowingInput implements ServedInput {
  readonly name: string
  readonly folders: readonly string[]
  edition = 0
  private parts: Uint8Array[] = []
  private length = 0

  constructor(name: string, folders: readonly string[]) {
    this.name = name
    this.folders = folders
  }

  replace(bytes: Uint8Array): void {
    this.edition++
    this.parts = [bytes]
    this.length = bytes.length
  }

  append(bytes: Uint8Array): void {
    this.parts.push(bytes)
    this.length += bytes.length
  }

  async size(): Promise<number> {
    return this.length
  }

  read(from: number, to: number): ReadableStream<Uint8Array<ArrayBuffer>> {
    const found: Uint8Array<ArrayBuffer>[] = []
    let at = 0
    for (const part of this.parts as Uint8Array<ArrayBuffer>[]) {
      if (at < to && at + part.length > from) found.push(part.subarray(Math.max(0, from - at), to - at))
      at += part.length
    }
    return new Blob(found).stream()
  }
}
