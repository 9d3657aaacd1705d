/** Lines of dmesg as other programs wrap them (docs/formats/kernel-log.md): the same kernel's words, with their moment. */

interface Line {
  /** Seconds since the kernel began, as it printed them. */
  stamp: string
  words: string
}

const linesOf = (text: string): Line[] =>
  text.split('\n').flatMap((line) => {
    const [, stamp, words] = /^\[\s*([\d.]+)\] (.*)$/.exec(line) ?? []
    return stamp === undefined ? [] : [{ stamp, words: words! }]
  })

/** Milliseconds of the moment at which the kernel began, so that a line's is the same in each wrapping. */
const BEGAN = Date.UTC(2026, 10, 27, 4, 0, 0)
const momentOf = ({ stamp }: Line): Date => new Date(BEGAN + Math.round(Number(stamp) * 1000))
const microseconds = ({ stamp }: Line): string => String(Math.round(Number(stamp) * 1e6))

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const day = (at: Date) => String(at.getUTCDate()).padStart(2, ' ')
const clock = (at: Date) => at.toISOString().slice(11, 19)
const short = (at: Date) => `${MONTHS[at.getUTCMonth()]} ${day(at)} ${clock(at)}`
const longer = (at: Date) => `${DAYS[at.getUTCDay()]} ${short(at)} ${at.getUTCFullYear()}`
const iso = (at: Date) => at.toISOString().replace(/\.\d+Z$/, '+0000')

const each = (wrap: (line: Line, i: number) => string) => (text: string) =>
  linesOf(text)
    .map((line, i) => `${wrap(line, i)}\n`)
    .join('')

const journalctl = (line: Line, i: number) =>
  JSON.stringify({
    _BOOT_ID: '0a1b2c3d4e5f60718293a4b5c6d7e8f9',
    __REALTIME_TIMESTAMP: String(BEGAN * 1000 + Number(microseconds(line))),
    _SOURCE_MONOTONIC_TIMESTAMP: microseconds(line),
    __MONOTONIC_TIMESTAMP: microseconds(line),
    __CURSOR: `s=0a1b;i=${i.toString(16)};b=0a1b2c3d`,
    PRIORITY: '4',
    _TRANSPORT: 'kernel',
    SYSLOG_FACILITY: '0',
    SYSLOG_IDENTIFIER: 'kernel',
    _HOSTNAME: 'gw',
    _MACHINE_ID: '11112222333344445555666677778888',
    MESSAGE: line.words,
  })

const exported = (line: Line, i: number) =>
  Object.entries(JSON.parse(journalctl(line, i)) as Record<string, string>)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')

export const WRAPPINGS: Readonly<Record<string, (text: string) => string>> = {
  'dmesg -T': each((line) => `[${longer(momentOf(line))}] ${line.words}`),
  'dmesg -r': each(({ stamp, words }) => `<4>[${stamp.padStart(12)}] ${words}`),
  'dmesg -x': each(({ stamp, words }) => `kern  :warn  : [${stamp.padStart(12)}] ${words}`),
  'dmesg --time-format iso': each((line) => {
    const at = momentOf(line)
    return `${at.toISOString().slice(0, 19)},${line.stamp.split('.')[1]}+00:00 ${line.words}`
  }),
  'dmesg --time-format reltime': each(
    (line, i) => `[${i === 0 ? short(momentOf(line)).slice(0, 12) : '  +0.000012'}] ${line.words}`,
  ),
  'dmesg -t': each(({ words }) => words),
  '/dev/kmsg': each((line, i) => `4,${1000 + i},${microseconds(line)},-;${line.words}`),
  syslog: each((line) => `${short(momentOf(line))} gw kernel: [${line.stamp.padStart(12)}] ${line.words}`),
  'syslog without the stamp': each((line) => `${short(momentOf(line))} gw kernel: ${line.words}`),
  "rsyslog's ISO template": each(
    (line) => `${momentOf(line).toISOString().replace('Z', '+00:00')} gw kernel: [${line.stamp}] ${line.words}`,
  ),
  'journalctl -k': each((line) => `${short(momentOf(line))} gw kernel: ${line.words}`),
  'journalctl -o short-iso': each((line) => `${iso(momentOf(line))} gw kernel: ${line.words}`),
  'journalctl -o short-precise': each(
    (line) => `${short(momentOf(line))}.${line.stamp.split('.')[1]} gw kernel: ${line.words}`,
  ),
  'journalctl -o short-full': each(
    (line) =>
      `${DAYS[momentOf(line).getUTCDay()]} ${momentOf(line).toISOString().slice(0, 10)} ${clock(momentOf(line))} UTC gw kernel: ${line.words}`,
  ),
  'journalctl -o short-unix': each(
    (line) => `${((BEGAN + Number(line.stamp) * 1000) / 1000).toFixed(6)} gw kernel: ${line.words}`,
  ),
  'journalctl -o short-monotonic': each((line) => `[${line.stamp.padStart(12)}] gw kernel: ${line.words}`),
  'journalctl -o cat': each(({ words }) => words),
  'journalctl -o json': each(journalctl),
  'journalctl -o json-pretty': each((line, i) => JSON.stringify(JSON.parse(journalctl(line, i)), null, '\t')),
  'journalctl -o export': each(exported),
  'journalctl -o verbose': each((line, i) => {
    const at = momentOf(line)
    const fields = Object.entries(JSON.parse(journalctl(line, i)) as Record<string, string>).filter(
      ([name]) => !name.startsWith('__'),
    )
    return `${DAYS[at.getUTCDay()]} ${at.toISOString().slice(0, 10)} ${clock(at)}.${line.stamp.split('.')[1]} UTC [s=0a1b;i=${i.toString(16)};b=0a1b2c3d]\n${fields.map(([name, value]) => `    ${name}=${value}`).join('\n')}`
  }),
  logread: each((line) => `${longer(momentOf(line))} kern.warn kernel: [${line.stamp.padStart(12)}] ${line.words}`),
  'RFC 5424': each((line) => `<4>1 ${momentOf(line).toISOString()} gw kernel - - - [${line.stamp}] ${line.words}`),
  'busybox syslogd': each((line) => `${short(momentOf(line))} gw kern.warn kernel: [${line.stamp}] ${line.words}`),
  'docker json-file': each((line) =>
    JSON.stringify({
      log: `[${line.stamp.padStart(12)}] ${line.words}\n`,
      stream: 'stdout',
      time: momentOf(line).toISOString(),
    }),
  ),
  'kubectl logs --timestamps': each(
    (line) => `${momentOf(line).toISOString()} [${line.stamp.padStart(12)}] ${line.words}`,
  ),
  'serial console, wrapped': each(({ stamp, words }) => `[${stamp.padStart(12)}] ${words}`.replace(/(.{80})/g, '$1\n')),
  'terminal, wrapped at blanks': each(({ stamp, words }) =>
    `[${stamp.padStart(12)}] ${words}`.replace(/(.{60,79}) /g, '$1\n'),
  ),
  'newest first': (text) => {
    const lines = each((line) => `${iso(momentOf(line))} gw kernel: ${line.words}`)(text)
    return `${lines.trimEnd().split('\n').reverse().join('\n')}\n`
  },
  'among other lines': each((line, i) => {
    const at = short(momentOf(line))
    const other =
      i % 3 === 0
        ? `${at} gw systemd[1]: Started Session ${i} of user root.\n${at} gw sshd[123]: Accepted publickey for root from 192.0.2.77 port 51234 ssh2\n`
        : ''
    return `${other}${at} gw kernel: [${line.stamp.padStart(12)}] ${line.words}`
  }),
}

/** As logrotate leaves it: the older half packed, its name behind the newer one's. */
export function rotated(text: string): { older: string; newer: string } {
  const lines = WRAPPINGS.syslog!(text).split(/(?<=\n)/)
  const half = Math.floor(lines.length / 2)
  return { older: lines.slice(0, half).join(''), newer: lines.slice(half).join('') }
}
