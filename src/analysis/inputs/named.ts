/** An input under the name that a person knows. */
import type { Recognised } from '../../read/recognise.ts'
import type { Source } from './source.ts'

export interface NamedInput {
  name: string
  /** What to type to name it again; absent for a stream. */
  path?: string
  /** The folders that it was found in, from the one that was named on; empty for a file that was named itself. */
  folders: readonly string[]
  /** Found in a folder: if it cannot be read, the others still can. */
  found?: true
  /** What it is, whatever it looks like. */
  as?: Recognised
  /** Seconds since 1970, of a file in an archive. */
  mtime?: number
  /** Can it be opened again? */
  again: boolean
  /** Throws ReadError. */
  open(): Source
}
