/** What calls may name: what lies beneath the files and folders that were named when the server was started. */
import type { NamedInput } from '../analysis/inputs/named.ts'
import type { Diagnostic } from '../model/diagnostic.ts'

export interface Files {
  /** Those of these names, without names all. What is left out is told in `warnings`. Throws UserError. */
  find(names: readonly string[] | undefined, warnings: Diagnostic[]): Found
}

export interface Found {
  inputs: NamedInput[]
  /** Another one once a file has changed. */
  edition: string
}

/** Pages that explain findings. */
export interface Pages {
  readonly codes: readonly string[]
  /** Markdown. Throws UserError where there is no page for the code. */
  read(code: string): string
}
