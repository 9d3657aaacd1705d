/** `--redact`: what is read, with other addresses and names. */
import type { Diagnostic } from '../model/diagnostic.ts'
import { DOUBTS, type RedactingStream, Redactor, randomKey, redactingStream } from '../redact/index.ts'
import { type Named, STDIN } from './expand.ts'
import { recogniseSource } from './recognise-source.ts'
import { openSource, ReadError, type Source } from './source.ts'
import { packingOf } from './unpack.ts'

export interface RedactOptions {
  redact?: boolean
  redactKey?: string
}

/** Undefined where nothing is to be replaced. Tells a key that was made for this run. */
export function makeRedactor({ redact, redactKey }: RedactOptions): Redactor | undefined {
  if (redactKey !== undefined) return new Redactor(redactKey)
  if (!redact) return undefined
  const key = randomKey()
  process.stderr.write(
    `Redacted with --redact-key ${key}\n(gives the same names again; keep it to yourself, since it tells the addresses)\n`,
  )
  return new Redactor(key)
}

/** `open`: a stream from the file's beginning. */
export function redactedSource(source: Source, open: () => RedactingStream): Source {
  return {
    live: source.live,
    again: source.again,
    forgotten: source.forgotten,
    peek: () => redacted(source.peek(), open()),
    forget() {},
    blocks: () => redacted(source.blocks(), open()),
    close: () => source.close(),
  }
}

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
export async function learnNames(file: Named, redactor: Redactor): Promise<void> {
  if (!file.stats.isFile() || file.path === STDIN) return
  redactor.learning = true
  try {
    const source = openSource(file)
    if ((await packingOf(source)) !== undefined) return
    const { recognised, head } = await recogniseSource(source, file.as)
    const stream = recognised && redactingStream(recognised.format.id, redactor)
    stream?.push(Buffer.from(head, 'latin1'))
    stream?.end()
  } catch (error) {
    if (!(error instanceof ReadError)) throw error
  } finally {
    redactor.learning = false
  }
}
