/** A packet that tcpdump's text shows, in the words that `simulate --packet` takes: print_ip, tcp_print, udp_print of tcpdump. */
import { parseAddress } from '../../model/address.ts'
import { BEGINS, HEADER } from '../../read/pasted/tcpdump.ts'

/** `(tos 0x0, ttl 64, …, proto TCP (6), length 60)` of -v */
const OF_IP = String.raw`\((?:[^()]|\([^()]{0,80}\)){1,300}\) ?`

const LINE = new RegExp(
  String.raw`${BEGINS}(?:${HEADER})(?<frame>(?:.{0,80}?\bvlan .{0,80}ethertype )?IPv[46].{0,30}?(?:, length \d{1,5}: |, ))?(?:${OF_IP})?(?<src>[\da-f.:]{3,52}) > (?<dst>[\da-f.:]{3,52}): (?:\[.{0,60}?sum.{0,40}?\] )?(?<rest>.{1,200})`,
)

/** What tcpdump says as it begins. */
const LISTENS = /\blistening on ([\w.-]{1,15})(?=[\s,])/

/** No interfaces: packets are seen there that came in elsewhere. */
const NO_DEVICE = /^(?:any|nflog|nfqueue)$/

/** Behind it, what a tunnel carries has a line of its own. */
const CARRIES = /: (?:VXLAN|Geneve|OTV|LISP)\b/i

export interface SeenPacket {
  packet: string
  /** It was seen there: whether it came in or went out is not shown. */
  seenOn?: string
}

/** The first that opens a connection or asks for something, and came in; undefined where none did, or addresses are names. */
export function packetOfTcpdump(text: string): SeenPacket | undefined {
  let listens: string | undefined
  // with -v, the addresses are on a line of their own
  const lines = text.replace(/\r?\n[ \t]{1,8}(?=[\da-f.:]{3,52} > )/g, ' ').split('\n', MOST_LINES)
  const found = lines.map((line) => LINE.exec(line)?.groups)
  const isTimed = found.some((groups) => groups?.stamp !== undefined)
  for (const [i, line] of lines.entries()) {
    const listening = LISTENS.exec(line)?.[1]
    if (listening !== undefined) listens = NO_DEVICE.test(listening) ? undefined : listening
    const { stamp, device, way, frame, src = '', dst = '', rest = '' } = found[i] ?? {}
    // what a tunnel carries, or an error quotes, did not come in there
    const isWithin = isTimed ? stamp === undefined : line.startsWith('\t') || CARRIES.test(lines[i - 1] ?? '')
    // what went out may have come in before, or be this host's own
    if (isWithin || (way !== undefined && way !== 'In')) continue
    const kind = kindOf(rest, dst)
    const ends = [src, dst].map((end) => withPort(end, kind !== undefined && !kind.isIcmp))
    if (!kind || ends.includes(undefined)) continue
    // rules see it on the interface of its VLAN
    const seenOn = device === undefined && !frame?.includes('vlan ') ? listens : undefined
    const packet = `in ${device ?? seenOn ?? 'INTERFACE'} ${kind.protocol} ${ends.join(' > ')}${kind.words}`
    return { packet, ...(seenOn === undefined ? {} : { seenOn }) }
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
  const icmp = /^ICMP(6,)? echo request\b/.exec(rest)
  if (icmp) return { protocol: icmp[1] === undefined ? 'icmp' : 'icmpv6', words: ' echo-request', isIcmp: true }
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
