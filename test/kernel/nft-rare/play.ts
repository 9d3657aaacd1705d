/** Plays rows on the kernel, all of them in one namespace. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Packet } from '../../../src/model/packet.ts'
import { withDefaults } from '../../../src/simulate/defaults.ts'
import { parseSpec } from '../../../src/simulate/spec.ts'
import { decodePacket } from '../lab/decode.ts'
import { encodePacket, join } from '../lab/encode.ts'
import { BRIDGE, SET_UP, SHOWN, STATIONS, WIRES, type Wire } from './place.ts'
import type { Laid, Row } from './row.ts'

/** What the kernel made of one packet. */
export interface Seen {
  /** Other than frames for no IP. */
  left: { at: string; packet: Packet }[]
  /** Comments of the rules that counted it. */
  counted: string[]
}

/** `loaded`: without the rules that nft refused, where that may be. */
export type Played = { refused: string } | { loaded: string; listed: string; sent: Packet[]; seen: Seen[] }

interface Told {
  shown: string[]
  rows: (
    | { refused: string }
    | { loaded: string; listed: string; packets: { left: { at: string; bytes: string }[]; counted: string[] }[] }
  )[]
}

/** `isLenient`: rules that nft refuses are left out. */
export function play(rows: readonly Row[], isLenient = false): { shown: string[]; played: Played[] } {
  const sent = rows.map(({ send }) => send.map(readSent))
  const given = {
    wires: WIRES,
    setUp: SET_UP,
    show: SHOWN,
    rows: rows.map(({ rules, setUp = '' }, i) => ({ rules, setUp, isLenient, packets: sent[i]!.map(onTheWire) })),
  }
  const hands = fileURLToPath(new URL('hands.py', import.meta.url))
  const { stdout, stderr } = spawnSync('unshare', ['--net', 'python3', hands], {
    input: JSON.stringify(given),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, LC_ALL: 'C' },
  })
  if (!stdout.startsWith('{')) throw new Error(stderr)
  const told: Told = JSON.parse(stdout)
  const played = told.rows.map((row, i): Played => {
    if ('refused' in row) return row
    const seen = row.packets.map(({ left, counted }) => ({ counted, left: left.flatMap(readFrame) }))
    return { loaded: row.loaded, listed: row.listed, sent: sent[i]!.map(({ packet }) => packet), seen }
  })
  return { shown: told.shown, played }
}

interface Sent {
  packet: Packet
  laid: Laid
}

function readSent(one: Row['send'][number]): Sent {
  const [words, { cut, payload, after, ...more } = {} as Packet & Laid] = typeof one === 'string' ? [one] : one
  const read = parseSpec(words)
  if ('error' in read) throw new Error(`${words}: ${read.error.message}`)
  const said: Packet = { tcpSeq: 1, ...read.packet, ...more }
  const whole = withDefaults({ ...said }, {})
  // what comes off a wire has no mark
  const packet: Packet = { ...whole, ...(payload === undefined ? {} : { length: whole.length! + payload.length / 2 }) }
  if (cut !== undefined) packet.length = cut
  if (packet.in !== undefined) {
    packet.srcMac ??= STATIONS[packet.in as keyof typeof STATIONS] ?? '02:00:00:00:00:99'
    packet.dstMac ??= packet.in in STATIONS ? BRIDGE : WIRES[packet.in as Wire]
  } else Object.assign(packet, { uid: 0, gid: 0 })
  return {
    packet,
    laid: { ...(cut === undefined ? {} : { cut }), ...(payload ? { payload } : {}), ...(after ? { after } : {}) },
  }
}

function onTheWire({ packet, laid: { cut, payload, after } }: Sent): object {
  const bytes = cut === undefined ? encodePacket(packet) : shortened(encodePacket({ ...packet, length: 100 }), cut)
  if (payload) bytes.set(Buffer.from(payload, 'hex'), bytes.length - payload.length / 2)
  const wait = after === undefined ? {} : { after }
  if (packet.in === undefined) return { ...wait, to: packet.dst, mark: packet.mark ?? 0, bytes: hex(bytes) }
  const type = bytes[0]! >> 4 === 4 ? [0x08, 0x00] : [0x86, 0xdd]
  const frame = join(macBytes(packet.dstMac!), macBytes(packet.srcMac!), Uint8Array.from(type), bytes)
  return { ...wait, at: packet.in, bytes: hex(frame) }
}

/** The IP header says how long it is; the transport's checksum is wrong then. */
function shortened(bytes: Uint8Array, length: number): Uint8Array {
  const short = bytes.slice(0, length)
  const view = new DataView(short.buffer)
  if (short[0]! >> 4 === 6) view.setUint16(4, length - 40)
  else {
    view.setUint16(2, length)
    view.setUint16(10, 0)
    let sum = 0
    for (let i = 0; i < 20; i += 2) sum += view.getUint16(i)
    view.setUint16(10, ~((sum & 0xffff) + (sum >>> 16)) & 0xffff)
  }
  return short
}

function readFrame({ at, bytes }: { at: string; bytes: string }): Seen['left'] {
  const frame = Buffer.from(bytes, 'hex')
  const type = frame.readUInt16BE(12)
  if (type !== 0x0800 && type !== 0x86dd) return []
  return [{ at, packet: decodePacket(Uint8Array.from(frame.subarray(14))) }]
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const macBytes = (mac: string): Uint8Array => Uint8Array.from(mac.split(':'), (part) => Number.parseInt(part, 16))
