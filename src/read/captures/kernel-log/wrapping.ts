/**
 * What stands in front of the kernel's message: who logged it and when. In order of what is met most:
 *   [12.345678]                                     dmesg; with the caller behind it: [12.345678] [ T123]
 *   [Mon Jan  1 21:23:16 2026]                      dmesg -T
 *   kern  :warn  : [12.345678]                      dmesg -x
 *   2026-01-01T21:23:16,123456+01:00                dmesg --time-format iso
 *   [  +0.000004]  [<    0.000004>]                 dmesg -e, -d: times since the line before are no times
 *   <4>[12.345678]                                  dmesg -r, serial consoles, BusyBox
 *   4,1234,12345678,-;                              /dev/kmsg, netconsole
 *   Jan  1 21:23:16 host kernel: [12.345678]        rsyslog, BusyBox (with kern.warn), journalctl
 *   2026-01-01T21:23:16.123456+01:00 host kernel:   rsyslog's ISO template, journalctl -o short-iso
 *   Thu 2026-01-01 21:23:16 UTC host kernel:        journalctl -o short-full
 *   [12.345678] host kernel:  1795162590.211513 …   journalctl -o short-monotonic, short-unix
 *   MESSAGE=                                        journalctl -o verbose, export, json-pretty: the time is elsewhere
 *   <4>1 2026-01-01T21:23:16Z host kernel - - -     RFC 5424
 *   Mon Jan  1 21:23:16 2026 kern.warn kernel:      OpenWrt's logread
 *   2026-01-01T21:23:16.123456789Z stdout F         containers' logs (CRI); `docker logs -t` has the time alone
 *   100 1 PVEFW-HOST-IN 01/Jan/2026:21:23:16 +0100  Proxmox' firewall
 * Blanks may be lost, as in `Apr 1811:50:23`.
 */
import { noStamp, type Stamp } from '../stamp.ts'
import { Cursor, type Span } from './cursor.ts'
import { type DateRead, microseconds, takeDate } from './dates.ts'

export interface Wrapping {
  /** Where the message begins. */
  length: number
  stamp: Stamp
  /** The event's own moment (see Stamp). */
  clock: number
  /** The digits that differ from line to line: those of the clock since boot, of the second's fraction, and of a count of lines. */
  uptime?: Span
  fraction?: Span
  count?: Span
  /** Bytes beyond ASCII are written as \xd0 (/dev/kmsg). */
  escaped: boolean
}

/** No wrapping is longer. */
const LONGEST = 1000

// control characters, a byte order mark, the length that RFC 6587 puts in front, the field's name
const LEADING = /[\s\0\x1e]*(?:\xef\xbb\xbf)?(?:\d+ (?=<\d))?(?:"?(?:MESSAGE|msg)"?\s?[=:]\s?"?)?/y
const POD = /\[pod\/\S+\] |[\w.-]+\s+\| /y
const PRIORITY = /<\d{1,3}>(1 )?/y
const KMSG = /\d+,(\d{1,20}),(\d{1,20}),[^;]{0,80};/dy
const DECODED = /[a-z]+\s*:[a-z]+\s*: ?/y
const UPTIME = /\s?\[\s*(\d{1,12}\.(\d{1,9}))(?:\s+<\s*\d+\.\d+>)?\](?:\s?\[\s*[CT]\d+\])? ?/dy
const RELATIVE = /\[(?:\s*\+\d+\.\d+|<\s*\d+\.\d+>|[A-Z][a-z]{2}\s?\d{1,2} \d\d:\d\d)\] ?/y
const CRI = /(?:stdout|stderr) [FP] /y
const RFC5424 = /(\S+) \S+ \S+ \S+ (?:-|(?:\[(?:[^\]\\"]|"(?:[^"\\]|\\.)*"|\\.)*\])+)(?: |$)(?:\xef\xbb\xbf)?/y
const FACILITY = /(?:kern|user|daemon|syslog|auth|authpriv|local\d)\.[a-z]+ +/y
const KERNEL = /(?:kernel|klogd|ulogd2?)(?:\[\d+\])?: ?/y
const HOST_AND_KERNEL = /(\S+)\s+(?:[a-z]+\d?\.[a-z]+\s+)?(?:kernel|klogd|ulogd2?)(?:\[\d+\])?: ?/y
const HOST_AND_PROGRAM = /(\S+)\s+[^\s:]+(?:\[\d+\])?:\s/y
const HOST = /([\w.-]+)\s+/y
/** Behind a date that nobody here can read. */
const KERNEL_SOMEWHERE = /[^"]{0,120}?(\S*) kernel(?:\[\d+\])?: ?/y

/** What the wrappings begin with that hardly anything else begins with. */
export const BEGINNING =
  /<\d{1,3}>|\[ *\d+\.\d{3,6}\]|\d,\d+,\d+,-;|\d{4}-\d\d-\d\d[T ]|(?:[A-Z][a-z]{2} )?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]?\d \d\d:/

/** Reads the text in front of `TRACE:`, or (`log`) in front of `IN=`, where a LOG line's own prefix comes behind the wrapping. Never throws. */
export function readWrapping(text: string, log: boolean): Wrapping {
  const cursor = new Cursor(text.slice(0, LONGEST))
  cursor.take(LEADING)
  cursor.take(POD)
  const standard = cursor.take(PRIORITY)?.[1] !== undefined
  const kmsg = cursor.take(KMSG)
  if (kmsg) {
    const [, count, uptime] = kmsg.indices!
    const stamp: Stamp = { ...noStamp, uptime: true }
    return { length: cursor.at, stamp, clock: Number(kmsg[2]), uptime: uptime!, count: count!, escaped: true }
  }
  cursor.take(DECODED)
  const monotonic = cursor.take(UPTIME)
  // RFC 5424 writes `-` for a time that is not known
  const date = standard && cursor.take(/- /y) ? undefined : takeDate(cursor)
  const host = standard ? cursor.take(RFC5424)?.[1] : takeHost(cursor, date, monotonic !== null, log)
  cursor.take(RELATIVE)
  const up = monotonic ?? cursor.take(UPTIME)
  const stamp: Stamp = { ...(date?.stamp ?? noStamp), host: host === '-' ? '' : (host ?? ''), uptime: up !== null }
  const wrapping: Wrapping = { length: cursor.at, stamp, clock: date?.clock ?? Number.NaN, escaped: false }
  if (date?.fraction) wrapping.fraction = date.fraction
  if (up) {
    wrapping.uptime = up.indices![1]!
    if (date?.fraction) stamp.micros = wrapping.clock - stamp.base
    wrapping.clock = Number.parseInt(up[1]!, 10) * 1e6 + microseconds(up[2]!)
  }
  return wrapping
}

function takeHost(cursor: Cursor, date: DateRead | undefined, monotonic: boolean, log: boolean): string | undefined {
  cursor.take(CRI)
  cursor.take(FACILITY)
  if (cursor.take(KERNEL)) return undefined
  const named = cursor.take(HOST_AND_KERNEL)
  if (named) return named[1]
  if (!date) return monotonic ? undefined : cursor.take(KERNEL_SOMEWHERE)?.[1]
  if (date.style === 'bare') return undefined
  const program = log ? null : cursor.take(HOST_AND_PROGRAM)
  if (program) return program[1]
  // the next word; syslog always has a host, containers' logs none: there it may already be LOG's prefix
  const word = cursor.look(HOST)
  if (!word || (log && date.style === 'iso' && cursor.at + word[0].length === cursor.text.length)) return undefined
  return cursor.take(HOST)![1]
}
