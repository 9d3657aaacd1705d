/** The states of a TCP connection as connection tracking keeps them (net/netfilter/nf_conntrack_proto_tcp.c). */
import type { Direction } from '../../model/direction.ts'
import type { Host } from '../../model/host.ts'
import type { Packet } from '../../model/packet.ts'
import { wordTable } from '../../model/word-table.ts'
import { type CtStatus, flag } from './status.ts'
import { TCP_STATES, type TcpState } from './tcp-state.ts'
import { afterSyn, beginWindows, emptyWindow, endOf, inWindow, isBefore, type Window } from './tcp-window.ts'

type Kind = 'syn' | 'synack' | 'fin' | 'ack' | 'rst' | 'none'

export interface TcpTracking {
  state: TcpState
  /** Absent where sequence numbers are not known: then every packet is taken to be in the window. */
  windows?: Record<Direction, Window>
  /** Who closed it, by a FIN. */
  closedBy: Direction[]
  /** Of the latest packet. */
  last: Last
  simultaneous?: boolean
}

interface Last {
  kind: Kind
  direction?: Direction
  end?: number
  window?: number
  ack?: number
  options?: string
  /** It was a SYN that the other end may challenge. */
  challenge?: boolean
}

/** net.netfilter.nf_conntrack_tcp_…. */
export interface TcpSettings {
  loose: boolean
  liberal: boolean
  ignoreInvalidRst: boolean
}

export function tcpSettings({ sysctls }: Host): TcpSettings {
  const value = (name: string) => sysctls?.get(`net.netfilter.nf_conntrack_tcp_${name}`)
  return {
    loose: value('loose') !== '0',
    liberal: value('be_liberal') === '1',
    ignoreInvalidRst: value('ignore_invalid_rst') === '1',
  }
}

/**
 * `again`: the entry is an old connection's, forget it and begin anew. `gone`: accepted, and the entry is deleted.
 * `ignored`: accepted, and not counted.
 */
export type TcpVerdict = 'ok' | 'ignored' | 'invalid' | 'again' | 'gone'

const SHORT: Readonly<Record<string, TcpState>> = {
  SS: 'SYN_SENT',
  SR: 'SYN_RECV',
  ES: 'ESTABLISHED',
  FW: 'FIN_WAIT',
  CW: 'CLOSE_WAIT',
  LA: 'LAST_ACK',
  TW: 'TIME_WAIT',
  CL: 'CLOSE',
  S2: 'SYN_SENT2',
}

/** By the packet's flags, what comes next in each of TCP_STATES; IV: invalid, IG: ignored. */
const NEXT: Readonly<Record<Direction, Readonly<Record<Kind, string>>>> = {
  original: {
    syn: 'SS SS IG IG IG IG IG SS SS S2',
    synack: 'IV IV SR IV IV IV IV IV IV SR',
    fin: 'IV IV FW FW LA LA LA TW CL IV',
    ack: 'ES IV ES ES CW CW TW TW CL IV',
    rst: 'IV CL CL CL CL CL CL CL CL CL',
    none: 'IV IV IV IV IV IV IV IV IV IV',
  },
  reply: {
    syn: 'IV S2 IV IV IV IV IV SS IV S2',
    synack: 'IV SR IG IG IG IG IG IG IG SR',
    fin: 'IV IV FW FW LA LA LA TW CL IV',
    ack: 'IV IG SR ES CW CW TW TW CL IG',
    rst: 'IV CL CL CL CL CL CL CL CL CL',
    none: 'IV IV IV IV IV IV IV IV IV IV',
  },
}

type Next = TcpState | 'invalid' | 'ignored'

const read = (row: string): Next[] =>
  row.split(' ').map((short) => (short === 'IV' ? 'invalid' : short === 'IG' ? 'ignored' : SHORT[short]!))
const readRows = (rows: Readonly<Record<Kind, string>>): Readonly<Record<Kind, readonly Next[]>> => ({
  syn: read(rows.syn),
  synack: read(rows.synack),
  fin: read(rows.fin),
  ack: read(rows.ack),
  rst: read(rows.rst),
  none: read(rows.none),
})
const NEXT_STATES = { original: readRows(NEXT.original), reply: readRows(NEXT.reply) }

const nextState = (direction: Direction, kind: Kind, state: TcpState): Next =>
  NEXT_STATES[direction][kind][TCP_STATES.indexOf(state)]!

export const stateFromDump = (state: string | undefined): TcpTracking => ({
  state: TCP_STATES.find((one) => one === state) ?? 'ESTABLISHED',
  closedBy: [],
  last: { kind: 'none' },
})

export const hasFlag = ({ tcpFlags }: Packet, flag: string): boolean => tcpFlags?.includes(flag) ?? false

function kindOf(packet: Packet): Kind {
  if (hasFlag(packet, 'rst')) return 'rst'
  if (hasFlag(packet, 'syn')) return hasFlag(packet, 'ack') ? 'synack' : 'syn'
  if (hasFlag(packet, 'fin')) return 'fin'
  return hasFlag(packet, 'ack') ? 'ack' : 'none'
}

/** tcp_valid_flags; the others may be there or not. */
const VALID_FLAGS = ['syn', 'syn urg', 'syn ack', 'rst', 'rst ack', 'fin ack', 'fin ack urg', 'ack', 'ack urg']
const BITS: Readonly<Record<string, number>> = wordTable({ fin: 1, syn: 2, rst: 4, ack: 16, urg: 32 })
const bitsOf = (flags: readonly string[]): number => flags.reduce((bits, flag) => bits | (BITS[flag] ?? 0), 0)
const VALID_BITS = VALID_FLAGS.map((flags) => bitsOf(flags.split(' ')))

/** Which no TCP packet can have otherwise. */
export const hasValidFlags = ({ tcpFlags = [] }: Packet): boolean => VALID_BITS.includes(bitsOf(tcpFlags))

/** The entry of a connection that this packet begins; undefined where it cannot. */
export function beginTcp(packet: Packet, settings: TcpSettings): TcpTracking | undefined {
  const next = nextState('original', kindOf(packet), 'NONE')
  if (next === 'invalid' || (next !== 'SYN_SENT' && !settings.loose)) return undefined
  const tracking: TcpTracking = { state: 'NONE', closedBy: [], last: { kind: 'none' } }
  if (packet.tcpSeq === undefined || packet.tcpWindow === undefined) return tracking
  return { ...tracking, windows: beginWindows(packet, next === 'SYN_SENT') }
}

/** What of an entry matters here. */
interface Entry {
  tcp?: TcpTracking
  flags: readonly CtStatus[]
}

/** Moves the connection on. */
export function trackTcp(entry: Entry, packet: Packet, direction: Direction, settings: TcpSettings): TcpVerdict {
  if (!hasValidFlags(packet)) return 'invalid'
  if (!entry.flags.includes('confirmed')) {
    const begun = beginTcp(packet, settings)
    if (!begun) return 'invalid'
    entry.tcp = begun
  }
  const tcp = entry.tcp!
  const kind = kindOf(packet)
  let next = nextState(direction, kind, tcp.state)
  if (next === 'invalid') return 'invalid'
  if (next === 'SYN_SENT' && (tcp.state === 'TIME_WAIT' || tcp.state === 'CLOSE')) {
    if (tcp.closedBy.length > 0 || (tcp.last.direction === direction && tcp.last.kind === 'rst')) return 'again'
    next = 'ignored'
  }
  if (next === 'ignored') {
    if (!answersIgnoredSyn(tcp, packet, kind, direction)) {
      ignore(tcp, packet, kind, direction)
      return 'ignored'
    }
    takeOver(tcp, direction)
    next = 'SYN_RECV'
  }
  if (next === 'TIME_WAIT' && isChallenge(tcp, kind, direction)) return 'ignored'
  if (next === 'SYN_SENT2') tcp.simultaneous = true
  if (next === 'SYN_RECV' && direction === 'reply' && kind === 'ack' && tcp.simultaneous) next = 'ESTABLISHED'
  const reset = next === 'CLOSE' && kind === 'rst' ? judgeReset(entry, tcp, packet, direction, settings) : 'check'
  if (reset === 'invalid') return 'invalid'
  if (reset !== 'let through' && tcp.windows) {
    const place = inWindow(tcp.windows, tcp.state, packet, direction, settings.liberal)
    if (place === 'ignored') return 'ignored'
    if (place === 'outside') {
      noteInvalid(entry, tcp, kind, direction)
      return 'invalid'
    }
  }
  return moveOn(entry, tcp, reset === 'keep' ? tcp.state : next, packet, kind, direction)
}

function moveOn(
  entry: Entry,
  tcp: TcpTracking,
  next: TcpState,
  packet: Packet,
  kind: Kind,
  direction: Direction,
): TcpVerdict {
  const old = tcp.state
  tcp.last.kind = kind
  tcp.last.direction = direction
  if (kind === 'ack') tcp.last.end = endOf(packet)
  tcp.state = next
  if (old !== next && next === 'FIN_WAIT') tcp.closedBy.push(direction)
  // a reset as the only answer: there never was a connection
  if (!entry.flags.includes('seen-reply')) {
    if (kind === 'rst') return 'gone'
    // a SYN that is sent again
    return kind === 'syn' && old === 'SYN_SENT' ? 'ignored' : 'ok'
  }
  if ((old === 'SYN_RECV' || old === 'ESTABLISHED') && next === 'ESTABLISHED') flag(entry, 'assured')
  return 'ok'
}

/** Both ends may know better than the entry: what they send is let through and kept in mind. */
function ignore(tcp: TcpTracking, packet: Packet, kind: Kind, direction: Direction): void {
  const { last } = tcp
  last.kind = kind
  last.direction = direction
  last.end = endOf(packet)
  last.window = packet.tcpWindow ?? 0
  if (kind === 'syn' && direction === 'original') {
    last.options = packet.tcpOptions ?? ''
    // so that a reset which answers it is not taken for an old one
    delete tcp.windows?.original.maxAck
    last.challenge = tcp.state === 'LAST_ACK'
  }
  if (tcp.state === 'SYN_SENT' && kind === 'ack' && direction === 'reply') last.ack = packet.tcpAck ?? 0
}

const answersIgnoredSyn = ({ last }: TcpTracking, packet: Packet, kind: Kind, direction: Direction): boolean =>
  kind === 'synack' && last.kind === 'syn' && last.direction !== direction && packet.tcpAck === last.end

/** The ignored SYN was right: the entry goes on from there. */
function takeOver(tcp: TcpTracking, direction: Direction): void {
  const { last } = tcp
  tcp.state = 'SYN_SENT'
  last.challenge = false
  if (tcp.windows && last.direction && last.end !== undefined)
    tcp.windows = {
      ...tcp.windows,
      [last.direction]: afterSyn(last.end, last.window ?? 0, last.options ?? ''),
      [direction]: emptyWindow(),
    }
}

/** RFC 5961: an ACK that only answers a SYN out of nowhere; it acknowledges no FIN. */
function isChallenge({ state, last }: TcpTracking, kind: Kind, direction: Direction): boolean {
  if (state !== 'LAST_ACK' || kind !== 'ack' || last.direction === direction || last.kind !== 'syn') return false
  const challenge = last.challenge ?? false
  last.challenge = false
  return challenge
}

const CLOSING: readonly TcpState[] = ['FIN_WAIT', 'LAST_ACK', 'TIME_WAIT', 'CLOSE', 'CLOSE_WAIT']

/** `keep`: the connection stays as it is; `let through`: it answers what was ignored, and no window is asked. */
function judgeReset(
  { flags }: Entry,
  { state, windows, last }: TcpTracking,
  { tcpSeq: seq = 0, tcpAck }: Packet,
  direction: Direction,
  settings: TcpSettings,
): 'invalid' | 'keep' | 'check' | 'let through' {
  // on its way out the connection may have been used anew already
  if (CLOSING.includes(state)) return 'let through'
  const established = state === 'ESTABLISHED' && flags.includes('assured')
  const most = last.kind === 'syn' ? undefined : windows?.[direction === 'original' ? 'reply' : 'original'].maxAck
  let keep = false
  if (most !== undefined) {
    if (seq === 0 && !established) return 'check'
    if (isBefore(seq, most) && !settings.ignoreInvalidRst) return 'invalid'
    if (!established || seq === most) return 'check'
    if (last.kind === 'ack' && last.direction === direction && seq === last.end) return 'check'
    keep = true
  }
  const answersSyn = flags.includes('seen-reply') && last.kind === 'syn'
  const answersAck = !flags.includes('assured') && last.kind === 'ack'
  if ((answersSyn || answersAck) && tcpAck === last.end) return 'let through'
  if (state === 'SYN_SENT' && last.kind === 'ack' && last.direction === 'reply' && seq === last.ack)
    return 'let through'
  return keep ? 'keep' : 'check'
}

/** nf_tcp_handle_invalid: a FIN or RST that is out of the window makes an assured entry expire sooner. */
function noteInvalid({ flags }: Entry, { last }: TcpTracking, kind: Kind, direction: Direction): void {
  if (!flags.includes('assured') || (kind !== 'rst' && kind !== 'fin')) return
  if (last.direction !== direction && (last.kind === 'fin' || last.kind === 'rst')) return
  last.kind = kind
  last.direction = direction
}
