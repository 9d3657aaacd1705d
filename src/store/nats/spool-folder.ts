/**
 * One process' messages on disk, and how much of them was lost. A file has its name when it is whole, and the name says what is in it,
 * so that nothing has to be read to count it. What falls out is first noted, and then removed: whoever is killed between
 * leaves a file that the note names, and nothing is counted twice, or not at all.
 */
import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync, renameSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolder } from '../folders.ts'
import { type Counts, NOTHING, rowsOf, sum } from './counts.ts'
import { idOf, type Message } from './message.ts'

export interface Spooled {
  readonly folder: SpoolFolder
  readonly name: string
  readonly id: string
  readonly counts: Counts
  /** Bytes on disk. */
  readonly size: number
}

/** What fell out, and is not told to the broker yet. */
interface Note {
  /** Of the folder: with `told` it is the id of a message, so that one that is sent twice counts once. */
  id: string
  told: number
  /** On its way to the broker: what comes later is a message of its own. */
  sending?: Counts
  waiting: Counts
  /** Counted, and perhaps still there. */
  removing: readonly string[]
}

const NOTE = 'lost.json'
const NAME = /^\d{15}-\d{6}\.(\d+)\.(\d+)\.(\d+)\.(\d+)\.([\da-f]{32})$/
/** What the smallest file takes of a disk. */
const BLOCK = 4096

let latest = { time: 0, n: 0 }

/** Names sort as messages came. */
function nameOf({ id, counts: { exchanges, journeys, drops, rulesets } }: Message): string {
  const time = Math.max(Date.now(), latest.time)
  latest = { time, n: time === latest.time ? latest.n + 1 : 0 }
  const when = `${String(time).padStart(15, '0')}-${String(latest.n).padStart(6, '0')}`
  return `${when}.${exchanges}.${journeys}.${drops}.${rulesets}.${id}`
}

export class SpoolFolder {
  readonly path: string
  private note: Note

  constructor(path: string) {
    makeFolder(path)
    this.path = path
    this.note = this.readNote()
  }

  /** In the order in which they came. What a process that was killed left half done is ended. */
  messages(): Spooled[] {
    for (const name of this.note.removing) rmSync(join(this.path, name), { force: true })
    const found: Spooled[] = []
    for (const name of readdirSync(this.path).sort()) {
      const [, exchanges, journeys, drops, rulesets, id] = NAME.exec(name) ?? []
      if (id !== undefined) {
        const counts = {
          exchanges: Number(exchanges),
          journeys: Number(journeys),
          drops: Number(drops),
          rulesets: Number(rulesets),
        }
        found.push({ folder: this, name, id, counts, size: sizeOnDisk(statSync(join(this.path, name)).size) })
      } else if (name.startsWith('.')) rmSync(join(this.path, name), { force: true })
    }
    return found
  }

  put(message: Message): Spooled {
    const name = nameOf(message)
    this.write(name, message.bytes)
    const { id, counts, bytes } = message
    return { folder: this, name, id, counts, size: sizeOnDisk(bytes.length) }
  }

  /** Undefined: it is damaged, as after a loss of power. */
  read({ name, id }: Spooled): Uint8Array | undefined {
    const bytes = readFileSync(join(this.path, name))
    return idOf(bytes) === id ? bytes : undefined
  }

  /** The broker has it. */
  remove({ name }: Spooled): void {
    rmSync(join(this.path, name), { force: true })
  }

  lose({ name, counts }: Spooled): void {
    this.change({ waiting: sum(this.note.waiting, counts), removing: [name] })
    rmSync(join(this.path, name), { force: true })
  }

  /** Of what was never here. */
  loseUnwritten(counts: Counts): void {
    this.change({ waiting: sum(this.note.waiting, counts) })
  }

  /** All that fell out and is not told to the broker. */
  get lost(): Counts {
    return sum(this.note.waiting, this.note.sending ?? NOTHING)
  }

  /** What to tell the broker; the same again until it has it. */
  nextLost(): { id: string; counts: Counts } | undefined {
    if (!this.note.sending && rowsOf(this.note.waiting) > 0)
      this.change({ sending: this.note.waiting, waiting: NOTHING })
    const { id, told, sending } = this.note
    return sending && { id: `${id}-${told}`, counts: sending }
  }

  lostIsTold(): void {
    const { sending: _, ...note } = this.note
    this.note = note
    this.change({ told: note.told + 1 })
  }

  /** Of nothing that waits, nothing is left. */
  removeEmpty(): void {
    if (rowsOf(this.lost) > 0 || readdirSync(this.path).some((name) => name !== NOTE)) return
    rmSync(join(this.path, NOTE), { force: true })
    rmdirSync(this.path)
  }

  private change(change: Partial<Note>): void {
    this.note = { ...this.note, ...change }
    this.write(NOTE, JSON.stringify(this.note))
  }

  private write(name: string, content: Uint8Array | string): void {
    const unfinished = join(this.path, `.${name}`)
    writeFileSync(unfinished, content, { mode: 0o600 })
    renameSync(unfinished, join(this.path, name))
  }

  private readNote(): Note {
    try {
      return JSON.parse(readFileSync(join(this.path, NOTE), 'utf8')) as Note
    } catch {
      return { id: randomUUID(), told: 0, waiting: NOTHING, removing: [] }
    }
  }
}

export const sizeOnDisk = (bytes: number): number => Math.ceil(bytes / BLOCK) * BLOCK
