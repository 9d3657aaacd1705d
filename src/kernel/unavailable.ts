/** Why something cannot be done on this machine, for whoever falls back to another way or tells the user. */

/**
 * `platform`: not Linux, or a processor whose structures are laid out otherwise; `koffi`: that package is not installed
 * or does not load; `libc`: no C library was found; `rights`: a capability is missing; `namespace`: it cannot be
 * entered; `taken`: another program holds it; `kernel`: this kernel has it not.
 */
export type Reason = 'platform' | 'koffi' | 'libc' | 'rights' | 'namespace' | 'taken' | 'kernel'

export class Unavailable extends Error {
  override readonly name = 'Unavailable'
  readonly reason: Reason

  constructor(reason: Reason, message: string) {
    super(message)
    this.reason = reason
  }
}

/** Set where all of nfwhy is one file (scripts/single.mjs), in which there is no script for a thread. */
const IN_ONE_FILE = Symbol.for('nfwhy.files')

/** What a thread could not start by. */
export const startProblem = (error: Error): Error =>
  Reflect.has(globalThis, IN_ONE_FILE) && (error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND'
    ? new Unavailable('koffi', 'nfwhy in one file comes without the optional package koffi')
    : error
