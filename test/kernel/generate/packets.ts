/**
 * Random packets to be sent: what opens flows, answers to what arrived, and what follows in the same flow. Every packet
 * can be told from every other one of its case by what no rule rewrites: IP ID, sequence numbers, lengths.
 */
import type { Packet } from '../../../src/model/packet.ts'
import type { Gathered, Sent } from '../lab/lab.ts'
import type { Side } from '../lab/topology.ts'
import type { Random } from './random.ts'
import { CLIENT_PORTS, type Scene, SERVICE_PORTS } from './scene.ts'

const MSS = '020405B4'
const FIRST_SEQ = 1_000_000
const numberOf = (seq: number) => Math.floor((seq - FIRST_SEQ) / 1000)

export class Packets {
  /** All that were sent, the nth at index n. */
  readonly sent: Sent[] = []
  /** What a host may acknowledge of what the other one sent, by the number of the packet it has sent itself. */
  private readonly acknowledgeable = new Map<number, number>()
  private readonly random: Random
  private readonly scene: Scene

  constructor(random: Random, scene: Scene) {
    this.random = random
    this.scene = scene
  }

  openings(count: number): Sent[] {
    return Array.from({ length: count }, () => this.opening())
  }

  private opening(): Sent {
    const { random, scene } = this
    const at = random.weighted<Sent['at']>([
      [6, 'left'],
      [3, 'right'],
      [4, 'router'],
    ])
    const { hosts, own, nowhere } = scene
    const other: Side = at === 'left' ? 'right' : 'left'
    const dst =
      at === 'router'
        ? random.weighted([
            [3, random.pick(hosts.left)],
            [3, random.pick(hosts.right)],
            [3, random.pick(own)],
            [1, random.pick(nowhere)],
          ])
        : random.weighted([
            [8, random.pick(hosts[other])],
            [5, random.pick(own.slice(0, 2))],
            [1, random.pick(hosts[at])],
            [1, random.pick(nowhere)],
          ])
    const src =
      at === 'router' ? this.routersAddress(dst) : random.chance(0.04) ? random.pick(own) : random.pick(hosts[at])
    return this.make(at, {
      src,
      dst,
      ...this.beginning(),
      ttl: random.weighted([
        [12, 64],
        [1, 1],
        [1, 2],
        [1, 255],
      ]),
      tos: random.weighted([
        [8, 0],
        [1, 0x10],
        [1, 0xb8],
      ]),
      ...(at === 'router' && random.chance(0.3) ? { mark: random.pick([1, 2, 0x10]) } : {}),
      ...(at !== 'router' && random.chance(0.3) ? { srcMac: random.pick(scene.macs) } : {}),
    })
  }

  private routersAddress(dst: string): string {
    const { own, hosts } = this.scene
    if (own.includes(dst)) return this.random.pick(own)
    return hosts.left.includes(dst) ? own[0]! : own[1]!
  }

  private beginning(): Partial<Packet> {
    const { random } = this
    const ports = { sport: random.pick(CLIENT_PORTS), dport: random.pick(SERVICE_PORTS) }
    return random.weighted<() => Partial<Packet>>([
      [6, () => ({ protocol: 'tcp', ...ports, tcpFlags: ['syn'], tcpOptions: MSS })],
      [
        1,
        () => ({
          protocol: 'tcp',
          ...ports,
          tcpFlags: random.pick([['ack'], ['rst'], ['fin', 'ack'], [], ['syn', 'ack']]),
        }),
      ],
      [4, () => ({ protocol: 'udp', ...ports })],
      [
        3,
        () => ({
          protocol: this.icmp,
          icmpType: this.scene.family === 'ip' ? 8 : 128,
          icmpCode: 0,
          icmpId: random.int(1, 9),
        }),
      ],
      [0.4, () => ({ protocol: random.pick(['sctp', 'gre', '253']) })],
    ])()
  }

  private get icmp(): 'icmp' | 'icmpv6' {
    return this.scene.family === 'ip' ? 'icmp' : 'icmpv6'
  }

  /** Answers to some of what left the router, by whoever has it now. */
  answers({ left }: Gathered): Sent[] {
    return left.flatMap(({ at, packet }) => {
      if (!this.random.chance(0.7)) return []
      const answer = this.random.chance(0.12) ? this.error(at, packet) : this.answer(packet)
      if (!answer) return []
      const made = this.make(at, answer)
      if (packet.tcpSeq !== undefined) this.acknowledgeable.set(numberOf(packet.tcpSeq), made.packet.tcpSeq! + 1)
      return [made]
    })
  }

  private answer(packet: Packet): Packet | undefined {
    const back: Packet = { src: packet.dst!, dst: packet.src!, protocol: packet.protocol! }
    switch (packet.protocol) {
      case 'tcp': {
        if (packet.tcpFlags!.includes('rst')) return undefined
        const [syn, ack] = ['syn', 'ack'].map((flag) => packet.tcpFlags!.includes(flag))
        const tcpAck = (packet.tcpSeq! + 1) >>> 0
        return {
          ...back,
          sport: packet.dport!,
          dport: packet.sport!,
          tcpFlags:
            syn && !ack
              ? this.random.weighted([
                  [4, ['syn', 'ack']],
                  [1, ['rst', 'ack']],
                ])
              : ['ack'],
          tcpAck,
          tcpOptions: syn && !ack ? MSS : '',
          // the last of three: what the listener waits for
          ...(syn && ack ? { tcpSeq: packet.tcpAck! } : {}),
        }
      }
      case 'udp':
        return { ...back, sport: packet.dport!, dport: packet.sport! }
      case 'icmp':
      case 'icmpv6':
        if (packet.icmpType !== 8 && packet.icmpType !== 128) return undefined
        return {
          ...back,
          icmpType: packet.icmpType === 8 ? 0 : 129,
          icmpCode: 0,
          icmpId: packet.icmpId!,
          icmpSeq: packet.icmpSeq!,
        }
      default:
        return undefined
    }
  }

  /** A host beyond complains of a packet and quotes it. */
  private error(at: Side, packet: Packet): Packet | undefined {
    if (packet.inner || packet.tcpFlags?.includes('rst')) return undefined
    const { hosts, family } = this.scene
    const [icmpType, icmpCode] = this.random.pick(
      family === 'ip'
        ? [
            [3, 3],
            [3, 1],
            [11, 0],
            [3, 13],
          ]
        : [
            [1, 4],
            [1, 0],
            [3, 0],
            [1, 1],
          ],
    )
    return {
      src: this.random.chance(0.5) ? packet.dst! : this.random.pick(hosts[at]),
      dst: packet.src!,
      protocol: this.icmp,
      icmpType: icmpType!,
      icmpCode: icmpCode!,
      inner: packet,
    }
  }

  /** More of flows that were opened, from where they were. */
  followUps(): Sent[] {
    return this.sent.flatMap((sent) => {
      const { protocol, tcpFlags } = sent.packet
      if (this.random.chance(0.6) || sent.packet.inner) return []
      const flags = tcpFlags?.includes('syn')
        ? ['ack']
        : this.random.pick([['ack'], ['psh', 'ack'], ['fin', 'ack'], ['rst']])
      const { tcpOptions: _, tcpSeq: __, ...packet } = sent.packet
      if (protocol !== 'tcp') return [this.make(sent.at, packet)]
      const most = this.acknowledgeable.get(sent.n) ?? (packet.tcpAck || undefined)
      // a little less than could be: it tells the kernel's answers to different packets apart
      const acknowledged = most === undefined ? {} : { tcpAck: most - this.sent.length }
      return [this.make(sent.at, { ...packet, tcpFlags: flags, tcpAck: 0, ...acknowledged })]
    })
  }

  /** Some that begin or end a flow again, as a sender that hears nothing does: only IPv4's ID tells that they are others. */
  retransmissions(): Sent[] {
    const says = ({ packet }: Sent) => packet.tcpFlags?.some((flag) => flag === 'syn' || flag === 'fin') ?? false
    return this.sent
      .filter((sent) => says(sent) && this.random.chance(0.15))
      .map(({ at, packet }) => {
        const n = this.sent.length
        const sent = { n, at, packet: this.scene.family === 'ip' ? { ...packet, ipId: 0x2000 + n } : packet }
        this.sent.push(sent)
        return sent
      })
  }

  /** With everything that tells it from the others; it is kept in `sent`. */
  private make(at: Sent['at'], packet: Packet): Sent {
    const n = this.sent.length
    const ipv6 = this.scene.family === 'ip6'
    const made: Packet = {
      ...packet,
      ...(ipv6 ? { flowLabel: n + 1 } : { ipId: 0x2000 + n, dontFragment: this.random.chance(0.5) }),
    }
    if (packet.protocol === 'tcp') {
      const acknowledges = packet.tcpFlags!.includes('ack')
      Object.assign(made, { tcpSeq: packet.tcpSeq ?? FIRST_SEQ + n * 1000, tcpWindow: 60_000 })
      made.tcpAck = acknowledges ? packet.tcpAck || 3_000_000 + n * 1000 : 0
    }
    if (packet.protocol === this.icmp && !packet.inner) made.icmpSeq = 100 + n
    const headers = ipv6 ? 40 : 20
    // nothing but the length tells UDP packets of IPv6 apart
    if (packet.inner) delete made.length
    else made.length = packet.protocol === 'tcp' ? headers + 20 + (made.tcpOptions ?? '').length / 2 : headers + 20 + n
    const sent: Sent = { n, at, packet: made }
    this.sent.push(sent)
    return sent
  }
}
