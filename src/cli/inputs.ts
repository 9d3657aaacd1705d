/** INPUT…: files, folders, archives and `-` → what each is, the Worlds of all rulesets and host state, the captures to read. */

import { basename } from 'node:path'
import { collectInto, type Diagnostic, type Report } from '../model/diagnostic.ts'
import { printable } from '../model/printable.ts'
import type { World } from '../model/world.ts'
import type { CaptureFormat } from '../read/captures/format.ts'
import { type Filed, type History, makeHistory } from '../read/history.ts'
import { findMachines, type Placed } from '../read/machines.ts'
import { FORMATS, formatById, type Recognised } from '../read/recognise.ts'
import { readPart } from '../read/world.ts'
import { type Redactor, redactFolder, redactingStream, redactPath } from '../redact/index.ts'
import { closest } from '../rules/closest.ts'
import { UserError } from './errors.ts'
import { type Named, NamedFiles, STDIN } from './expand.ts'
import { asText, type Found, recogniseSource } from './recognise-source.ts'
import { doubtsOf, learnNames, redactedSource } from './redacting.ts'
import { openSource, ReadError, type Source } from './source.ts'
import { unknownWords } from './unknown.ts'
import { Bounds, DEEPEST, gunzipped, packingOf, unpackTar } from './unpack.ts'
import { warningLines } from './warning-lines.ts'

/** A file that was read, as contract.md's `inputs`. */
export interface InputFile {
  name: string
  format: string
  /** A capture's are filled in when it has been read; of what was packed, those that came out. */
  bytes: number
}

export interface CaptureInput {
  name: string
  format: CaptureFormat
  source: Source
  file: InputFile
}

/** One host or network namespace: its rules and state, and what was captured there. */
export interface MachineInput extends History {
  /** Where there are several. */
  name?: string
  captures: CaptureInput[]
}

export interface Inputs {
  machines: MachineInput[]
  /** Those of all machines. */
  captures: CaptureInput[]
  warnings: Diagnostic[]
  files: InputFile[]
  /** Is this file one of them? */
  includes(path: string): boolean
}

/** Rulesets and host state are read whole; JavaScript's texts end at 512 MB. */
const MOST_TEXT = 400e6

/** Throws UserError for what cannot be read at all. `as`: `FORMAT:FILE` each. `redactor`: as if all were redacted. */
export async function readInputs(
  given: readonly string[],
  as: readonly string[],
  redactor?: Redactor,
): Promise<Inputs> {
  const warnings: Diagnostic[] = []
  const named = new NamedFiles((name) => collectInto(warnings, name))
  for (const argument of as) addAs(argument, named)
  for (const path of given) named.add(path)
  const reader = new InputReader(warnings, redactor)
  if (redactor) for (const file of named.list) await learnNames(file, redactor)
  for (const file of named.list) await reader.read({ ...file, open: () => openSource(file), depth: 0 })
  if (reader.files.every(({ format }) => format === EMPTY)) throw nothingRead(named.list, reader)
  const machines = findMachines(reader.placed).map(({ name, files, captures }) => ({
    ...(name === undefined ? {} : { name }),
    ...makeHistory(files, warnings),
    captures,
  }))
  if (redactor) for (const one of doubtsOf(redactor)) warnings.push(one)
  const captures = machines.flatMap((one) => one.captures)
  return { machines, captures, warnings, files: reader.files, includes: (path) => named.includes(path) }
}

/** For commands that are about one machine. Throws UserError where there are several. */
export function onlyWorld({ machines }: Inputs): World {
  const [first] = machines
  if (first && machines.length === 1) return first.world
  const names = machines.map(({ name }) => printable(name ?? 'what lies above them')).join(', ')
  throw new UserError(`There are several machines among the inputs: ${names}.`, 'Give the files of one of them.')
}

/** The `format` of an empty file: what an empty table prints. */
const EMPTY = 'empty'

function addAs(argument: string, named: NamedFiles): void {
  const colon = argument.indexOf(':')
  const [id, path] = [argument.slice(0, Math.max(0, colon)), argument.slice(colon + 1)]
  const recognised = formatById(id)
  const shown = `--as ${printable(argument)}`
  if (path === '' || colon < 0)
    throw new UserError(`${shown}: it is --as FORMAT:FILE, as in --as kernel-log:saved.txt.`, knownFormats())
  if (!recognised) {
    const meant = closest(
      id,
      FORMATS.map(({ format }) => format.id),
    )
    const hint = meant === undefined ? '' : ` Did you mean ${meant}?`
    throw new UserError(`${shown}: there is no format "${printable(id)}".${hint}`, knownFormats())
  }
  named.add(path, recognised)
}

const knownFormats = () => `Formats: ${FORMATS.map(({ format }) => format.id).join(', ')}.`

const describe = (kind: Recognised['kind']) =>
  FORMATS.flatMap(({ kind: one, format }) => (one === kind ? [format.describe] : [])).join('; ')

/** For those who gave none. */
export const captureWords = () => `A capture is a ${describe('capture')}.`

const whatIsRead = () =>
  [
    captureWords(),
    `A ruleset is the output of ${describe('ruleset')}.`,
    `--as FORMAT:FILE reads FILE as what it does not look like. ${knownFormats()}`,
  ].join('\n')

/** What is read: a file, or a file in an archive. */
interface Item extends Pick<Named, 'name' | 'path' | 'folders' | 'found' | 'as'> {
  open(): Source
  /** Archives around it. */
  depth: number
  /** Seconds since 1970, of a file in an archive. */
  mtime?: number
}

/** Reads rulesets and host state whole, and opens captures. */
class InputReader {
  readonly files: InputFile[] = []
  readonly placed: Placed<CaptureInput>[] = []
  readonly warnings: Diagnostic[]
  private readonly bounds = new Bounds()

  private readonly redactor: Redactor | undefined

  constructor(warnings: Diagnostic[], redactor?: Redactor) {
    this.warnings = warnings
    this.redactor = redactor
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
    if (packing === 'tar' && !item.as) {
      await this.readArchive(item, source, report)
      return
    }
    const found = await recogniseSource(source, item.as)
    if (found.head === '') this.files.push({ name: this.shown(item.name), format: EMPTY, bytes: 0 })
    else if (found.recognised && this.redactor) await this.addRedacted(item, source, found, report, this.redactor)
    else if (found.recognised) await this.add(item, source, found.recognised, found.head)
    else report('not-recognised', unknownWords(found.head, item.depth === 0 ? item.path : STDIN))
  }

  private async readArchive(item: Item, source: Source, report: Report): Promise<void> {
    if (item.depth >= DEEPEST) throw new ReadError(item.name, 'it is an archive in an archive in an archive …')
    const folders = [...item.folders, withoutEnding(basename(item.name))]
    const files = await unpackTar(item.name, source, this.bounds, report)
    for (const file of files.sort((a, b) => (asWalked(a.name) < asWalked(b.name) ? -1 : 1))) {
      const parts = file.name.split('/')
      await this.read({
        name: `${item.name}/${file.name}`,
        path: file.name,
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
    const open = () => redactingStream(recognised!.format.id, redactor)
    const stream = open()
    if (!stream) {
      report('not-redacted', `${recognised!.format.id} may hold anything, and cannot be redacted; it was left out`)
      return
    }
    redactor.learning = true
    const shown = asText(Buffer.concat([stream.push(Buffer.from(head, 'latin1')), stream.end()]))
    redactor.learning = false
    const folders = item.folders.map((name) => redactFolder(name, redactor))
    await this.add(
      { ...item, name: this.shown(item.name), folders },
      redactedSource(source, () => open()!),
      recognised!,
      shown,
    )
  }

  private shown(name: string): string {
    return this.redactor ? redactPath(name, this.redactor) : name
  }

  private async add(item: Item, source: Source, recognised: Recognised, head: string): Promise<void> {
    const { name, folders, mtime } = item
    const file = { name, format: recognised.format.id, bytes: 0 }
    if (recognised.kind === 'capture') {
      this.files.push(file)
      this.placed.push({ folders, head, capture: { name, format: recognised.format, source, file } })
      return
    }
    const text = await readText(source, file)
    this.files.push(file)
    const names = [basename(name), ...[...folders].reverse()]
    const filed: Filed = { part: readPart(name, text, recognised), names, ...(mtime === undefined ? {} : { mtime }) }
    this.placed.push({ folders, filed })
  }
}

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
      throw new ReadError(file.name, `more than ${MOST_TEXT / 1e6} MB is too much for ${file.format}`)
  }
  return new TextDecoder().decode(Buffer.concat(parts))
}

function nothingRead(named: readonly Named[], { files, warnings }: InputReader): UserError {
  const [only] = files
  if (only && named.length === 1 && warnings.length === 0) return new UserError(`${printable(only.name)}: it is empty.`)
  if (files.length > 0 && warnings.length === 0) return new UserError('All files given are empty.')
  return new UserError(warningLines(warnings).join('\n'), whatIsRead())
}
