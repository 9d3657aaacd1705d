/** Is a TCP packet in the window of its connection? (tcp_in_window in net/netfilter/nf_conntrack_proto_tcp.c) */
import type { Direction } from '../../model/direction.ts'
import type { Packet } from '../../model/packet.ts'
import type { TcpState } from './tcp-state.ts'

/** What one end has sent and may send; numbers of 32 bits that wrap. */
export interface Window {
  end: number
  maxEnd: number
  /** 0: nothing was seen of this end yet. */
  maxWindow: number
  /** The highest that it has acknowledged. */
  maxAck?: number
  scale: number
  scaling: boolean
  sack: boolean
  /** Picked up in the middle: nothing is out of its window. */
  liberal: boolean
}

/** `ignored`: let through, but nothing is learnt of it. */
export type WindowPlace = 'inside' | 'outside' | 'ignored'

const u32 = (value: number): number => value >>> 0
const add = (a: number, b: number): number => u32(a + b)

/** As 32 bits wrap. */
export const isBefore = (a: number, b: number): boolean => ((a - b) | 0) < 0
const isAfter = (a: number, b: number): boolean => isBefore(b, a)

const has = ({ tcpFlags }: Packet, flag: string): boolean => tcpFlags?.includes(flag) ?? false

/** The sequence number behind the packet's last byte. */
export function endOf(packet: Packet): number {
  const headers = (packet.src?.includes(':') ? 40 : 20) + 20 + (packet.tcpOptions ?? '').length / 2
  const data = Math.max(0, (packet.length ?? headers) - headers)
  return add(packet.tcpSeq ?? 0, data + (has(packet, 'syn') ? 1 : 0) + (has(packet, 'fin') ? 1 : 0))
}

export const emptyWindow = (): Window => ({
  end: 0,
  maxEnd: 0,
  maxWindow: 0,
  scale: 0,
  scaling: false,
  sack: false,
  liberal: false,
})

/** Window scale (3) and SACK permitted (4), of a SYN (tcp_options). */
function readOptions(window: Window, hex: string): void {
  if (hex === '') return
  Object.assign(window, { scale: 0, scaling: false, sack: false, liberal: false })
  for (let at = 0; at + 2 <= hex.length; ) {
    const kind = Number.parseInt(hex.slice(at, at + 2), 16)
    if (kind === 0) return
    if (kind === 1) {
      at += 2
      continue
    }
    const length = Number.parseInt(hex.slice(at + 2, at + 4), 16)
    if (!(length >= 2) || at + 2 * length > hex.length) return
    if (kind === 4 && length === 2) window.sack = true
    if (kind === 3 && length === 3) {
      window.scale = Math.min(14, Number.parseInt(hex.slice(at + 4, at + 6), 16))
      window.scaling = true
    }
    at += 2 * length
  }
}

export function afterSyn(end: number, size: number, options: string): Window {
  const window: Window = { ...emptyWindow(), end, maxEnd: end, maxWindow: size || 1 }
  readOptions(window, options)
  return window
}

/** tcp_new: of a SYN, or of a packet in the middle of a connection whose history is lost. */
export function beginWindows(packet: Packet, syn: boolean): Record<Direction, Window> {
  const end = endOf(packet)
  const size = packet.tcpWindow ?? 0
  if (syn) return { original: afterSyn(end, size, packet.tcpOptions ?? ''), reply: emptyWindow() }
  const lost = { sack: true, liberal: true }
  return {
    original: { ...emptyWindow(), end, maxWindow: size || 1, maxEnd: add(end, size || 1), ...lost },
    reply: { ...emptyWindow(), ...lost },
  }
}

const MAX_ACK_WINDOW = 66000

/** Looks and learns. `state` is the connection's before this packet. */
export function inWindow(
  windows: Record<Direction, Window>,
  state: TcpState,
  packet: Packet,
  direction: Direction,
  liberal: boolean,
): WindowPlace {
  if (packet.tcpSeq === undefined || packet.tcpWindow === undefined) return 'inside'
  const [sender, receiver] =
    direction === 'original' ? [windows.original, windows.reply] : [windows.reply, windows.original]
  const [syn, ackFlag, rst] = [has(packet, 'syn'), has(packet, 'ack'), has(packet, 'rst')]
  let seq = packet.tcpSeq
  let end = endOf(packet)
  let ack = packet.tcpAck ?? 0
  let sack = receiver.sack ? highestSack(packet, ack) : ack
  const size = packet.tcpWindow
  if (sender.maxWindow === 0) {
    if (syn) {
      initSender(sender, receiver, packet, direction)
      if (!ackFlag) return 'inside'
    } else joinMidway(sender, receiver, end, size, sack)
  } else if (syn && isAfter(end, sender.end) && (state === 'SYN_SENT' || state === 'SYN_RECV')) {
    initSender(sender, receiver, packet, direction)
    if (direction === 'reply' && !ackFlag) return 'inside'
  }
  if (!ackFlag || (rst && ack === 0)) ack = sack = receiver.end
  // it answers a SYN
  if (rst && seq === 0 && state === 'SYN_SENT') seq = end = sender.end
  const place = placeOf(sender, receiver, seq, end, sack)
  if (place !== 'inside' && !sender.liberal && !liberal) return place
  if (place === 'inside')
    learn(sender, receiver, { end, ack, sack, size: syn ? size : size * 2 ** sender.scale, ackFlag })
  return 'inside'
}

function placeOf(sender: Window, receiver: Window, seq: number, end: number, sack: number): WindowPlace {
  const ackWindow = Math.max(sender.maxWindow, MAX_ACK_WINDOW)
  const inReceiver = isAfter(end, u32(sender.end - receiver.maxWindow - 1))
  const ackInTime = isAfter(sack, u32(receiver.end - ackWindow - 1))
  const ackSeen = isBefore(sack, add(receiver.end, 1))
  if (!isBefore(seq, add(sender.maxEnd, 1))) {
    const overshot = u32(end - sender.maxEnd + 1)
    if (receiver.maxWindow === 0 || !inReceiver || !ackInTime || overshot > receiver.maxWindow || !ackSeen)
      return 'outside'
    sender.end = end
    return 'ignored'
  }
  if (!ackSeen) return 'outside'
  if (receiver.maxWindow !== 0 && !inReceiver) return 'ignored'
  return ackInTime ? 'inside' : 'ignored'
}

function learn(
  sender: Window,
  receiver: Window,
  { end, ack, sack, size, ackFlag }: { end: number; ack: number; sack: number; size: number; ackFlag: boolean },
): void {
  sender.maxWindow = Math.max(sender.maxWindow, size + u32(sack - ack))
  if (isAfter(end, sender.end)) sender.end = end
  if (ackFlag && (sender.maxAck === undefined || isAfter(ack, sender.maxAck))) sender.maxAck = ack
  if (receiver.maxWindow !== 0 && isAfter(end, sender.maxEnd)) receiver.maxWindow += u32(end - sender.maxEnd)
  if (isAfter(add(sack, size), u32(receiver.maxEnd - 1))) receiver.maxEnd = add(sack, size === 0 ? 1 : size)
}

function initSender(sender: Window, receiver: Window, packet: Packet, direction: Direction): void {
  const end = endOf(packet)
  Object.assign(sender, { end, maxEnd: end, maxWindow: packet.tcpWindow || 1 })
  readOptions(sender, packet.tcpOptions ?? '')
  if (direction === 'reply' && !(sender.scaling && receiver.scaling)) sender.scale = receiver.scale = 0
}

/** The other end of a connection whose beginning nobody saw. */
function joinMidway(sender: Window, receiver: Window, end: number, size: number, sack: number): void {
  sender.end = end
  sender.maxWindow = size * 2 ** sender.scale || 1
  sender.maxEnd = add(end, sender.maxWindow)
  if (receiver.maxWindow === 0) receiver.end = receiver.maxEnd = sack
  // it answers a keepalive
  else if (sack === add(receiver.end, 1)) receiver.end = sack
}

/** The right edge of the blocks that a SACK option (5) names; or `ack`. */
function highestSack({ tcpOptions = '' }: Packet, ack: number): number {
  const option = /^(?:01)*05(..)(.*)$/i.exec(tcpOptions)
  if (!option) return ack
  let highest = ack
  for (const block of option[2]!.slice(0, 2 * (Number.parseInt(option[1]!, 16) - 2)).match(/.{16}/g) ?? []) {
    const edge = Number.parseInt(block.slice(8), 16)
    if (isAfter(edge, highest)) highest = edge
  }
  return highest
}
