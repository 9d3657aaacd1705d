/** What is read, with other addresses and names (`--redact`). */
import type { Diagnostic } from '../../model/diagnostic.ts'
import { fromLatin1, latin1 } from '../../model/latin1.ts'
import {
  DOUBTS,
  type RedactingStream,
  type Redactor,
  redactFolder,
  redactingStream,
  redactPath,
} from '../../redact/index.ts'

export { redactFolder, redactPath }

import { concat } from '../../model/concat.ts'
import type { NamedInput } from './named.ts'
import { recogniseSource } from './recognise.ts'
import { changedSource, ReadError, type Source } from './source.ts'
import { packingOf } from './unpack.ts'

/** A file as it shows with other addresses and names; undefined where its format may hold anything. */
export function redactFile(source: Source, format: string, head: string, redactor: Redactor) {
  const open = () => redactingStream(format, redactor)
  const stream = open()
  if (!stream) return undefined
  redactor.learning = true
  const shown = latin1(concat([Uint8Array.from(stream.push(fromLatin1(head))), stream.end()]))
  redactor.learning = false
  return { head: shown, source: redactedSource(source, () => open()!) }
}

/** `open`: a stream from the file's beginning. */
export const redactedSource = (source: Source, open: () => RedactingStream): Source => ({
  ...changedSource(source, (blocks) => redacted(blocks, open())),
  // lines stay lines
  forgotten: source.forgotten,
})

async function* redacted(blocks: AsyncIterable<Uint8Array>, stream: RedactingStream): AsyncGenerator<Uint8Array> {
  for await (const block of blocks) {
    const bytes = stream.push(block)
    if (bytes.length > 0) yield bytes
  }
  const rest = stream.end()
  if (rest.length > 0) yield rest
}

export const doubtsOf = ({ doubts }: Redactor): Diagnostic[] =>
  [...doubts].map(([code, count]) => ({
    input: 'redaction',
    code,
    message: count === 1 ? DOUBTS[code] : `${DOUBTS[code]} (${count} times)`,
  }))

/** A host that one file names is replaced in the others, too. What cannot be looked at beforehand is no loss. */
export async function learnNames({ again, open, as }: NamedInput, redactor: Redactor): Promise<void> {
  if (!again) return
  redactor.learning = true
  try {
    const source = open()
    if ((await packingOf(source)) !== undefined) return
    const { recognised, head } = await recogniseSource(source, as)
    const stream = recognised && redactingStream(recognised.format.id, redactor)
    stream?.push(fromLatin1(head))
    stream?.end()
  } catch (error) {
    if (!(error instanceof ReadError)) throw error
  } finally {
    redactor.learning = false
  }
}
