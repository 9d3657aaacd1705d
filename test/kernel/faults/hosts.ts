/** The hosts at the ends of the machine's wires, played by hand: who answers what, and to whom an answer finds its way. */
import type { Packet } from '../../../src/model/packet.ts'
import type { Side, Topology } from '../lab/topology.ts'
import type { Service } from './setup.ts'

const MSS = '020405B4'

export class Hosts {
  private readonly topology: Topology
  private readonly services: readonly Service[]

  constructor(topology: Topology, services: readonly Service[]) {
    this.topology = topology
    this.services = services
  }

  /** What comes back onto the wire, through the machine. Undefined: nobody is there, or the answer goes another way. */
  answer(at: Side, packet: Packet): Packet | undefined {
    if (!this.isThere(at, packet.dst!) || !this.comesBack(at, packet)) return undefined
    const back: Packet = { src: packet.dst!, dst: packet.src!, protocol: packet.protocol! }
    const listens = this.services.some(
      ({ ip, protocol, port }) => ip === packet.dst && protocol === packet.protocol && port === packet.dport,
    )
    switch (packet.protocol) {
      case 'tcp': {
        if (!packet.tcpFlags!.includes('syn') || packet.tcpFlags!.includes('ack')) return undefined
        const tcpAck = (packet.tcpSeq! + 1) >>> 0
        const ports = { sport: packet.dport!, dport: packet.sport!, tcpAck }
        return listens
          ? { ...back, ...ports, tcpFlags: ['syn', 'ack'], tcpOptions: MSS }
          : { ...back, ...ports, tcpFlags: ['rst', 'ack'], tcpSeq: 0, tcpWindow: 0 }
      }
      case 'udp':
        return listens
          ? { ...back, sport: packet.dport!, dport: packet.sport! }
          : packet.src!.includes(':')
            ? { ...back, protocol: 'icmpv6', icmpType: 1, icmpCode: 4, inner: packet }
            : { ...back, protocol: 'icmp', icmpType: 3, icmpCode: 3, inner: packet }
      case 'icmp':
        return packet.icmpType === 8
          ? { ...back, icmpType: 0, icmpCode: 0, icmpId: packet.icmpId!, icmpSeq: packet.icmpSeq! }
          : undefined
      case 'icmpv6':
        return packet.icmpType === 128
          ? { ...back, icmpType: 129, icmpCode: 0, icmpId: packet.icmpId!, icmpSeq: packet.icmpSeq! }
          : undefined
      default:
        return undefined
    }
  }

  private isThere(at: Side, ip: string): boolean {
    const { hosts, far } = this.topology
    return (
      [far[at].ip, far[at].ip6].includes(ip) ||
      hosts.some((host) => host.side === at && [host.ip, host.ip6].includes(ip))
    )
  }

  /**
   * A neighbour answers a neighbour directly, past the machine; a host far away knows no way back to private addresses
   * but those of its own side.
   */
  private comesBack(at: Side, { src, dst }: Packet): boolean {
    const { far, sides, hosts } = this.topology
    const own = hosts.filter((host) => host.side === at).flatMap(({ ip, ip6 }) => [ip, ip6])
    if (dst === far[at].ip6) return src!.startsWith(sides[at].net6.replace('/64', '')) || !src!.startsWith('fd')
    if (dst === far[at].ip) return onSide(sides[at].net, src!) || !src!.startsWith('10.')
    return !own.includes(src!)
  }
}

/** Both are /25 networks. */
const onSide = (net: string, address: string): boolean => {
  const [network, last] = [net.replace(/\d+\/25$/, ''), Number(/\d+$/.exec(address)![0])]
  return address.startsWith(network) && last >= 128 === /\.128\/25$/.test(net)
}
