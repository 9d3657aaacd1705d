/** `--redact` and `--redact-key`. */
import { Redactor, randomKey } from '../redact/index.ts'

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
