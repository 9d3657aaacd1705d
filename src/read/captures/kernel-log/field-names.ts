/**
 * The names that net/netfilter/nf_log_syslog.c prints, each with the column its value goes to, laid out so that the
 * reader's loop only looks up. A name is known by its letters, 5 bits each, 32 bits kept.
 */
import * as F from '../header-fields.ts'

/** Names whose values are read and left: they say nothing that a journey needs. */
export const PASS = 100
/** The kernel prints IPv4's TOS byte in two parts, both in hex; its lowest bit in neither. */
export const TOS = 103
export const PREC = 101
export const MACPROTO = 102

/** Names with `=`. Several names may fill one column. */
const KEYS: Readonly<Record<string, number>> = {
  IN: F.IN,
  OUT: F.OUT,
  PHYSIN: F.PHYSIN,
  PHYSOUT: F.PHYSOUT,
  MAC: F.MAC,
  MACSRC: F.MACSRC,
  MACDST: F.MACDST,
  MACPROTO,
  SRC: F.SRC,
  DST: F.DST,
  IPSRC: F.SRC,
  IPDST: F.DST,
  LEN: F.LEN,
  TOS,
  PREC,
  TC: F.TOS,
  TTL: F.TTL,
  HOPLIMIT: F.TTL,
  ID: F.ID,
  PROTO: F.PROTO,
  SPT: F.SPT,
  DPT: F.DPT,
  SEQ: F.SEQ,
  ACK: F.ACK,
  WINDOW: F.WINDOW,
  TYPE: F.TYPE,
  CODE: F.CODE,
  MARK: F.MARK,
  UID: F.UID,
  GID: F.GID,
  VID: F.VLAN,
  FLOWLBL: F.FLOW,
}
const PASSED = 'RES URGP VPROTO HTYPE PTYPE OPCODE SPI MTU GATEWAY PARAMETER POINTER TUNNEL'.split(' ')

/** Bare words besides TCP's flags; numbers above every flag. */
export const WORDS = {
  DF: 0x10000,
  MF: 0x20000,
  CE: 0x30000,
  ARP: 0x40000,
  OPT: 0x50000,
  INCOMPLETE: 0x60000,
  ESP: 0x70000,
  AH: 0x80000,
} as const

export const PROTOCOLS: readonly (readonly [string, number])[] = [
  ['TCP', F.TCP],
  ['UDPLITE', F.UDPLITE],
  ['UDP', F.UDP],
  ['ICMPv6', F.ICMPV6],
  ['ICMP', F.ICMP],
  ['ESP', F.ESP],
  ['AH', F.AH],
  ['SCTP', 132],
  ['DCCP', 33],
  ['GRE', 47],
  ['IGMP', 2],
]

export const letters = (name: string): number =>
  [...name].reduce((hash, letter) => (hash << 5) ^ (letter.charCodeAt(0) & 31), 0)

const slotOf = (hash: number) => (hash ^ (hash >>> 9) ^ (hash >>> 18)) & 1023

interface Lookup {
  hashes: Int32Array
  values: Int32Array
}

function lookup(entries: [string, number][]): Lookup {
  const hashes = new Int32Array(1024)
  const values = new Int32Array(1024).fill(-1)
  for (const [name, value] of entries) {
    let slot = slotOf(letters(name))
    while (values[slot]! >= 0) slot = (slot + 1) & 1023
    hashes[slot] = letters(name)
    values[slot] = value
  }
  return { hashes, values }
}

export const keyTable = lookup([...Object.entries(KEYS), ...PASSED.map((name): [string, number] => [name, PASS])])
export const wordTable = lookup([...Object.entries(F.TCP_FLAGS), ...Object.entries(WORDS)])

/** The value under these letters, or -1. */
export function find(table: Lookup, hash: number): number {
  let slot = slotOf(hash)
  while (table.values[slot]! >= 0) {
    if (table.hashes[slot] === hash) return table.values[slot]!
    slot = (slot + 1) & 1023
  }
  return -1
}
