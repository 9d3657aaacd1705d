/** Flows with their replies, errors about them, and packets that belong to none. */
import type { Packet } from '../../../src/model/packet.ts'
import type { Random } from '../generate/random.ts'
import type { Row } from '../nft-rare/row.ts'
import { IDS, LENGTHS, PORTS, SEQUENCES, TOSES, V4, V6, WINDOWS } from './pools.ts'

type Sent = Row['send'][number]

interface Flow {
  protocol: string
  src: string
  dst: string
  sport: number
  dport: number
  from: Side
  isV6: boolean
}
/** Where a packet comes from: a wire, or this host. */
type Side = 'in0' | 'in1' | 'own'

export function drawPackets(random: Random, count: number): Sent[] {
  const flows: Flow[] = []
  return Array.from({ length: count }, () => {
    if (flows.length === 0 || random.chance(0.45)) {
      const flow = drawFlow(random)
      flows.push(flow)
      return packetOf(random, flow, false)
    }
    const flow = random.pick(flows)
    if (random.chance(0.08)) return errorAbout(random, flow)
    return packetOf(random, flow, random.chance(0.45))
  })
}

function drawFlow(random: Random): Flow {
  const isV6 = random.chance(0.3)
  const pool = isV6 ? V6 : V4
  const from = random.weighted<Side>([
    [6, 'in0'],
    [2, 'in1'],
    [2, 'own'],
  ])
  const near = { in0: pool.clients, in1: pool.servers, own: pool.own }[from]
  const far = from === 'in1' ? pool.clients : pool.servers
  const dst = random.weighted<readonly string[]>([
    [8, far],
    [from === 'own' ? 1 : 3, pool.own],
    [0.5, pool.nowhere],
    [from === 'own' ? 0 : 0.4, pool.everybody],
  ])
  const protocol = random.weighted([
    [4, 'tcp'],
    [4, 'udp'],
    [2, isV6 ? 'icmpv6' : 'icmp'],
    // without ports
    [0.4, random.pick(['gre', 'esp'])],
  ])
  const src = random.chance(0.03) ? pool.nowhere : near
  return {
    protocol,
    src: random.pick(src),
    dst: random.pick(dst),
    sport: random.pick(PORTS),
    dport: random.pick(PORTS),
    from,
    isV6,
  }
}

/** Where the other side of a flow sends from. */
const backFrom = ({ from, dst, isV6 }: Flow): Side => {
  const pool = isV6 ? V6 : V4
  if (pool.own.includes(dst)) return 'own'
  return from === 'in1' || (from === 'own' && pool.clients.includes(dst)) ? 'in0' : 'in1'
}

function packetOf(random: Random, flow: Flow, isReply: boolean): Sent {
  const { protocol, isV6 } = flow
  const side = isReply ? backFrom(flow) : flow.from
  const [src, dst, sport, dport] = isReply
    ? [flow.dst, flow.src, flow.dport, flow.sport]
    : [flow.src, flow.dst, flow.sport, flow.dport]
  const more: Packet = { tos: random.chance(0.7) ? 0 : random.pick(TOSES) }
  if (random.chance(0.15)) more.ttl = random.pick([1, 2, 9])
  if (isV6) more.flowLabel = random.pick([0, 5])
  // of 0 the kernel makes another
  else more.ipId = side === 'own' ? 77 : random.pick(IDS)
  if (side === 'own') more.mark = random.chance(0.8) ? 0 : random.pick([1, 5])
  if (side !== 'own' && random.chance(0.05)) more.srcMac = '02:00:00:00:00:98'
  const text = {
    src: isV6 ? `[${src}]:${sport}` : `${src}:${sport}`,
    dst: isV6 ? `[${dst}]:${dport}` : `${dst}:${dport}`,
  }
  const way = side === 'own' ? '' : `in ${side} `
  if (protocol === 'tcp') {
    more.tcpSeq = random.pick(SEQUENCES)
    more.tcpWindow = random.pick(WINDOWS)
    const flags = isReply
      ? random.pick(['syn,ack', 'ack', 'rst', 'rst,ack'])
      : random.pick(['syn', 'syn', 'syn', 'ack', 'fin,ack', 'rst'])
    more.tcpAck = flags.includes('ack') ? random.pick([1, 2]) : 0
    if (flags === 'syn' && random.chance(0.3)) more.tcpOptions = '020405B40402080A000000010000000001030307'
    return [`${way}tcp ${text.src} > ${text.dst} ${flags}`, more]
  }
  if (protocol === 'udp') {
    if (!isV6 && side !== 'own' && random.chance(0.04)) {
      const isLater = random.chance(0.5)
      const part = { fragOffset: isLater ? 64 : 0, moreFragments: !isLater, dontFragment: false, length: 60 }
      return [`${way}udp ${text.src} > ${text.dst}`, { ...more, ...part }]
    }
    const payload = random.pick(LENGTHS)
    return [
      `${way}udp ${text.src} > ${text.dst}`,
      { ...more, ...(payload > 0 ? { payload: '2e'.repeat(payload) } : {}) },
    ]
  }
  if (!protocol.startsWith('icmp'))
    return [`${way}${protocol} ${src} > ${dst}`, { ...more, length: random.pick([40, 60]) + (isV6 ? 20 : 0) }]
  Object.assign(more, { icmpId: (flow.sport % 2) + 1, icmpSeq: random.pick([1, 2]) })
  return [`${way}${protocol} ${src} > ${dst} ${isReply ? 'echo-reply' : 'echo-request'}`, more]
}

/** A router behind the other side says that the flow's packet found no way. */
function errorAbout(random: Random, flow: Flow): Sent {
  const { protocol, src, dst, sport, dport, isV6 } = flow
  const side = backFrom(flow)
  const inner: Packet = protocol.startsWith('icmp')
    ? {
        src,
        dst,
        protocol,
        icmpType: isV6 ? 128 : 8,
        icmpCode: 0,
        icmpId: (sport % 2) + 1,
        icmpSeq: 1,
        length: isV6 ? 48 : 28,
      }
    : { src, dst, protocol, sport, dport, length: (isV6 ? 40 : 20) + (protocol === 'tcp' ? 20 : 8) }
  const way = side === 'own' ? '' : `in ${side} `
  const more: Packet = {
    icmpType: isV6 ? 1 : 3,
    icmpCode: isV6 ? random.pick([0, 4]) : random.pick([1, 3]),
    inner,
    ...(isV6 ? { flowLabel: 0 } : { ipId: 77 }),
  }
  return [`${way}${isV6 ? 'icmpv6' : 'icmp'} ${dst} > ${src}`, more]
}
