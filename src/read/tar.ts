/**
 * A tar archive, piece by piece: ustar (POSIX.1-1988), with pax headers (POSIX.1-2001) and GNU's long names and numbers
 * (GNU tar, "Basic Tar Format"). Only plain files are handed on. What could lead out of a folder if it were unpacked
 * (absolute names, `..`, links) and what is no file (devices, pipes) is refused, with its name and the reason.
 */
import { BLOCK, checksumHolds, latin, readNumber } from './tar-header.ts'

export interface TarFile {
  /** With slashes, relative, without `.` and `..`. */
  name: string
  size: number
  /** Seconds since 1970. */
  mtime: number
}

export interface TarSink {
  /** Is its content wanted? Then `data` and `done` follow. */
  file(file: TarFile): boolean
  /** Valid during the call only. */
  data(chunk: Uint8Array): void
  done(): void
  /** `name` as the archive has it; `code` and `reason` as diagnostics have them. */
  refused(name: string, code: TarRefusal, reason: string): void
}

export type TarRefusal = 'archive-name' | 'archive-link' | 'archive-device' | 'archive-kind'

/** Names longer than this are nobody's. */
const LONGEST_NAME = 4096
/** Of a pax header or a GNU long name, in bytes. */
const LONGEST_HEADER = 1 << 20

/** Never throws; `damaged` says why nothing behind that place was read. */
export class TarReader {
  damaged: string | undefined
  /** The two empty blocks that close an archive have come. */
  private ended = false
  private readonly sink: TarSink
  private readonly header = new Uint8Array(BLOCK)
  private filled = 0
  /** Bytes of the entry that are still to come, and of what fills its last block. */
  private left = 0
  private padding = 0
  private mode: 'header' | 'wanted' | 'passed' | 'extension' = 'header'
  private extension: { type: string; parts: Uint8Array[] } | undefined
  private pax = new Map<string, string>()
  private longName: string | undefined
  private entries = 0

  constructor(sink: TarSink) {
    this.sink = sink
  }

  get isOver(): boolean {
    return this.ended || this.damaged !== undefined
  }

  push(chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.length && !this.isOver) {
      if (this.mode === 'header') {
        const taken = Math.min(BLOCK - this.filled, chunk.length - at)
        this.header.set(chunk.subarray(at, at + taken), this.filled)
        this.filled += taken
        at += taken
        if (this.filled < BLOCK) return
        this.filled = 0
        this.readHeader()
      } else at += this.takeContent(chunk.subarray(at))
    }
  }

  /** No more comes. */
  end(): void {
    if (this.isOver) return
    // many writers leave the empty blocks out
    if (this.mode !== 'header' || this.filled > 0) this.damaged = 'it ends in the middle of a file'
    else if (this.entries === 0) this.damaged = 'there is nothing in it'
  }

  private takeContent(chunk: Uint8Array): number {
    if (this.left > 0) {
      const part = chunk.subarray(0, Math.min(this.left, chunk.length))
      this.left -= part.length
      if (this.mode === 'wanted') this.sink.data(part)
      else if (this.mode === 'extension') this.extension!.parts.push(Uint8Array.from(part))
      if (this.left === 0) this.endContent()
      return part.length
    }
    const taken = Math.min(this.padding, chunk.length)
    this.padding -= taken
    if (this.padding === 0) this.mode = 'header'
    return taken
  }

  private endContent(): void {
    if (this.mode === 'wanted') this.sink.done()
    else if (this.mode === 'extension') this.readExtension()
    this.mode = this.padding === 0 ? 'header' : 'passed'
  }

  private readHeader(): void {
    const { header } = this
    if (header.every((byte) => byte === 0)) {
      this.ended = true
      return
    }
    const ownSize = readNumber(header, 124, 12)
    if (!checksumHolds(header) || ownSize === undefined) {
      this.damaged = this.entries === 0 ? 'it is no tar archive' : 'a header in it is damaged'
      return
    }
    this.entries++
    const type = String.fromCharCode(header[156]!)
    if (EXTENSIONS.has(type)) {
      if (ownSize > LONGEST_HEADER) this.damaged = 'a header in it is too long'
      else {
        this.extension = { type, parts: [] }
        this.begin(ownSize, 'extension')
      }
      return
    }
    const paxSize = Number(this.pax.get('size') ?? Number.NaN)
    const size = Number.isSafeInteger(paxSize) && paxSize >= 0 ? paxSize : ownSize
    const name = this.longName ?? this.pax.get('path') ?? ownName(header)
    const mtime = Number(this.pax.get('mtime') ?? readNumber(header, 136, 12) ?? 0)
    const sparse = type === 'S' || [...this.pax.keys()].some((key) => key.startsWith('GNU.sparse.'))
    this.longName = undefined
    this.pax = new Map()
    this.readEntry(name, sparse ? 'S' : type, size, Number.isFinite(mtime) ? mtime : 0)
  }

  private readEntry(name: string, type: string, size: number, mtime: number): void {
    // a link or a device has no content, whatever its size says
    const content = '12346'.includes(type) ? 0 : size
    const clean = cleanName(name)
    const isFile = type === '0' || type === '\0' || type === '7'
    // before POSIX, a name that ends so was a folder
    if (type === '5' || type === 'D' || type === 'V' || (isFile && name.endsWith('/'))) this.begin(content, 'passed')
    else if (clean === undefined) this.refuse(name, 'archive-name', nameReason(name), content)
    else if (!isFile) this.refuse(name, ...(KINDS[type] ?? UNKNOWN_KIND), content)
    else {
      const wanted = this.sink.file({ name: clean, size, mtime })
      this.begin(content, wanted ? 'wanted' : 'passed')
    }
  }

  private refuse(name: string, code: TarRefusal, reason: string, content: number): void {
    this.sink.refused(name, code, reason)
    this.begin(content, 'passed')
  }

  private begin(size: number, mode: 'wanted' | 'passed' | 'extension'): void {
    this.left = size
    this.padding = (BLOCK - (size % BLOCK)) % BLOCK
    this.mode = mode
    if (size === 0) this.endContent()
  }

  private readExtension(): void {
    const { type, parts } = this.extension!
    this.extension = undefined
    const bytes = join(parts)
    if (type === 'L') this.longName = text(bytes)
    // a global header's path or size would be that of every file: nobody writes such
    else if (type === 'x' || type === 'X') this.pax = readPax(bytes)
  }
}

/** What says something of the next entry. K: the name that a link has, which is not followed. */
const EXTENSIONS = new Set(['x', 'X', 'g', 'L', 'K'])

const LINK = 'it is a link, which is not followed'
const UNKNOWN_KIND = ['archive-kind', 'it is not a regular file'] as const
const KINDS: Readonly<Record<string, readonly [TarRefusal, string]>> = {
  '1': ['archive-link', LINK],
  '2': ['archive-link', LINK],
  '3': ['archive-device', 'it is a device'],
  '4': ['archive-device', 'it is a device'],
  '6': ['archive-device', 'it is a named pipe'],
  S: ['archive-kind', 'it is a sparse file'],
  M: ['archive-kind', 'it continues from another volume'],
}

/** Undefined: it leads somewhere else than into the archive's own folder. */
function cleanName(name: string): string | undefined {
  if (name.length > LONGEST_NAME || name.includes('\0') || /^(?:[/\\]|[A-Za-z]:[/\\])/.test(name)) return undefined
  const parts = name.split('/').filter((part) => part !== '' && part !== '.')
  return parts.length === 0 || parts.some((part) => part.split('\\').includes('..')) ? undefined : parts.join('/')
}

function nameReason(name: string): string {
  if (name.length > LONGEST_NAME) return 'its name is too long'
  if (/^(?:[/\\]|[A-Za-z]:[/\\])/.test(name)) return 'its name is an absolute path'
  return /(?:^|[/\\])\.\.(?:[/\\]|$)/.test(name) ? 'its name leads out of the archive (..)' : 'its name is empty'
}

function ownName(header: Uint8Array): string {
  const name = text(header.subarray(0, 100))
  // GNU writes other things where ustar has the beginning of a long name
  const isUstar = text(header.subarray(257, 263)) === 'ustar' && header[263] === 0x30
  const prefix = isUstar ? text(header.subarray(345, 500)) : ''
  return prefix === '' ? name : `${prefix}/${name}`
}

/** Digits of a length, in a pax header. */
const LONGEST_NUMBER = 20

/** `LENGTH KEY=VALUE\n` again and again; the length counts all of it. */
function readPax(bytes: Uint8Array): Map<string, string> {
  const records = new Map<string, string>()
  let at = 0
  while (at < bytes.length) {
    const space = bytes.subarray(at, at + LONGEST_NUMBER).indexOf(0x20)
    const length = space < 0 ? Number.NaN : Number(latin(bytes.subarray(at, at + space)))
    if (!Number.isInteger(length) || length <= space || at + length > bytes.length) return records
    const record = new TextDecoder().decode(bytes.subarray(at + space + 1, at + length - 1))
    const equals = record.indexOf('=')
    if (equals > 0) records.set(record.slice(0, equals), record.slice(equals + 1))
    at += length
  }
  return records
}

/** Up to the first NUL. */
function text(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end))
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
