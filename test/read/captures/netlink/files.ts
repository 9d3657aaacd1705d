/** Netlink messages of nft's tracing, byte by byte, as packets of a capture file. */
import { text, u16, u32 } from '../nflog/files.ts'

const order = (bytes: number[], little: boolean): number[] => (little ? [...bytes].reverse() : bytes)

/** What a message holds: a number for each attribute's type, and its bytes. */
export type Attribute = readonly [type: number, bytes: readonly number[]]

export const TABLE = 1
export const CHAIN = 2
export const HANDLE = 3
export const TYPE = 4
export const VERDICT = 5
export const ID = 6
export const LINK = 7
export const NETWORK = 8
export const TRANSPORT = 9
export const IIF = 10
export const IIFTYPE = 11
export const OIF = 12
export const MARK = 14
export const NFPROTO = 15
export const POLICY = 16
export const CT_DIRECTION = 19
export const CT_STATUS = 20
export const CT_STATE = 21

const INET = 1
const TRACE = 0x0a11

export function attributes(list: readonly Attribute[], little: boolean): number[] {
  const bytes: number[] = []
  for (const [type, value] of list) {
    bytes.push(...order(u16(value.length + 4), little), ...order(u16(type), little), ...value)
    while (bytes.length % 4 > 0) bytes.push(0)
  }
  return bytes
}

/** A netlink message with its header. */
export function netlink(type: number, body: readonly number[], little = true): number[] {
  const long = (value: number) => order(u32(value), little)
  const padded = [...body]
  while (padded.length % 4 > 0) padded.push(0)
  return [...long(16 + body.length), ...order(u16(type), little), 0, 0, ...long(0), ...long(0), ...padded]
}

/** A packet of link type NETLINK; `protocol` 12 is netfilter's. */
export const cooked = (messages: readonly number[], protocol = 12): number[] => [
  ...[0, 4, 3, 0x38, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ...u16(protocol)],
  ...messages,
]

export const nfgenmsg = (family: number, list: readonly Attribute[], little = true): number[] => [
  ...[family, 0, 0, 0],
  ...attributes(list, little),
]

export const traceMessage = (list: readonly Attribute[], little = true, family = INET): number[] =>
  netlink(TRACE, nfgenmsg(family, list, little), little)

/** In a packet of its own. */
export const trace = (list: readonly Attribute[], little = true, family = INET): number[] =>
  cooked(traceMessage(list, little, family))

export const verdict = (code: number, chain: string | undefined, little = true): Attribute => [
  VERDICT,
  attributes([[1, u32(code)], ...(chain === undefined ? [] : [[2, text(chain)] as const])], little),
]

const place = (chain: string, id: number): Attribute[] => [
  [NFPROTO, u32(2)],
  [ID, u32(id)],
  [CHAIN, text(chain)],
  [TABLE, text('t')],
]

export const rule = (chain: string, handle: number, said: Attribute, id = 7): Attribute[] => [
  [TYPE, u32(3)],
  ...place(chain, id),
  [HANDLE, [...u32(0), ...u32(handle)]],
  said,
]

export const policy = (chain: string, code: number, id = 7): Attribute[] => [
  [TYPE, u32(1)],
  ...place(chain, id),
  [POLICY, u32(code)],
]

/** An Ethernet header from 02:00:00:00:00:02 to 02:00:00:00:00:01. */
export const ETHERNET = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0]
