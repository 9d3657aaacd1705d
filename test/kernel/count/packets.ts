/** Packets of every kind that rules tell apart, to this host, through it and from it. */
import type { Packet } from '../../../src/model/packet.ts'
import { protocolNumber } from '../../../src/rules/iptables/protocols.ts'
import type { Random } from '../generate/random.ts'
import { encodePacket } from '../lab/encode.ts'
import { type Family, SENDER_MAC, type Sent } from './count.ts'

export interface Place {
  /** This host's own, the wires' one after the other. */
  own: Record<Family, string[]>
  /** On the wires, and behind them. */
  others: Record<Family, string[]>
  groups: Record<Family, string[]>
}

export const PORTS = [22, 53, 80, 443, 1024, 8080, 30080, 65535]
export const LENGTHS = [40, 60, 61, 100, 576, 1400]
export const MARKS = [0, 1, 2, 0x10, 0x13, 0xff, 0x10000]
export const TCP_OPTIONS = [
  '',
  '020405B4',
  '0204058C01030307',
  '0101080A0000000100000002',
  '0000020405B40000',
  '03030700',
]
const FLAGS = [
  ['syn'],
  ['syn', 'ack'],
  ['ack'],
  ['rst'],
  ['fin', 'ack'],
  ['psh', 'ack', 'urg'],
  ['syn', 'ece', 'cwr'],
  [],
]

/** `plain`: as a connection's first packet could be, without fragments and the like. */
export function randomPacket(random: Random, place: Place, family: Family): Sent {
  const sent = random.chance(0.3)
  const device = random.pick(['in0', 'in0', 'in1'] as const)
  const { own, others, groups } = place
  const src = sent
    ? random.pick(own[family])
    : random.weighted([
        [9, random.pick(others[family])],
        [1, random.pick(own[family])],
      ])
  const dst = random.weighted([
    [5, random.pick(own[family])],
    [5, random.pick(others[family])],
    [1, random.pick(groups[family])],
  ])
  const packet: Packet = {
    src,
    dst,
    ttl: random.pick([1, 2, 63, 64, 128, 255]),
    tos: random.pick([0, 0, 1, 2, 3, 0x10, 0x28, 0xb8, 0xbb]),
    mark: random.pick(MARKS),
    ...(family === 'ip'
      ? { ipId: random.int(0, 0xffff), dontFragment: random.chance(0.5) }
      : { flowLabel: random.int(0, 0xfffff) }),
    ...randomTransport(random, family),
  }
  if (random.chance(0.15))
    Object.assign(
      packet,
      random.pick([{ moreFragments: true }, { fragOffset: 1480 }, { fragOffset: 24, moreFragments: true }]),
    )
  if (!sent) {
    packet.srcMac = random.pick([SENDER_MAC, '02:00:00:00:00:98', 'aa:bb:cc:00:00:01'])
    if (random.chance(0.1) || groups[family].includes(dst))
      packet.dstMac = random.pick(['ff:ff:ff:ff:ff:ff', '01:00:5e:00:00:01', '33:33:00:00:00:01'])
  }
  return made(family, packet, sent ? undefined : device, random.pick([0, 1000, 4242]))
}

/** With its length as it is sent. */
export function made(family: Family, packet: Packet, device: string | undefined, uid = 0): Sent {
  const bytes = withPorts(encodePacket(packet), packet, family)
  const whole = { ...packet, length: bytes.length }
  return { family, packet: whole, bytes, ...(device === undefined ? { uid } : { in: device }) }
}

function randomTransport(random: Random, family: Family): Partial<Packet> {
  const ports = { sport: random.pick(PORTS), dport: random.pick(PORTS) }
  const length = random.pick(LENGTHS) + (family === 'ip6' ? 40 : 20)
  return random.weighted<() => Partial<Packet>>([
    [
      6,
      () => {
        const tcpOptions = random.pick(TCP_OPTIONS)
        return {
          protocol: 'tcp',
          ...ports,
          tcpFlags: random.pick(FLAGS),
          tcpOptions,
          tcpSeq: 7,
          tcpAck: 9,
          tcpWindow: 512,
        }
      },
    ],
    [4, () => ({ protocol: 'udp', ...ports, length })],
    [
      3,
      () =>
        family === 'ip'
          ? {
              protocol: 'icmp',
              icmpType: random.pick([0, 8, 3, 11, 13]),
              icmpCode: random.int(0, 4),
              icmpId: random.int(0, 3),
              icmpSeq: 1,
              length,
            }
          : {
              protocol: 'icmpv6',
              icmpType: random.pick([128, 129, 1, 2, 3]),
              icmpCode: random.int(0, 4),
              icmpId: random.int(0, 3),
              icmpSeq: 1,
              length,
            },
    ],
    [2, () => ({ protocol: random.pick(['sctp', 'udplite', 'dccp']), ...ports, length })],
    [1, () => ({ protocol: random.pick(['gre', 'esp', '47', '253', '4']), length })],
  ])()
}

const BARE = ['sctp', 'udplite', 'dccp'].map(protocolNumber)

/** The ports of protocols that the lab knows no header of. */
function withPorts(bytes: Uint8Array, { protocol, sport, dport, fragOffset = 0 }: Packet, family: Family): Uint8Array {
  if (!BARE.includes(protocolNumber(protocol!)) || fragOffset > 0) return bytes
  const first = family === 'ip' ? 20 : bytes[6] === 44 ? 48 : 40
  bytes.set([sport! >> 8, sport! & 0xff, dport! >> 8, dport! & 0xff], first)
  // DCCP's header says how long it is, and its type
  if (protocol === 'dccp') bytes.set([4, 0, 0, 0, 0], first + 4)
  return bytes
}
