/** One question and what became of it: the packet is sent, hosts answer, until nothing is on its way any more. */
import type { Packet } from '../../../src/model/packet.ts'
import type { Lab, Sent } from '../lab/lab.ts'
import type { Filter } from './filters/filter.ts'
import type { Hosts } from './hosts.ts'
import type { Probe } from './setup.ts'

export type Result = 'answered' | 'refused' | 'silence'

export interface Exchange {
  sent: Sent
  /** What whoever asked has got. */
  result: Result
  /** Where the question arrived, as it was then; empty: nowhere. */
  arrived: string
  /** The kernel's lines for all of its packets. */
  log: string[]
  /** Others filled the kernel log, and lines may be missing. */
  lost: boolean
}

export class Exchanges {
  private readonly lab: Lab
  private readonly filter: Filter
  /** Counts everything that is sent, so that packets can be told apart. */
  private sent = 0

  constructor(lab: Lab, filter: Filter) {
    this.lab = lab
    this.filter = filter
  }

  /** `sport`: the client's port, where it has to be a certain one. */
  async ask(probe: Probe, hosts: Hosts, sport?: number): Promise<Exchange> {
    const question = this.make(probe.at, this.opening(probe.packet, sport))
    const log: string[] = []
    let result: Result = 'silence'
    let arrived = ''
    let lost = false
    let next = [question]
    for (let hop = 0; hop < 6 && next.length > 0; hop++) {
      const refused = await this.lab.send(next)
      if (refused.size > 0) result = 'refused'
      const gathered = await this.lab.gather()
      lost ||= this.filter.isLogged && gathered.lost > 0
      log.push(...(await this.filter.trace(this.lab, gathered)))
      for (const packet of [
        ...gathered.left.map((one) => one.packet),
        ...(probe.at === 'router' ? gathered.delivered : []),
      ])
        result = better(result, reply(question.packet, packet))
      if (hop === 0) {
        const here = gathered.delivered.find((packet) => isIt(packet, question.packet))
        const there = gathered.left.find(({ packet }) => isIt(packet, question.packet))
        if (there) arrived = `${there.at} ${endsOf(there.packet)}`
        else if (here) arrived = `router ${endsOf(here)}`
      }
      next = gathered.left.flatMap(({ at, packet }) => {
        // whoever asked has a socket for what comes back
        const isBack = packet.dst === question.packet.src && packet.dport === question.packet.sport
        const answer = isBack ? undefined : hosts.answer(at, packet)
        return answer ? [this.make(at, answer)] : []
      })
    }
    return { sent: question, result, arrived, log, lost }
  }

  private opening(packet: Packet, sport: number | undefined): Packet {
    const port = sport ?? 40_000 + (this.sent % 20_000)
    switch (packet.protocol) {
      case 'tcp':
        return { ...packet, sport: port, tcpFlags: ['syn'], tcpOptions: '020405B4' }
      case 'udp':
        return { ...packet, sport: port }
      default:
        return { ...packet, icmpId: port & 0xffff }
    }
  }

  private make(at: Sent['at'], packet: Packet): Sent {
    const n = this.sent++
    const ipv6 = packet.src!.includes(':')
    const known = ipv6 ? { flowLabel: 0x1000 + n } : { ipId: 0x1000 + n, dontFragment: true }
    // a host's own card, or that of the gateway it is behind
    const from = this.lab.topology.hosts.find(({ ip, ip6 }) => packet.src === (ipv6 ? ip6 : ip))
    const made: Packet = { ttl: 64, ...(from ? { srcMac: from.mac } : {}), ...packet, ...known }
    if (packet.protocol === 'tcp')
      Object.assign(made, { tcpSeq: packet.tcpSeq ?? 1_000_000 + n * 1000, tcpWindow: packet.tcpWindow ?? 60_000 })
    if (/^icmp/.test(packet.protocol!) && !packet.inner) made.icmpSeq ??= 1 + n
    if (!packet.inner)
      made.length =
        (ipv6 ? 20 : 0) + (packet.protocol === 'tcp' ? 40 + (made.tcpOptions ?? '').length / 2 : 28 + 1 + (n % 400))
    return { n, at, packet: made }
  }
}

/** IPv6 has no number for each packet; a raw socket shows no flow label, but the ports. */
export const isIt = (seen: Packet, sent: Packet): boolean =>
  sent.ipId !== undefined
    ? seen.ipId === sent.ipId
    : seen.flowLabel
      ? seen.flowLabel === sent.flowLabel
      : seen.src === sent.src && seen.sport === sent.sport && seen.icmpSeq === sent.icmpSeq

const better = (a: Result, b: Result): Result =>
  a === 'answered' || b === 'answered' ? 'answered' : a === 'refused' || b === 'refused' ? 'refused' : 'silence'

/** Is this what was asked for, by whom was asked? An answer from somebody else is none. */
function reply(question: Packet, packet: Packet): Result {
  if (packet.dst !== question.src) return 'silence'
  const { inner } = packet
  if (inner) return inner.src === question.src && inner.sport === question.sport ? 'refused' : 'silence'
  if (packet.src !== question.dst || packet.protocol !== question.protocol) return 'silence'
  if (packet.protocol === 'icmp' || packet.protocol === 'icmpv6')
    return (packet.icmpType === 0 || packet.icmpType === 129) && packet.icmpId === question.icmpId
      ? 'answered'
      : 'silence'
  if (packet.sport !== question.dport || packet.dport !== question.sport) return 'silence'
  if (packet.protocol === 'udp') return 'answered'
  return packet.tcpFlags!.includes('rst') ? 'refused' : packet.tcpFlags!.includes('syn') ? 'answered' : 'silence'
}

/** The client's port says nothing. */
const endsOf = ({ src, dst = '', dport }: Packet): string =>
  `${src} > ${dst.includes(':') ? `[${dst}]` : dst}${dport === undefined ? '' : `:${dport}`}`
