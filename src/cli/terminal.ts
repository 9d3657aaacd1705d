/** How wide, and whether with colour: what the terminal and the environment say. */

import { UserError } from '../model/user-error.ts'
import type { FormOptions } from '../reports/index.ts'

interface Wanted {
  full?: boolean
  /** Only a full report has room for it. */
  unmatched?: boolean
  color?: boolean
  width?: number
}

/** `toStdout`: else it goes to a file, which is as wide as is comfortable to read and has no colour. */
export function terminalOptions({ full, unmatched, color, width }: Wanted, toStdout: boolean): FormOptions {
  if (width !== undefined && !(Number.isInteger(width) && width >= 40 && width <= 1000))
    throw new UserError('--width is a number of columns, 40 to 1000.')
  const terminal = toStdout && process.stdout.isTTY === true
  const columns = terminal ? process.stdout.columns : Number(process.env.COLUMNS)
  return {
    width: width ?? Math.max(40, columns || 80),
    colour: terminal && color !== false && !process.env.NO_COLOR && process.env.TERM !== 'dumb',
    unicode: !toStdout || unicodeWorks(),
    full: full ?? unmatched ?? false,
  }
}

/** A locale that is not UTF-8 (`LANG=C`) shows marks as noise; where none is set, most terminals still show them. */
function unicodeWorks(): boolean {
  const locale = process.env.LC_ALL || process.env.LC_CTYPE || process.env.LANG || ''
  return locale === '' || /utf-?8/i.test(locale) || !/^(C|POSIX)$|\./.test(locale)
}
