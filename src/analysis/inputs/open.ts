/** Named inputs → what each is, the Worlds of all rulesets and host state, the captures to read. */

import { loadDrops } from '../../explain/kernel-drops/later.ts'
import { concat } from '../../model/concat.ts'
import { collectInto, type Diagnostic, type Report } from '../../model/diagnostic.ts'
import { printable } from '../../model/printable.ts'
import { UserError } from '../../model/user-error.ts'
import type { World } from '../../model/world.ts'
import type { CaptureFormat } from '../../read/captures/format.ts'
import { type Filed, type History, makeHistory } from '../../read/history.ts'
import { findMachines, type Placed } from '../../read/machines.ts'
import { mayBePasted } from '../../read/pasted/signs.ts'
import { type Recognised, recognise } from '../../read/recognise.ts'
import { readPart } from '../../read/world.ts'
import type { Redactor } from '../../redact/index.ts'
import { Bounds } from './bounds.ts'
import type { NamedInput } from './named.ts'
import { ownDocument, ownDocumentWords } from './own-document.ts'
import { type Found, MOST_LOOKED_AT, recogniseSource } from './recognise.ts'
import { ReadError, type Source } from './source.ts'
import { DEEPEST, gunzipped, packingOf } from './unpack.ts'

/** A file that was read. */
export interface InputFile {
  /** Path, or `standard input`. */
  name: string
  /** What it was recognised as. */
  format: string
  /** Of a packed file: those that came out. A capture's are known when it has been read. */
  bytes: number
}

export interface CaptureInput {
  name: string
  format: CaptureFormat
  source: Source
  file: InputFile
  /** Journeys of the captures that are read before it, once it was read. */
  journeysBefore?: number
}

/** One host or network namespace: its rules and state, and what was captured there. */
export interface MachineInput extends History {
  /** Where there are several. */
  name?: string
  captures: CaptureInput[]
  /** Of several rulesets the one that each capture's trace fits, once that was found out. */
  chosen?: ReadonlyMap<CaptureInput, World>
}

export interface Inputs {
  machines: MachineInput[]
  /** Those of all machines. */
  captures: CaptureInput[]
  warnings: Diagnostic[]
  files: InputFile[]
  /** Of files that --as says are something else: what they look like, a sentence each. */
  looksLike: readonly string[]
  /** Captures that were read to their end before: what there is to warn of is known. */
  read?: Set<CaptureInput>
}

/** A file, or a part of one, as it was used: out of its archive, and redacted where all are. */
export interface UsedFile {
  name: string
  folders: readonly string[]
  /** Seconds since 1970, of a file in an archive. */
  mtime?: number
  format: string
  /** Of a ruleset or host state the text, of a capture what is read later. */
  content: string | Source
}

/** Rulesets and host state are read whole; JavaScript's texts end at 512 MB. */
const MOST_TEXT = 400e6

/**
 * Throws UserError for what cannot be read at all, and where nothing is of any use. `warnings`: of the names themselves;
 * more are added. `redactor`: as if all were redacted. `onUsed`: for who hands them on.
 */
export async function openInputs(
  named: readonly NamedInput[],
  warnings: Diagnostic[],
  redactor?: Redactor,
  onUsed?: (file: UsedFile) => void,
): Promise<Inputs> {
  // few ask for it, and a page need not wait for it
  const redaction = redactor && (await import('./redacted.ts'))
  const reader = new InputReader(warnings, redactor, redaction, onUsed)
  if (redactor) for (const input of named) await redaction!.learnNames(input, redactor)
  for (const input of named) await reader.read({ ...input, depth: 0 })
  if (reader.files.every(({ format }) => format === EMPTY))
    throw (await import('./nothing-read.ts')).nothingRead(named.length, reader)
  for (const { name, format } of reader.files)
    if (format === EMPTY && [IS_CAPTURE, IS_RULESET].some((one) => one.test(basename(name))))
      warnings.push({ input: name, code: 'empty', message: 'it is empty: did the command that wrote it run as root?' })
  const found = findMachines(reader.placed)
  for (const { files } of found) {
    const parts = files.map(({ part }) => part)
    // most name their links once, and a page need not wait for it
    if (parts.filter(({ host }) => host.some(({ links }) => links)).length > 1)
      (await import('../../read/host/two-hosts.ts')).tellTwoHosts(parts, warnings)
  }
  const machines = found.map(({ name, files, captures }) => ({
    ...(name === undefined ? {} : { name }),
    ...makeHistory(files, warnings),
    captures,
  }))
  if (redactor) for (const one of redaction!.doubtsOf(redactor)) warnings.push(one)
  if (machines.some(({ world }) => world.host.drops)) await loadDrops()
  const captures = machines.flatMap((one) => one.captures)
  return { machines, captures, warnings, files: reader.files, looksLike: reader.looksLike }
}

/** For what is about one machine: the one of that name, or the only one. Throws UserError where there are several. */
export function onlyMachine({ machines }: Inputs, name?: string): MachineInput {
  const [first, ...others] = name === undefined ? machines : machines.filter((one) => one.name === name)
  if (first && others.length === 0) return first
  const names = machines.map((one) => printable(one.name ?? 'what lies above them')).join(', ')
  if (name !== undefined) throw new UserError(`There is no machine "${printable(name)}" among the inputs: ${names}.`)
  throw new UserError(`There are several machines among the inputs: ${names}.`, 'Give the files of one of them.')
}

/** The `format` of an empty file: what an empty table prints. */
export const EMPTY = 'empty'
/** What `ip -j` prints of nothing. */
const EMPTY_LIST = /^\s*\[\s*\]\s*$/
/** As captures are named. */
export const IS_CAPTURE = /trace|monitor|dmesg|journal|syslog|kern|nflog|\.(log|p?cap(ng)?)(\.gz)?$/i
/** As rules are. Of host state, an empty listing is nothing to wonder at. */
const IS_RULESET = /rule|nft|ip6?tables|ebtables|\.v[46](\.gz)?$/i

type Redaction = typeof import('./redacted.ts')

/** What is read: a file, or a file in an archive. */
interface Item extends Omit<NamedInput, 'again'> {
  /** Archives around it. */
  depth: number
}

/** Reads rulesets and host state whole, and opens captures. */
class InputReader {
  readonly files: InputFile[] = []
  readonly placed: Placed<CaptureInput>[] = []
  readonly warnings: Diagnostic[]
  /** What is told where nothing else was found. */
  readonly passedOver: Diagnostic[] = []
  readonly looksLike: string[] = []
  private readonly bounds = new Bounds()

  private readonly redactor: Redactor | undefined

  private readonly redaction: Redaction | undefined

  private readonly onUsed: ((file: UsedFile) => void) | undefined

  constructor(
    warnings: Diagnostic[],
    redactor: Redactor | undefined,
    redaction: Redaction | undefined,
    onUsed: ((file: UsedFile) => void) | undefined,
  ) {
    this.warnings = warnings
    this.redactor = redactor
    this.redaction = redaction
    this.onUsed = onUsed
  }

  async read(item: Item): Promise<void> {
    const report = collectInto(this.warnings, this.shown(item.name))
    try {
      await this.readSource(item, item.open(), report)
    } catch (error) {
      if (!item.found || !(error instanceof ReadError)) throw error
      report('unreadable', `${error.reason}; it was left out`)
    }
  }

  private async readSource(item: Item, packed: Source, report: Report): Promise<void> {
    let source = packed
    let packing = await packingOf(source)
    const gzip = packing === 'gzip'
    if (gzip) {
      source = gunzipped(item.name, source, this.bounds)
      packing = await packingOf(source)
    }
    // few files are, and a page need not wait for it
    if (packing === 'utf-16le' || packing === 'utf-16be') source = (await import('./utf16.ts')).inUtf8(source, packing)
    if (packing === 'tar' && !item.as) {
      await this.readArchive(item, source, report)
      return
    }
    const found = await recogniseSource(source, item.as)
    await found.recognised?.format.load?.()
    const content = item.as && recognise(found.head)
    if (content && content !== item.as)
      this.looksLike.push(
        `${printable(this.shown(item.name))} looks like ${content.format.id}: leave out --as ${item.as!.format.id}:…`,
      )
    // most files are no tickets, and a page need not wait for it
    const outputs =
      !item.as &&
      mayBePasted(found.head, found.recognised !== undefined) &&
      (await (await import('./pasted.ts')).pastedIn(source, found, report, this.redactor !== undefined))
    if (outputs) {
      for (const one of outputs) await this.addFound(item, one.source, one.found, report)
      return
    }
    const own = item.as ? undefined : ownDocument(found.head)
    if (own !== undefined) this.passOver(item, own)
    else if (found.head === '' || EMPTY_LIST.test(found.head))
      this.files.push({ name: this.shown(item.name), format: EMPTY, bytes: 0 })
    else if (found.recognised) await this.addFound(item, source, found, report)
    else {
      source.close()
      // most files are known, and a page need not wait for it
      const { unknownWords } = await import('./unknown-file.ts')
      const words = unknownWords(found.head, item.depth === 0 ? item.path : undefined, this.redactor !== undefined)
      report('not-recognised', found.givenUp ? `${words}; its first ${MOST_LOOKED_AT / 1e6} MB were looked at` : words)
    }
  }

  private addFound(item: Item, source: Source, found: Found, report: Report): Promise<void> {
    if (this.redactor) return this.addRedacted(item, source, found, report, this.redactor)
    return this.add(item, source, found.recognised!, found.head)
  }

  /** Beside captures and rules it lies in many folders, and is nothing to wonder at. */
  private passOver({ name, found }: Item, schema: string): void {
    const warnings = found ? this.passedOver : this.warnings
    collectInto(warnings, this.shown(name))('own-document', ownDocumentWords(schema))
  }

  private async readArchive(item: Item, source: Source, report: Report): Promise<void> {
    if (item.depth >= DEEPEST) throw new ReadError(item.name, 'it is an archive in an archive in an archive …')
    const folders = [...item.folders, withoutEnding(basename(item.name))]
    // few give archives, and a page need not wait for it
    const { unpackTar } = await import('./unpack-tar.ts')
    const files = await unpackTar(item.name, source, this.bounds, report)
    for (const file of files.sort((a, b) => (asWalked(a.name) < asWalked(b.name) ? -1 : 1))) {
      const parts = file.name.split('/')
      await this.read({
        name: `${item.name}/${file.name}`,
        folders: [...folders, ...parts.slice(0, -1)],
        found: true,
        open: () => file.source,
        depth: item.depth + 1,
        mtime: file.mtime,
      })
    }
  }

  /** The same file as `--redact` shows it. */
  private async addRedacted(
    item: Item,
    source: Source,
    { recognised, head }: Found,
    report: Report,
    redactor: Redactor,
  ) {
    const { format } = recognised!
    const redacted = this.redaction!.redactFile(source, format.id, head, redactor)
    if (!redacted) {
      report('not-redacted', `${format.id} may hold anything, and cannot be redacted; it was left out`)
      return
    }
    const folders = item.folders.map((name) => this.redaction!.redactFolder(name, redactor))
    await this.add({ ...item, name: this.shown(item.name), folders }, redacted.source, recognised!, redacted.head)
  }

  private shown(name: string): string {
    return this.redactor ? this.redaction!.redactPath(name, this.redactor) : name
  }

  private async add(item: Item, source: Source, recognised: Recognised, head: string): Promise<void> {
    const { name, folders, mtime } = item
    const file = { name, format: recognised.format.id, bytes: 0 }
    const time = mtime === undefined ? {} : { mtime }
    const used = (content: string | Source) =>
      this.onUsed?.({ name, folders, ...time, format: recognised.format.id, content })
    if (recognised.kind === 'capture') {
      this.files.push(file)
      used(source)
      this.placed.push({ folders, head, capture: { name, format: recognised.format, source, file } })
      return
    }
    const text = await readText(source, file)
    this.files.push(file)
    used(text)
    const names = [basename(name), ...[...folders].reverse()]
    const filed: Filed = { part: readPart(name, text, recognised), names, ...time }
    this.placed.push({ folders, filed })
  }
}

/** The last part of a path; Windows' browsers give none with backslashes. */
export const basename = (path: string): string => path.replace(/\/+$/, '').replace(/^.*\//s, '')

/** For sorting as folders are walked. */
const asWalked = (name: string) => name.replaceAll('/', '\0')

/** `node-a.tgz` holds what a folder `node-a` would. */
const withoutEnding = (name: string) => name.replace(/\.(?:tgz|tar(?:\.gz)?|gz)$/i, '') || name

async function readText(source: Source, file: InputFile): Promise<string> {
  const parts: Uint8Array[] = []
  for await (const block of source.blocks()) {
    parts.push(Uint8Array.from(block))
    file.bytes += block.length
    if (file.bytes > MOST_TEXT)
      throw new ReadError(file.name, `it is larger than ${MOST_TEXT / 1e6} MB, the limit for ${file.format}`)
  }
  return new TextDecoder().decode(concat(parts))
}
