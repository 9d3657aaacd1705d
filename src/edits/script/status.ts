/** How a command went, and how a script or function is left before its end. */

export type Status = 'ok' | 'failed' | 'unknown'

/** Thrown to leave the script, or a function. */
export class Leave extends Error {
  readonly what: 'script' | 'function'
  readonly status: Status

  constructor(what: 'script' | 'function', status: Status) {
    super()
    this.what = what
    this.status = status
  }
}

/** Without a number it is that of the last command. */
export const exitStatus = (text: string | undefined): Status =>
  text === undefined ? 'unknown' : Number(text) === 0 ? 'ok' : 'failed'
