/** The states of a TCP connection as connection tracking keeps them (net/netfilter/nf_conntrack_proto_tcp.c). */
import type { Packet } from '../model/packet.ts'
import type { Connection, Direction } from './connection.ts'

/** `/proc/net/nf_conntrack`'s words, in the kernel's order. */
const STATES = [
  'NONE',
  'SYN_SENT',
  'SYN_RECV',
  'ESTABLISHED',
  'FIN_WAIT',
  'CLOSE_WAIT',
  'LAST_ACK',
  'TIME_WAIT',
  'CLOSE',
  'SYN_SENT2',
] as const
export type TcpState = (typeof STATES)[number]

export interface TcpTracking {
  state: TcpState
}

/** `again`: the entry is an old connection's, forget it and begin anew. `gone`: accepted, and the entry is deleted. */
export type TcpVerdict = 'ok' | 'invalid' | 'again' | 'gone'

const STATE: Readonly<Record<string, TcpState>> = {
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

/** By the packet's flags, what comes next in each of STATES; IV: invalid, IG: ignored. */
const NEXT: Readonly<Record<Direction, Readonly<Record<string, string>>>> = {
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

export const stateFromDump = (state: string | undefined): TcpTracking => ({
  state: STATES.find((one) => one === state) ?? 'ESTABLISHED',
})

const has = ({ tcpFlags }: Packet, flag: string): boolean => tcpFlags?.includes(flag) ?? false

function kindOf(packet: Packet): string {
  if (has(packet, 'rst')) return 'rst'
  if (has(packet, 'syn')) return has(packet, 'ack') ? 'synack' : 'syn'
  if (has(packet, 'fin')) return 'fin'
  return has(packet, 'ack') ? 'ack' : 'none'
}

/** Moves the connection on. */
export function trackTcp(connection: Connection, packet: Packet, direction: Direction): TcpVerdict {
  const old = connection.tcp?.state ?? 'NONE'
  const next = NEXT[direction][kindOf(packet)]!.split(' ')[STATES.indexOf(old)]!
  if (next === 'IV') return 'invalid'
  if (next === 'IG') return 'ok'
  const state = STATE[next]!
  if (state === 'SYN_SENT' && (old === 'TIME_WAIT' || old === 'CLOSE')) return 'again'
  const rstAtOnce = has(packet, 'rst') && !connection.flags.has('seen-reply')
  connection.tcp = { state }
  if (connection.flags.has('confirmed') && rstAtOnce) return 'gone'
  if (connection.flags.has('seen-reply') && old === 'SYN_RECV' && state === 'ESTABLISHED')
    connection.flags.add('assured')
  return 'ok'
}
