/** `--save DIR`: a bundle as it grows: captures as they come, rules and host state as they were read. */
import { closeSync, mkdirSync, openSync, readdirSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Drop } from '../model/host.ts'
import type { CaptureFormat } from '../read/captures/format.ts'
import { dropLine } from '../read/host/kernel-drops.ts'
import { printable } from '../reports/printable.ts'
import { isSystemError, reasonOf, UserError } from './errors.ts'

/** File endings that people's other tools know; others are text. */
const BINARY = new Set(['nft-netlink', 'nflog-pcap'])

/** Each place its folder, where there are several. */
export class Saved {
  private readonly folder: string
  private readonly opened = new Map<string, number>()
  private readonly warn: (message: string) => void
  private broken = false

  /** The folder must be new or empty. Throws UserError. */
  constructor(folder: string, warn: (message: string) => void) {
    this.folder = folder
    this.warn = warn
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      if (readdirSync(folder).length > 0)
        throw new UserError(`--save ${printable(folder)}: there is something in it already; name a new folder.`)
    } catch (error) {
      if (!isSystemError(error)) throw error
      throw new UserError(`--save ${printable(folder)}: ${reasonOf(error)}.`)
    }
  }

  /** `at`: of rules that may change, since when they are so (ISO 8601): it stands in the folder's name. */
  files(place: string | undefined, files: ReadonlyMap<string, Uint8Array>, at?: string): void {
    this.attempt(() => {
      const folder = join(this.folder, place ?? '', at === undefined ? '' : `rules-${at.slice(0, 19)}Z`)
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes, { mode: 0o600 })
    })
  }

  drops(place: string | undefined, drops: readonly Drop[]): void {
    this.append(place, 'drops.ndjson', new TextEncoder().encode(drops.map(dropLine).join('')))
  }

  chunk(place: string | undefined, stream: number, format: CaptureFormat, chunk: Uint8Array): void {
    this.append(place, `trace-${stream + 1}.${BINARY.has(format.id) ? 'pcap' : 'txt'}`, chunk)
  }

  private append(place: string | undefined, base: string, chunk: Uint8Array): void {
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
  }

  /** A full disk ends the saving, not the trace. */
  private attempt(write: () => void): void {
    if (this.broken) return
    try {
      write()
    } catch (error) {
      if (!isSystemError(error)) throw error
      this.broken = true
      this.warn(`${printable(this.folder)} cannot be written any more: ${reasonOf(error)}; the rest is not saved`)
    }
  }
}
