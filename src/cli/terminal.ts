/** How wide, and whether with colour: what the terminal and the environment say. */

import { isatty } from 'node:tty'
import type { Command } from 'commander'
import { printable } from '../model/printable.ts'
import { UserError } from '../model/user-error.ts'
import type { FormOptions } from '../reports/index.ts'

/** `--color WHEN`; false: --no-color. */
export type Colour = string | false

interface Wanted {
  full?: boolean
  quiet?: boolean
  /** Only a full report has room for it. */
  unmatched?: boolean
  color?: Colour
  width?: number
}

/** The options of every command that prints text, behind its own. */
export const textOptions = (command: Command): Command =>
  command
    .option('--width <COLUMNS>', 'width of the text', Number)
    .option('--color <WHEN>', 'always, never, or auto (colour on a terminal, unless NO_COLOR is set)')
    .option('--no-color', 'the same as --color never')

/** `toStdout`: else it goes to a file, which is as wide as is comfortable to read and has no colour. */
export function terminalOptions({ full, quiet, unmatched, color, width }: Wanted, toStdout: boolean): FormOptions {
  if (width !== undefined && !(Number.isInteger(width) && width >= 40 && width <= 1000))
    throw new UserError('--width: give a number of columns, 40 to 1000.')
  if (quiet && (full || unmatched)) throw new UserError('--quiet and --full exclude each other: choose one.')
  const terminal = toStdout && isatty(1)
  const columns = terminal ? process.stdout.columns : Number(process.env.COLUMNS)
  return {
    // lines for a program are not cut
    width: width ?? (quiet && !terminal ? 1000 : Math.max(40, columns || 80)),
    colour: toStdout && isColoured(color, terminal),
    unicode: !toStdout || unicodeWorks(),
    full: full ?? unmatched ?? false,
    quiet: quiet ?? false,
  }
}

/** Throws UserError. */
function isColoured(when: Colour = 'auto', terminal: boolean): boolean {
  switch (when) {
    case 'always':
      return true
    case 'never':
    case false:
      return false
    case 'auto':
      return terminal && !process.env.NO_COLOR && process.env.TERM !== 'dumb'
    default:
      throw new UserError(`--color ${printable(when)}: give always, never or auto.`)
  }
}

/** A locale that is not UTF-8 (`LANG=C`) shows marks as noise; where none is set, most terminals still show them. */
function unicodeWorks(): boolean {
  const locale = process.env.LC_ALL || process.env.LC_CTYPE || process.env.LANG || ''
  return locale === '' || /utf-?8/i.test(locale) || !/^(C|POSIX)$|\./.test(locale)
}
