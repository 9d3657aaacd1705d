/** A packet that tcpdump's text shows, in the words that `simulate --packet` takes: print_ip, tcp_print, udp_print of tcpdump. */
import { parseAddress } from '../../model/address.ts'

/** `eth0  In  IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [S], …`; with -e, the frame's header stands before, and no IP. */
const LINE =
  /^.{0,120}?(?:\b(?<device>\S{1,15}) {1,4}(?<way>In|Out|M|B|P) {1,4}(?:ifindex .{1,60})?)?(?:\bIP6?|, length \d{1,5}:|, ethertype IPv[46] \(0x[\da-f]{4}\),) (?:\(.{0,200}\) ?)?(?<src>[\da-f.:]{3,52}) > (?<dst>[\da-f.:]{3,52}): (?<rest>.{1,200})/

/** What tcpdump says as it begins. */
const LISTENS = /\blistening on (?!any\b)([^\s,]{1,15})/

/** The first that opens a connection or asks for something, and came in; undefined where none did, or addresses are names. */
export function packetOfTcpdump(text: string): string | undefined {
  const listens = LISTENS.exec(text)?.[1]
  // with -v, the addresses are on a line of their own
  const lines = text.replace(/\r?\n[ \t]{1,8}(?=[\da-f.:]{3,52} > )/g, ' ').split('\n', MOST_LINES)
  for (const line of lines) {
    const { device = listens ?? 'INTERFACE', way, src = '', dst = '', rest = '' } = LINE.exec(line)?.groups ?? {}
    // what went out may have come in before, or be this host's own
    if (way !== undefined && way !== 'In') continue
    const kind = kindOf(rest, dst)
    const ends = [src, dst].map((end) => withPort(end, kind !== undefined && !kind.isIcmp))
    if (!kind || ends.includes(undefined)) continue
    return `in ${device} ${kind.protocol} ${ends.join(' > ')}${kind.words}`
  }
  return undefined
}

const MOST_LINES = 500

interface Kind {
  protocol: string
  words: string
  isIcmp?: true
}

function kindOf(rest: string, dst: string): Kind | undefined {
  if (/^Flags \[S[EW]*\]/.test(rest)) return { protocol: 'tcp', words: ' syn' }
  if (/^Flags /.test(rest)) return undefined
  if (/^ICMP6?,? echo request\b/.test(rest))
    return { protocol: rest.startsWith('ICMP6') ? 'icmpv6' : 'icmp', words: ' echo-request', isIcmp: true }
  const port = Number(/[.](\d{1,5})$/.exec(dst)?.[1])
  // "UDP, length 40"; of a name server's question the words, the length in brackets
  const isAsked = /^UDP, length \d/.test(rest) || (port === 53 && /^\d{1,5}\+?.{0,20} [A-Z]{1,10}\? /.test(rest))
  return isAsked ? { protocol: 'udp', words: '' } : undefined
}

/** `10.0.0.2.80` → `10.0.0.2:80`, `fd00::2.53` → `[fd00::2]:53`. */
function withPort(end: string, hasPort: boolean): string | undefined {
  const [, address = '', port] = hasPort ? (/^(.+)\.(\d{1,5})$/.exec(end) ?? []) : [end, end]
  if (parseAddress(address) === undefined) return undefined
  if (port === undefined) return address
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
