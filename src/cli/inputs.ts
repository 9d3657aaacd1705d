/** INPUT…: files, folders and `-` → what each is, the World of all rulesets and host state, and the captures to read. */
import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Diagnostic } from '../model/diagnostic.ts'
import type { World } from '../model/world.ts'
import type { CaptureFormat } from '../read/captures/format.ts'
import { FORMATS, formatById, HEAD_BYTES, type Recognised, recognise } from '../read/recognise.ts'
import { WorldBuilder } from '../read/world.ts'
import { reasonOf, UserError } from './errors.ts'

export interface CaptureInput {
  name: string
  format: CaptureFormat
  /** Absent for standard input. */
  path?: string
  /** What was read of standard input to recognise it. */
  head?: Uint8Array
  /** Bytes; unknown for pipes. */
  size?: number
}

export interface Inputs {
  world: World
  captures: CaptureInput[]
  warnings: Diagnostic[]
  /** Every file that was read, as contract.md's `inputs`. Captures' bytes are filled in when they have been read. */
  files: { name: string; format: string; bytes: number }[]
}

interface Named {
  name: string
  path: string
  /** Found in a folder: what is not recognised is left alone. */
  inFolder: boolean
  as?: Recognised
}

export const STDIN = '-'

/** Throws UserError for what cannot be read at all. `as`: `FORMAT:FILE` each. */
export async function readInputs(given: readonly string[], as: readonly string[]): Promise<Inputs> {
  const named = [...as.map(readAs), ...given.flatMap((path) => expand(path))]
  const builder = new WorldBuilder()
  const inputs: Inputs = { world: builder.world, captures: [], warnings: builder.warnings, files: [] }
  let empty = 0
  for (const file of named) {
    if (file.path === STDIN) {
      await addStdin(file, inputs, builder)
      continue
    }
    const head = readHead(file)
    if (head.length === 0 && !file.as) {
      empty++
      continue
    }
    const recognised = file.as ?? recogniseFile(file, head)
    if (recognised) add(file, recognised, inputs, builder)
    else notRecognised(file, head, inputs)
  }
  if (inputs.files.length === 0) {
    const [first] = named
    if (empty > 0 && empty === named.length)
      throw new UserError(empty === 1 ? `${first?.name}: the file is empty.` : 'All files given are empty.')
    const left = inputs.warnings.map((one) => `${one.input}: ${one.message}`).join('\n')
    throw new UserError(left === '' ? 'There is nothing to read in what was given.' : left, knownFormats())
  }
  return inputs
}

function readAs(argument: string): Named {
  const colon = argument.indexOf(':')
  const [id, path] = [argument.slice(0, colon), argument.slice(colon + 1)]
  const recognised = formatById(id)
  if (colon < 1 || !recognised)
    throw new UserError(
      `--as ${argument}: "${colon < 1 ? argument : id}" is no format. It is --as FORMAT:FILE.`,
      knownFormats(),
    )
  return { name: path, path, inFolder: false, as: recognised }
}

const knownFormats = () => `Formats: ${FORMATS.map(({ format }) => format.id).join(', ')}.`

function expand(path: string): Named[] {
  if (path === STDIN) return [{ name: 'standard input', path, inFolder: false }]
  let folder: boolean
  try {
    folder = statSync(path).isDirectory()
  } catch (error) {
    throw new UserError(`${path}: ${reasonOf(error)}.`)
  }
  if (!folder) return [{ name: path, path, inFolder: false }]
  const files = readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
  if (files.length === 0) throw new UserError(`${path}: the folder has no files.`)
  return files.map((file) => ({ name: file, path: file, inFolder: true }))
}

function readHead(file: Named): Uint8Array {
  try {
    const fd = openSync(file.path, 'r')
    try {
      const head = new Uint8Array(HEAD_BYTES)
      return head.subarray(0, readSync(fd, head, 0, head.length, 0))
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    // a pipe given as a file (`<(zcat log.gz)`) cannot be read at a position; it is read whole below
    if ((error as NodeJS.ErrnoException).code === 'ESPIPE') return readFileSync(file.path)
    throw new UserError(`${file.name}: ${reasonOf(error)}.`)
  }
}

/** Latin-1: every byte is a character, so a head that is cut inside a letter does no harm. */
const asText = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')

/** A log may begin with megabytes of other programs' lines. */
function recogniseFile(file: Named, head: Uint8Array): Recognised | undefined {
  const recognised = recognise(asText(head))
  if (recognised || head.length < HEAD_BYTES) return recognised
  const fd = openSync(file.path, 'r')
  try {
    const block = new Uint8Array(1 << 20)
    for (let at = head.length; ; at += block.length - 2048) {
      const length = readSync(fd, block, 0, block.length, at)
      const later = FORMATS.find(
        ({ kind, format }) => kind === 'capture' && format.sniff(asText(block.subarray(0, length))),
      )
      if (later || length < block.length) return later
    }
  } finally {
    closeSync(fd)
  }
}

function add(file: Named, recognised: Recognised, inputs: Inputs, builder: WorldBuilder): void {
  if (recognised.kind === 'capture') {
    inputs.files.push({ name: file.name, format: recognised.format.id, bytes: 0 })
    inputs.captures.push({
      name: file.name,
      format: recognised.format,
      path: file.path,
      size: statSync(file.path).size,
    })
    return
  }
  addText(file.name, readFileSync(file.path), recognised, inputs, builder)
}

function addText(
  name: string,
  bytes: Uint8Array,
  recognised: Exclude<Recognised, { kind: 'capture' }>,
  inputs: Inputs,
  builder: WorldBuilder,
): void {
  inputs.files.push({ name, format: recognised.format.id, bytes: bytes.length })
  builder.add(name, new TextDecoder().decode(bytes), recognised)
}

function notRecognised(file: Named, head: Uint8Array, inputs: Inputs): void {
  const binary = head.includes(0)
  inputs.warnings.push({
    input: file.name,
    code: 'not-recognised',
    message: `${binary ? 'this binary file is' : 'this is'} neither a capture nor a ruleset nor host state that nfwhy knows; it was left alone`,
  })
}

/** Of standard input, kept while it is not known what it is. */
const LONGEST_HEAD = 1 << 20

function dropAllButLast(parts: Uint8Array[]): number {
  parts.splice(0, parts.length - 1)
  return parts[0]!.length
}

/** Waits for as much of standard input as tells what it is; a log that is still being written is read on later. */
async function addStdin(file: Named, inputs: Inputs, builder: WorldBuilder): Promise<void> {
  if (fstatSync(0).isFile()) {
    const bytes = readFileSync(0)
    const recognised = file.as ?? recognise(asText(bytes.subarray(0, HEAD_BYTES))) ?? recognise(asText(bytes))
    if (bytes.length === 0) throw new UserError('Standard input is empty.')
    if (!recognised) return notRecognised(file, bytes, inputs)
    if (recognised.kind !== 'capture') return addText(file.name, bytes, recognised, inputs, builder)
    inputs.files.push({ name: file.name, format: recognised.format.id, bytes: 0 })
    inputs.captures.push({ name: file.name, format: recognised.format, head: bytes, size: bytes.length })
    return
  }
  const parts: Uint8Array[] = []
  let recognised = file.as
  let kept = 0
  let read = 0
  for await (const part of process.stdin.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    parts.push(part)
    kept += part.length
    read += part.length
    if (!recognised) {
      const text = asText(read <= LONGEST_HEAD ? Buffer.concat(parts) : Buffer.concat(parts.slice(-2)))
      recognised = recognise(text)
      // what is not recognised yet can only be other programs' lines before a log's first record
      if (!recognised && kept > LONGEST_HEAD) kept = dropAllButLast(parts)
    }
    if (recognised?.kind === 'capture') break
  }
  const bytes = Buffer.concat(parts)
  if (bytes.length === 0) throw new UserError('Standard input is empty.')
  if (!recognised) return notRecognised(file, bytes, inputs)
  if (recognised.kind !== 'capture') return addText(file.name, bytes, recognised, inputs, builder)
  inputs.files.push({ name: file.name, format: recognised.format.id, bytes: 0 })
  inputs.captures.push({ name: file.name, format: recognised.format, head: bytes })
}
