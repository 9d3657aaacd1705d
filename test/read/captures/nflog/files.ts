/** Capture files of NFLOG records, byte by byte, in every form that there is. */

/** One attribute: its type, and its bytes. */
export type Attribute = [type: number, bytes: number[]]

export const u16 = (value: number): number[] => [(value >> 8) & 255, value & 255]
export const u32 = (value: number): number[] => [...u16(value >>> 16), ...u16(value & 0xffff)]
export const text = (value: string): number[] => [...new TextEncoder().encode(`${value}\0`)]
const order = (bytes: number[], little: boolean): number[] => (little ? [...bytes].reverse() : bytes)

/** TCP SYN over IPv4 from 192.0.2.1:40000 to 198.51.100.2:80, without options. */
export const SYN = [
  ...[0x45, 0, ...u16(40), ...u16(7), 0x40, 0, 64, 6, 0, 0, 192, 0, 2, 1, 198, 51, 100, 2],
  ...[...u16(40000), ...u16(80), ...u32(1000), ...u32(0), 0x50, 2, ...u16(1024), 0, 0, 0, 0],
]
export const PREFIX = 'TRACE: raw:PREROUTING:policy:3 '

/** As the kernel sends them: in front of the payload, and it last. */
export const attributes = (prefix: string = PREFIX, payload: number[] = SYN, ...more: Attribute[]): Attribute[] => [
  [1, [...u16(0x0800), 0, 0]],
  [10, text(prefix)],
  [4, u32(3)],
  ...more,
  [9, payload],
]

export function record(list: readonly Attribute[], little = true, { family = 2, group = 0 } = {}): number[] {
  const bytes = [family, 0, ...u16(group)]
  for (const [type, value] of list) {
    bytes.push(...order(u16(value.length + 4), little), ...order(u16(type), little), ...value)
    while (bytes.length % 4 > 0) bytes.push(0)
  }
  return bytes
}

export interface Form {
  little?: boolean
  nanoseconds?: boolean
  linkType?: number
  snaplen?: number
}

/** 2026-01-05T21:23:16.123456Z. */
export const SECONDS = 1_767_648_196
export const MICROS = 123_456

export function pcap(records: readonly number[][], form: Form = {}): Uint8Array {
  const { little = true, nanoseconds = false, linkType = 239, snaplen = 262_144 } = form
  const long = (value: number) => order(u32(value), little)
  const short = (value: number) => order(u16(value), little)
  const magic = long(nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4)
  const head = [...magic, ...short(2), ...short(4), ...long(0), ...long(0), ...long(snaplen), ...long(linkType)]
  const time = [...long(SECONDS), ...long(nanoseconds ? MICROS * 1000 + 789 : MICROS)]
  // of a hundred thousand records, as a list of numbers, it would be made more slowly than it is read
  const bytes = new Uint8Array(records.reduce((sum, one) => sum + 16 + Math.min(one.length, snaplen), head.length))
  bytes.set(head)
  let at = head.length
  for (const one of records) {
    const kept = one.length > snaplen ? one.slice(0, snaplen) : one
    for (const part of [time, long(kept.length), long(one.length), kept]) {
      bytes.set(part, at)
      at += part.length
    }
  }
  return bytes
}

export interface Block {
  type: number
  body: number[]
}

export const blocksOf = (little: boolean) => {
  const long = (value: number) => order(u32(value), little)
  const short = (value: number) => order(u16(value), little)
  const padded = (body: number[]) => [...body, ...new Array<number>((4 - (body.length % 4)) % 4).fill(0)]
  const option = (code: number, value: number[]) => padded([...short(code), ...short(value.length), ...value])
  return {
    section: (): Block => ({
      type: 0x0a0d0d0a,
      body: [...long(0x1a2b3c4d), ...short(1), ...short(0), ...new Array<number>(8).fill(255)],
    }),
    /** `resolution` as if_tsresol has it. */
    interface: (linkType = 239, resolution?: number): Block => ({
      type: 1,
      body: [
        ...short(linkType),
        0,
        0,
        ...long(0),
        ...(resolution ? [...option(9, [resolution]), ...option(0, [])] : []),
      ],
    }),
    packet: (bytes: number[], at = 0, units = 1e6): Block => {
      const time = BigInt(SECONDS) * BigInt(units) + BigInt(Math.floor((MICROS / 1e6) * units))
      const stamp = [...long(Number(time >> 32n)), ...long(Number(time & 0xffffffffn))]
      return { type: 6, body: padded([...long(at), ...stamp, ...long(bytes.length), ...long(bytes.length), ...bytes]) }
    },
    simple: (bytes: number[]): Block => ({ type: 3, body: padded([...long(bytes.length), ...bytes]) }),
    statistics: (dropped: number): Block => ({
      type: 5,
      body: [
        ...long(0),
        ...long(0),
        ...long(0),
        ...option(5, order([...u32(0), ...u32(dropped)], little)),
        ...option(0, []),
      ],
    }),
    file: (...blocks: Block[]): Uint8Array =>
      Uint8Array.from(
        blocks.flatMap(({ type, body }) => [
          ...long(type),
          ...long(body.length + 12),
          ...body,
          ...long(body.length + 12),
        ]),
      ),
  }
}
