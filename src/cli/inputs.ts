/** INPUT…: files, folders and `-` → what each is, the World of all rulesets and host state, and the captures to read. */

import type { Diagnostic, Report } from '../model/diagnostic.ts'
import type { World } from '../model/world.ts'
import type { CaptureFormat } from '../read/captures/format.ts'
import { FORMATS, formatById, HEAD_BYTES, type Recognised, recognise } from '../read/recognise.ts'
import { WorldBuilder } from '../read/world.ts'
import { printable } from '../reports/printable.ts'
import { closest } from '../rules/closest.ts'
import { UserError } from './errors.ts'
import { type Named, NamedFiles } from './expand.ts'
import { openSource, ReadError, type Source } from './source.ts'
import { unknownWords } from './unknown.ts'

/** A file that was read, as contract.md's `inputs`. */
export interface InputFile {
  name: string
  format: string
  /** A capture's are filled in when it has been read. */
  bytes: number
}

export interface CaptureInput {
  name: string
  format: CaptureFormat
  source: Source
  file: InputFile
}

export interface Inputs {
  world: World
  captures: CaptureInput[]
  warnings: Diagnostic[]
  files: InputFile[]
  /** Is this file one of them? */
  includes(path: string): boolean
}

/** Rulesets and host state are read whole; JavaScript's texts end at 512 MB. */
const MOST_TEXT = 400e6
/** Longer than any record: one that begins in a block and ends in the next is still seen. */
const OVERLAP = 4096

/** Throws UserError for what cannot be read at all. `as`: `FORMAT:FILE` each. */
export async function readInputs(given: readonly string[], as: readonly string[]): Promise<Inputs> {
  const builder = new WorldBuilder()
  const { world, warnings } = builder
  const named = new NamedFiles((name) => reportTo(warnings, name))
  const inputs: Inputs = { world, captures: [], warnings, files: [], includes: (path) => named.includes(path) }
  for (const argument of as) addAs(argument, named)
  for (const path of given) named.add(path)
  for (const file of named.list) await readInput(file, inputs, builder)
  if (inputs.files.every(({ format }) => format === EMPTY)) throw nothingRead(named.list, inputs)
  return inputs
}

/** Takes what is to be told about one input. */
export const reportTo =
  (warnings: Diagnostic[], input: string): Report =>
  (code, message, line) =>
    warnings.push({ input, code, message, ...(line === undefined ? {} : { line }) })

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

async function readInput(file: Named, inputs: Inputs, builder: WorldBuilder): Promise<void> {
  const report = reportTo(inputs.warnings, file.name)
  try {
    const source = openSource(file)
    const found = await recogniseSource(source, file.as)
    if (found.head === '') inputs.files.push({ name: file.name, format: EMPTY, bytes: 0 })
    else if (found.recognised) await add(file.name, source, found.recognised, inputs, builder)
    else report('not-recognised', unknownWords(found.head, file.path))
  } catch (error) {
    if (!file.found || !(error instanceof ReadError)) throw error
    report('unreadable', `${error.reason}; it was left out`)
  }
}

/** Latin-1: every byte is a character, so a head that is cut inside a letter does no harm. */
const asText = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')

interface Found {
  recognised: Recognised | undefined
  /** Empty where the input is. */
  head: string
}

/**
 * Looks at as much as it takes. A log may begin with megabytes of other programs' lines, and one that is still being
 * written must not be waited for longer than to its first record.
 */
async function recogniseSource(source: Source, as: Recognised | undefined): Promise<Found> {
  let head = ''
  let window = ''
  for await (const block of source.peek()) {
    const text = asText(block)
    if (head.length < HEAD_BYTES) {
      head += text.slice(0, HEAD_BYTES - head.length)
      const recognised = as ?? recognise(head)
      // what comes yet may make another thing of what is not a capture
      if (recognised && (as || recognised.kind === 'capture' || head.length === HEAD_BYTES)) return { recognised, head }
    }
    window = window.slice(-OVERLAP) + text
    if (head.length < HEAD_BYTES) continue
    const recognised = captureIn(window)
    if (recognised) return { recognised, head }
    source.forget(HEAD_BYTES)
  }
  return { recognised: recognise(head), head }
}

const CAPTURES = FORMATS.filter(({ kind }) => kind === 'capture')
const captureIn = (text: string) => CAPTURES.find(({ format }) => format.sniff(text))

async function add(
  name: string,
  source: Source,
  recognised: Recognised,
  inputs: Inputs,
  builder: WorldBuilder,
): Promise<void> {
  const file = { name, format: recognised.format.id, bytes: 0 }
  if (recognised.kind === 'capture') {
    inputs.files.push(file)
    inputs.captures.push({ name, format: recognised.format, source, file })
    return
  }
  const parts: Uint8Array[] = []
  for await (const block of source.blocks()) {
    parts.push(Uint8Array.from(block))
    file.bytes += block.length
    if (file.bytes > MOST_TEXT)
      throw new ReadError(name, `more than ${MOST_TEXT / 1e6} MB is too much for ${file.format}`)
  }
  inputs.files.push(file)
  builder.add(name, new TextDecoder().decode(Buffer.concat(parts)), recognised)
}

function nothingRead(named: readonly Named[], { files, warnings }: Inputs): UserError {
  const [only] = files
  if (only && named.length === 1) return new UserError(`${printable(only.name)}: it is empty.`)
  if (files.length > 0 && files.length === named.length) return new UserError('All files given are empty.')
  const told = warnings.map(({ input, message }) => `${printable(input)}: ${printable(message)}.`)
  return new UserError(told.join('\n'), whatIsRead())
}
