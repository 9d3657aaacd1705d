/** Lines as net/netfilter/nf_log_syslog.c prints them, for packets of tests. */

export interface TestPacket {
  in?: string
  out?: string
  physIn?: string
  physOut?: string
  src: string
  dst: string
  /** Default: tcp. */
  protocol?: 'tcp' | 'udp' | 'icmp' | 'icmpv6'
  sport?: number
  dport?: number
  seq?: number
  ack?: number
  flags?: string
  window?: number
  icmpType?: number
  icmpId?: number
  icmpSeq?: number
  id?: number
  ttl?: number
  /** IPv4's whole byte. */
  tos?: number
  length?: number
  mark?: number
  uid?: number
}

/** `raw:PREROUTING:policy:2` as TRACE prints it, with all options. */
export const trace = (point: string, packet: TestPacket): string => `TRACE: ${point} ${fields(packet, true)}`

/** As LOG prints it, without sequence numbers and options. */
export const log = (prefix: string, packet: TestPacket): string => `${prefix}${fields(packet, false)}`

/** nf_log_syslog.c prints both parts of the byte so. */
const hex = (bits: number): string => bits.toString(16).toUpperCase().padStart(2, '0')

function fields(packet: TestPacket, options: boolean): string {
  const v6 = packet.src.includes(':')
  const { length = 60, ttl = 64, tos = 0, id = 1 } = packet
  const layers = [
    `IN=${packet.in ?? ''} OUT=${packet.out ?? ''} `,
    packet.physIn ? `PHYSIN=${packet.physIn} ` : '',
    packet.physOut ? `PHYSOUT=${packet.physOut} ` : '',
    packet.in ? `MAC=02:00:00:00:00:01:02:00:00:00:00:02:${v6 ? '86:dd' : '08:00'} ` : '',
    `SRC=${packet.src} DST=${packet.dst} LEN=${length} `,
    v6
      ? `TC=0 HOPLIMIT=${ttl} FLOWLBL=0 `
      : `TOS=0x${hex(tos & 0x1e)} PREC=0x${hex(tos & 0xe0)} TTL=${ttl} ID=${id} DF `,
    transport(packet, options),
    packet.uid !== undefined && options ? `UID=${packet.uid} GID=${packet.uid} ` : '',
    packet.mark ? `MARK=0x${packet.mark.toString(16)} ` : '',
  ]
  return layers.join('')
}

function transport(packet: TestPacket, options: boolean): string {
  const { sport = 1024, dport = 80, length = 60 } = packet
  switch (packet.protocol ?? 'tcp') {
    case 'tcp': {
      const numbers = options ? `SEQ=${packet.seq ?? 7} ACK=${packet.ack ?? 0} ` : ''
      const list = options ? 'OPT (020405B4) ' : ''
      return `PROTO=TCP SPT=${sport} DPT=${dport} ${numbers}WINDOW=${packet.window ?? 64240} RES=0x00 ${packet.flags ?? 'SYN'} URGP=0 ${list}`
    }
    case 'udp':
      return `PROTO=UDP SPT=${sport} DPT=${dport} LEN=${length - 20} `
    case 'icmp':
    case 'icmpv6': {
      const v6 = packet.protocol === 'icmpv6'
      const { icmpType = v6 ? 128 : 8, icmpId = 9, icmpSeq = 1 } = packet
      return `PROTO=${v6 ? 'ICMPv6' : 'ICMP'} TYPE=${icmpType} CODE=0 ID=${icmpId} SEQ=${icmpSeq} `
    }
  }
}

/** With dmesg's time, one microsecond apart. */
export const dmesg = (lines: readonly string[], start = 1_000_000): string =>
  lines.map((line, i) => `[${uptime(start + i)}] ${line}\n`).join('')

/** The clock in seconds, then a line. */
export type Event = readonly [number, string]

/** With dmesg's time, as given. */
export const clocked = (events: readonly Event[]): string =>
  events.map(([clock, line]) => `[${clock.toFixed(6).padStart(12)}] ${line}\n`).join('')

export const uptime = (micros: number): string =>
  `${String(Math.floor(micros / 1e6)).padStart(5)}.${String(micros % 1e6).padStart(6, '0')}`
