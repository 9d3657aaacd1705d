/** Rows of ulogd2: those of its fields that are read, as they are or replaced; nothing of others. */
import { ULOGD_FIELDS } from '../read/captures/ulogd/fields.ts'
import type { Redactor } from './redactor.ts'
import { redactFree, redactPlain } from './rule-text.ts'

const ALSO = new Set([
  'timestamp',
  '@timestamp',
  'oob.time.sec',
  'oob.time.usec',
  'raw.mac',
  'raw.mac_len',
  'oob.seq.local',
])
/** A name with its value; rows may be cut anywhere, so each quote may begin one, and none is looked at for long. */
const FIELD = /"((?:[^"\\]|\\.){0,64})"(\s{0,64}:\s{0,64})("(?:[^"\\]|\\.)*"|-?[\d.eE+-]+|true|false|null)/g

export function redactUlogdLine(line: string, redactor: Redactor): string {
  if (!line.includes('"'))
    return redactPlain(line, redactor).replace(
      /(\bprefix: ?)(?!TRACE)(.{0,300}?)(?=\s\w{1,40}:)/,
      (_, key: string, text: string) => key + redactFree(text, redactor),
    )
  return line.replace(FIELD, (whole, name: string, colon: string, value: string) => {
    if (!ULOGD_FIELDS.has(name) && !ALSO.has(name)) return value.startsWith('"') ? `"${name}"${colon}""` : whole
    if (name === 'oob.prefix' && !value.startsWith('"TRACE:')) return `"${name}"${colon}${redactFree(value, redactor)}`
    return `"${name}"${colon}${redactPlain(value, redactor)}`
  })
}
