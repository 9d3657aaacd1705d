/**
 * What stands in front of the kernel's message: who logged it and when. In order of what is met most:
 *   [12.345678]                                     dmesg
 *   <4>[12.345678]                                  dmesg -r, serial consoles, BusyBox
 *   [Mon Jan  1 21:23:16 2026]                      dmesg -T
 *   4,1234,12345678,-;                              /dev/kmsg
 *   Jan  1 21:23:16 host kernel: [12.345678]        rsyslog, journalctl
 *   2026-01-01T21:23:16.123456+01:00 host kernel:   rsyslog's ISO template, journalctl -o short-iso
 *   <4>1 2026-01-01T21:23:16Z host kernel - - -     RFC 5424
 *   Mon Jan 1 21:23:16 2026 kern.warn kernel:       OpenWrt's logread
 * Blanks may be lost, as in `Apr 1811:50:23`.
 */
import type { Stamp } from '../stamp.ts'

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

const ISO = /(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d+))?\s*(Z|[+-]\d\d:?\d\d)?/
const SYSLOG = /([A-Z][a-z]{2})\s+(\d{1,2})\s*(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:\s+(\d{4}))?/
const UPTIME = /\[\s*(\d+)\.(\d+)\]\s*$/
const KMSG = /^\s*\d+,\d+,(\d+),[^;]*;\s*$/

/** Where the message begins: behind the wrapping. 0 where there is none. */
export function wrappingEnd(line: string): number {
  const outer =
    /^\s*\d+,\d+,\d+,[^;]*;/.exec(line) ??
    /^<\d+>\d+ \S+ \S+ \S+ \S+ \S+ (?:-|(?:\[(?:[^\]\\]|\\.)*\])+) ?/.exec(line) ??
    /^[^"]{0,120}?\bkernel(?:\[\d+\])?: ?/.exec(line) ??
    /^<\d+>/.exec(line)
  const from = outer?.[0].length ?? 0
  const inner = /^\s?\[(?:\s*\d+\.\d+|[A-Z][a-z]{2} [A-Z][a-z]{2} [^\]]*)\] ?/.exec(line.slice(from))
  return from + (inner?.[0].length ?? 0)
}

/** Reads the wrapping's text; `clock` is the event's own moment (see Stamp). Never throws. */
export function readWrapping(text: string): { stamp: Stamp; clock: number } {
  const uptime = UPTIME.exec(text)
  const wall = readWall(uptime ? text.slice(0, uptime.index) : text)
  if (uptime) {
    const clock = Number(uptime[1]) * 1e6 + Number(uptime[2]!.padEnd(6, '0').slice(0, 6))
    return { stamp: { ...wall.stamp, uptime: true }, clock }
  }
  const kmsg = KMSG.exec(text)
  if (kmsg) return { stamp: { ...wall.stamp, uptime: true }, clock: Number(kmsg[1]) }
  return wall
}

function readWall(text: string): { stamp: Stamp; clock: number } {
  const iso = ISO.exec(text)
  if (iso) {
    const [whole, date, time, fraction = '', offset = ''] = iso
    // Date wants a colon in the offset; where there is none it must not think of the reader's own zone
    const zone = offset === '' ? 'Z' : offset.replace(/([+-]\d\d)(\d\d)$/, '$1:$2')
    const base = Date.parse(`${date}T${time}${zone}`) * 1000
    return stamped(`${date}T${time}`, base, fraction, offset, hostBehind(text, iso.index + whole.length))
  }
  const syslog = SYSLOG.exec(text)
  const month = syslog ? MONTHS.indexOf(syslog[1]!.toLowerCase()) : -1
  if (syslog && month >= 0) {
    const [whole, , day = '', hour, minute, second, fraction = '', year] = syslog
    const date = `${year ?? '-'}-${String(month + 1).padStart(2, '0')}-${day.padStart(2, '0')}`
    const base = Date.UTC(Number(year ?? 2000), month, Number(day), Number(hour), Number(minute), Number(second)) * 1000
    return stamped(
      `${date}T${hour}:${minute}:${second}`,
      base,
      fraction,
      '',
      hostBehind(text, syslog.index + whole.length),
    )
  }
  return { stamp: { host: '', uptime: false, base: Number.NaN, digits: 0, offset: '' }, clock: Number.NaN }
}

function stamped(second: string, base: number, fraction: string, offset: string, host: string) {
  const digits = Math.min(fraction.length, 6)
  const stamp: Stamp = { host, uptime: false, second, base, digits, offset }
  return { stamp, clock: base + (fraction === '' ? 0 : Number(fraction.padEnd(6, '0').slice(0, 6))) }
}

/** The word behind the time, unless that is the program itself (`kernel:`) or OpenWrt's facility (`kern.warn`). */
function hostBehind(text: string, at: number): string {
  const word = text.slice(at).replace(/^\]/, '').trim().split(/\s+/)[0] ?? ''
  if (word === '-' || /^kernel(\[\d+\])?:?$/.test(word) || word.endsWith(':') || word.startsWith('[')) return ''
  return /^(kern|user|daemon|syslog|auth|authpriv|local\d)\.[a-z]+$/.test(word) ? '' : word
}
