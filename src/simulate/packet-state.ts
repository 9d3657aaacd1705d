/**
 * A packet as the model keeps it: every field is there, `undefined` where the packet has none or it is not known, which
 * is the same to all that reads packets. So all have one shape, and reading them is cheap. What leaves the model is
 * without such fields.
 */
import type { Packet } from '../model/packet.ts'

/** New values of some fields; `undefined`: not known, or not there. */
export type Fields = { [K in keyof Packet]?: Packet[K] | undefined }

/** In that shape. */
export const packetState = (packet: Packet): Packet => Object.assign({ ...BLANK } as Fields as Packet, packet)

/** Only what is known and there. */
export function plainPacket(state: Packet): Packet {
  const plain: Fields = {}
  for (const key of KEYS) if (state[key] !== undefined) plain[key] = state[key] as never
  // what this host sends has come in nowhere
  if (plain.in === '') delete plain.in
  return plain as Packet
}

export const isFragment = ({ fragOffset, moreFragments }: Packet): boolean => !!fragOffset || !!moreFragments

const BLANK: Record<keyof Packet, undefined> = {
  in: undefined,
  out: undefined,
  physIn: undefined,
  physOut: undefined,
  vlan: undefined,
  src: undefined,
  dst: undefined,
  protocol: undefined,
  sport: undefined,
  dport: undefined,
  tcpFlags: undefined,
  tcpSeq: undefined,
  tcpAck: undefined,
  tcpWindow: undefined,
  tcpOptions: undefined,
  icmpType: undefined,
  icmpCode: undefined,
  icmpId: undefined,
  icmpSeq: undefined,
  inner: undefined,
  ipId: undefined,
  ttl: undefined,
  tos: undefined,
  length: undefined,
  fragOffset: undefined,
  moreFragments: undefined,
  dontFragment: undefined,
  flowLabel: undefined,
  mark: undefined,
  srcMac: undefined,
  dstMac: undefined,
  uid: undefined,
  gid: undefined,
  ctState: undefined,
  ctStatus: undefined,
  ctMark: undefined,
  ctZone: undefined,
  ctDir: undefined,
}

/** All of a packet. */
export const KEYS = Object.keys(BLANK) as (keyof Packet)[]
