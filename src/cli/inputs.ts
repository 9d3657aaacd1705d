/** INPUT… and `--as FORMAT:FILE`: the words of the command line → the files that they name, opened. */
import { knownFormats } from '../analysis/inputs/format-words.ts'
import type { NamedInput } from '../analysis/inputs/named.ts'
import { type Inputs, openInputs, type UsedFile } from '../analysis/inputs/open.ts'
import { collectInto, type Diagnostic } from '../model/diagnostic.ts'
import { printable } from '../model/printable.ts'
import { UserError } from '../model/user-error.ts'
import { FORMATS, formatById } from '../read/recognise.ts'
import type { Redactor } from '../redact/index.ts'
import { closest } from '../rules/closest.ts'
import { type Named, NamedFiles, STDIN } from './expand.ts'
import { openSource } from './source.ts'

export interface NamedInputs extends Inputs {
  /** Is this file one of them? */
  includes(path: string): boolean
}

/**
 * Throws UserError for what cannot be read at all. `as`: `FORMAT:FILE` each. `redactor`: as if all were redacted. `onUsed`:
 * for who hands files on.
 */
export async function readInputs(
  given: readonly string[],
  as: readonly string[],
  redactor?: Redactor,
  onUsed?: (file: UsedFile) => void,
): Promise<NamedInputs> {
  const warnings: Diagnostic[] = []
  const named = nameFiles(given, as, warnings)
  const inputs = await openInputs(named.list.map(inputOf), warnings, redactor, onUsed)
  return { ...inputs, includes: (path) => named.includes(path) }
}

/** The files that these words name; what is left out is told in `warnings`. Throws UserError as `readInputs` does. */
export function nameFiles(given: readonly string[], as: readonly string[], warnings: Diagnostic[]): NamedFiles {
  const named = new NamedFiles((name) => collectInto(warnings, name))
  for (const argument of as) addAs(argument, named)
  for (const path of given) named.add(path)
  return named
}

export function inputOf(file: Named): NamedInput {
  const { name, path, stats, folders, found, as } = file
  return {
    name,
    folders,
    ...(path === STDIN ? {} : { path }),
    ...(found ? { found } : {}),
    ...(as ? { as } : {}),
    again: stats.isFile() && path !== STDIN,
    open: () => openSource(file),
  }
}

function addAs(argument: string, named: NamedFiles): void {
  const colon = argument.indexOf(':')
  const [id, path] = [argument.slice(0, Math.max(0, colon)), argument.slice(colon + 1)]
  const recognised = formatById(id)
  const shown = `--as ${printable(argument)}`
  if (path === '' || colon < 0)
    throw new UserError(`${shown}: write --as FORMAT:FILE, as in --as kernel-log:saved.txt.`, knownFormats())
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
