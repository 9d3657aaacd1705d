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
  let result = ''
  let at = 0
  for (const { 0: whole, 1: name = '', 2: colon = '', 3: value = '', index } of line.matchAll(FIELD)) {
    // the beginning of an address is no number
    if (/[\w.:]/.test(line[index + whole.length] ?? '')) continue
    result += between(line.slice(at, index), redactor)
    if (!ULOGD_FIELDS.has(name) && !ALSO.has(name))
      result += redactPlain(value.startsWith('"') ? `"${name}"${colon}""` : whole, redactor)
    else {
      const redact = name === 'oob.prefix' && !value.startsWith('"TRACE:') ? redactFree : redactPlain
      result += `"${name}"${colon}${redact(value, redactor)}`
    }
    at = index + whole.length
  }
  return result + between(line.slice(at), redactor)
}

/** In a row that is damaged anything may stand between its fields. */
const between = (text: string, redactor: Redactor): string => (/\w/.test(text) ? redactPlain(text, redactor) : text)
