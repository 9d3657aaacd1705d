/** In which form a command tells what it found: --json, --ndjson, or the ending of -o FILE; text otherwise. */

import { printable } from '../model/printable.ts'
import { UserError } from '../model/user-error.ts'
import { FORMS, type Form, type FormName } from './index.ts'

export interface FormChoice {
  json?: boolean
  ndjson?: boolean
  output?: string
}

const ENDINGS: Readonly<Record<string, FormName>> = Object.fromEntries(
  (Object.keys(FORMS) as FormName[]).map((name) => [FORMS[name].ending, name]),
)

/** `also`: a suffix that the command itself takes. Throws UserError. */
export function chooseForm({ json, ndjson, output }: FormChoice, also: readonly string[] = []): Form {
  if (json && ndjson) throw new UserError('--json and --ndjson are two formats: choose one.')
  if (output !== undefined) {
    const ending = /\.[^./]+$/.exec(output)?.[0] ?? ''
    const name = ENDINGS[ending]
    const suffixes = [...also, ...Object.keys(ENDINGS)].join(' ')
    if (name === undefined) throw new UserError(`-o ${printable(output)}: the suffix selects the format: ${suffixes}.`)
    return FORMS[name]
  }
  return FORMS[json ? 'json' : ndjson ? 'ndjson' : 'text']
}
