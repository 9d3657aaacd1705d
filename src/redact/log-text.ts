/**
 * Lines of the kernel's log. Only netfilter's are kept: a log also has what other programs and devices say. Those stay as
 * empty lines, so that line numbers are what they were.
 */

import { parseAddress } from '../model/address.ts'
import { readWrapping } from '../read/captures/kernel-log/wrapping.ts'
import type { Redactor } from './redactor.ts'
import { redactFree, redactPlain } from './rule-text.ts'

/** Where the fields begin; blanks may be lost. */
const FIELDS = /IN=\S{0,64}?\s{0,80}(?:OUT=|PHYSIN=)|(?:^|\s)IN=|(?:^|\s)(?:OUT=|SRC=)\S{0,64} .{0,400}?\b(?:SRC|DST)=/
/** A word of a line's rest that a terminal broke off, maybe inside of it: fields and flags alone. */
const FIELD_WORD = /^(?:[A-Z]{1,12}=[\w.:]*|[A-Z]{2,3}|FRAG:\d+|INCOMPLETE|\[\d*|bytes\]|\(?[0-9A-F]*\)|[[\]])$/
/** One of them at least is netfilter's for certain. */
const SURE =
  /\b(?:(?:SRC|DST|LEN|TOS|PREC|TTL|PROTO|SPT|DPT|WINDOW|URGP|HOPLIMIT|FLOWLBL|MARK)=|(?:SYN|RST|FIN|PSH|DF|OPT)\b)/
/** The field that holds a line of the log, and those that say when and where, in journald's export and as JSON. */
const MESSAGES = ['MESSAGE', 'message', 'log', 'msg', 'short_message']
const TIMES =
  /^(?:_SOURCE_REALTIME_TIMESTAMP|__REALTIME_TIMESTAMP|_SOURCE_MONOTONIC_TIMESTAMP|__MONOTONIC_TIMESTAMP|time|@timestamp|timestamp|PRIORITY)$/
const HOSTS = ['_HOSTNAME', 'hostname', 'host']

export function redactLogLine(line: string, redactor: Redactor): string {
  const object = /^((?:data: |\x1e)?)(\{".*\})(\s*)$/.exec(line)
  if (object) return redactJson(object[2]!, redactor).replace(/^(?=.)/, object[1]!) + object[3]!
  const fields = FIELDS.exec(line)
  if (!fields) return withoutFields(line, redactor)
  const at = fields.index + fields[0].search(/\S/)
  return redactHead(line.slice(0, at), redactor) + redactFields(line.slice(at), redactor)
}

function withoutFields(line: string, redactor: Redactor): string {
  const end = line.slice(line.trimEnd().length)
  const field = /^\s*(\w+)=(.*)$/.exec(line.trimEnd())
  if (field && TIMES.test(field[1]!) && /^\d+$/.test(field[2]!)) return line
  if (field?.[1] === '_HOSTNAME') return line.replace(field[2]!, redactor.names.host(field[2]!))
  if (/TRACE: /.test(line)) return redactHead(line, redactor)
  const words = line.trim().split(/\s+/)
  return SURE.test(line) && words.every((word) => FIELD_WORD.test(word)) ? redactFields(line, redactor) : end
}

/** What stands in front of `IN=`: who logged it and when, and what the rule says. */
function redactHead(head: string, redactor: Redactor): string {
  const trace = head.lastIndexOf('TRACE:')
  if (trace >= 0)
    return redactWrapping(head.slice(0, trace), false, redactor) + redactPlain(head.slice(trace), redactor)
  const { length } = readWrapping(head, true)
  const prefix = head.slice(length)
  const bare = /^(?:raw|mangle|nat|filter|security):\S+:(?:rule|return|policy):\d+\s*$/.test(prefix)
  return redactWrapping(head.slice(0, length), true, redactor) + (bare ? redactPlain : redactFree)(prefix, redactor)
}

function redactWrapping(text: string, log: boolean, redactor: Redactor): string {
  const { host } = readWrapping(text, log).stamp
  const at = host === '' ? -1 : text.lastIndexOf(host)
  if (at < 0) return redactFree(text, redactor)
  const other = parseAddress(host) ? redactor.addressText(host)! : redactor.names.host(host)
  return redactFree(text.slice(0, at), redactor) + other + redactFree(text.slice(at + host.length), redactor)
}

/** A line may be cut in the middle of an address, and IP's options may list the way a packet took: nothing of these stays. */
const redactFields = (text: string, redactor: Redactor) =>
  redactPlain(
    text.replace(CUT, (whole, key: string, value: string) => (isWhole(value) ? whole : key + zeros(value))),
    redactor,
  ).replace(/(OPT ?\()([0-9A-F]+)(?=\) ?PROTO=)/g, (whole, open: string, hex: string) =>
    hex.startsWith('94') ? whole : open + '0'.repeat(hex.length),
  )

const CUT = /\b((?:SRC|DST|IPSRC|IPDST|MAC|MACSRC|MACDST)=)([\da-fA-F:.]+)/g
const isWhole = (value: string) =>
  parseAddress(value) !== undefined || (value.split(':').length >= 6 && !value.endsWith(':'))
const zeros = (text: string) => text.replace(/[\da-f]/gi, '0')

function redactJson(text: string, redactor: Redactor): string {
  let entry: Record<string, unknown>
  try {
    entry = JSON.parse(text)
  } catch {
    return ''
  }
  const kept: Record<string, unknown> = {}
  let isOurs = false
  for (const [key, value] of Object.entries(entry)) {
    if (TIMES.test(key) && (typeof value === 'number' || /^[\dTZ:.+-]+$/.test(String(value)))) kept[key] = value
    else if (HOSTS.includes(key) && typeof value === 'string') kept[key] = redactor.names.host(value)
    else if (MESSAGES.includes(key)) {
      const message = Array.isArray(value)
        ? value.map((byte) => String.fromCharCode(Number(byte))).join('')
        : String(value)
      const redacted = redactLogLine(message.replace(/\n$/, ''), redactor)
      isOurs ||= redacted.trim() !== ''
      kept[key] = message.endsWith('\n') ? `${redacted}\n` : redacted
    }
  }
  return isOurs ? JSON.stringify(kept) : ''
}
