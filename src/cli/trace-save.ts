/** `--save DIR`: a bundle as it grows: captures as they come, rules and host state as they were read. */
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmdirSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { BUDGET } from '../live/budget.ts'
import type { Drop, TraceSession } from '../model/host.ts'
import { printable } from '../model/printable.ts'
import { isSystemError, reasonOf } from '../model/system-error.ts'
import { UserError } from '../model/user-error.ts'
import type { CaptureFormat } from '../read/captures/format.ts'
import { dropLine } from '../read/host/drop-lines.ts'
import { sessionLine } from '../read/host/session-line.ts'
import type { Bundle } from './live-run.ts'

/** File endings that people's other tools know; others are text. */
const BINARY = new Set(['nft-netlink', 'nflog-pcap'])

/** Of rules that are so since this time (ISO 8601). */
export const rulesFolder = (at: string): string => `rules-${at.slice(0, 19)}Z`

/** Of a stream, counted from 0. */
export const captureName = (stream: number, { id }: CaptureFormat): string =>
  `trace-${stream + 1}.${BINARY.has(id) ? 'pcap' : 'txt'}`

/** A file of ours may be written again; a link that somebody has laid is not followed. */
const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants
const OWN = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW

/** Of captures and drops, at most: a trace of everything fills a disk in minutes. */
const MOST = BUDGET.saved

/** As much as one block of most disks: bytes. */
const TRIAL = 4096

/** What it means that a folder cannot be made or listed, where that is not the same as for a file. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'the folder cannot be created there',
  ENOTDIR: 'the path is a file, or leads through a file; name a new folder',
  EEXIST: 'this name already exists; name a new folder',
}

/** Each place its folder, where there are several. */
export class Saved implements Bundle {
  private readonly folder: string
  private readonly opened = new Map<string, number>()
  /** Folders that were made for it, the outermost first. */
  private readonly made: string[] = []
  private broken = false
  private readonly most: number
  private written = 0
  /** Told why the rest is not saved. */
  onBroken: (message: string) => void = () => {}

  /** `most`: bytes of captures. The folder must be new or empty, and something can be written there. Throws UserError. */
  constructor(folder: string, most: number = MOST) {
    this.folder = folder
    this.most = most
    try {
      this.makeFolder()
      if (readdirSync(folder).length > 0)
        throw new UserError(`--save ${printable(folder)}: the folder is not empty; name a new folder.`)
      const trial = join(folder, '.nfwhy')
      try {
        writeFileSync(trial, new Uint8Array(TRIAL), { mode: 0o600, flag: 'wx' })
      } finally {
        rmSync(trial, { force: true })
      }
    } catch (error) {
      this.removeEmpty()
      if (!isSystemError(error)) throw error
      throw new UserError(`--save ${printable(folder)}: ${REASONS[error.code ?? ''] ?? reasonOf(error)}.`)
    }
  }

  /** One by one: asked to make those around it as well, Node tries for ever in /proc. */
  private makeFolder(): void {
    const missing: string[] = []
    for (let at = resolve(this.folder); !existsSync(at); at = dirname(at)) missing.unshift(at)
    for (const folder of missing) {
      mkdirSync(folder, { mode: 0o700 })
      this.made.push(folder)
    }
  }

  /** Folders that were made for nothing. */
  private removeEmpty(): void {
    try {
      for (const folder of this.made.toReversed()) rmdirSync(folder)
    } catch {
      // there is something in it, which stays
    }
  }

  /** What is traced; written again at the end, when it is known how long. */
  session(session: TraceSession): void {
    this.attempt(() => writeOwn(join(this.folder, 'session.json'), sessionLine(session)))
  }

  /** `at`: of rules that may change, since when they are so (ISO 8601): it stands in the folder's name. */
  files(place: string | undefined, files: ReadonlyMap<string, Uint8Array>, at?: string): void {
    this.attempt(() => {
      const folder = join(this.folder, place ?? '', at === undefined ? '' : rulesFolder(at))
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      for (const [name, bytes] of files) writeOwn(join(folder, name), bytes)
    })
  }

  drops(place: string | undefined, drops: readonly Drop[]): void {
    this.append(place, 'drops.ndjson', new TextEncoder().encode(drops.map(dropLine).join('')))
  }

  chunk(place: string | undefined, stream: number, format: CaptureFormat, chunk: Uint8Array): void {
    this.append(place, captureName(stream, format), chunk)
  }

  private append(place: string | undefined, base: string, chunk: Uint8Array): void {
    if (this.broken) return
    this.written += chunk.length
    if (this.written > this.most) {
      this.broken = true
      this.onBroken(`${printable(this.folder)} has reached ${this.most >> 20} MB; the rest is not saved`)
      return
    }
    this.attempt(() => {
      const name = join(this.folder, place ?? '', base)
      let file = this.opened.get(name)
      if (file === undefined) {
        file = openSync(name, 'wx', 0o600)
        this.opened.set(name, file)
      }
      for (let rest = chunk; rest.length > 0; ) rest = rest.subarray(writeSync(file, rest))
    })
  }

  close(): void {
    for (const file of this.opened.values()) closeSync(file)
    this.opened.clear()
    this.removeEmpty()
  }

  /** A full disk ends the saving, not the trace. */
  private attempt(write: () => void): void {
    if (this.broken) return
    try {
      write()
    } catch (error) {
      if (!isSystemError(error)) throw error
      this.broken = true
      this.onBroken(`${printable(this.folder)} cannot be written any more: ${reasonOf(error)}; the rest is not saved`)
    }
  }
}

function writeOwn(path: string, content: Uint8Array | string): void {
  const file = openSync(path, OWN, 0o600)
  try {
    writeFileSync(file, content)
  } finally {
    closeSync(file)
  }
}
