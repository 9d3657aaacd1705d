/**
 * One packet seen on two machines: as it left one it came to the other. Clocks differ, so only what the packet carries is
 * compared: addresses and ports as NAT left them, and what tells it from others (IP ID, TCP sequence numbers, ICMP id and
 * sequence). Nothing is said where more than one packet would do.
 */
import type { Journey } from '../model/journey.ts'
import type { Packet } from '../model/packet.ts'
import { asItLeft } from './as-it-left.ts'

/** Ids of two journeys: the packet left the first machine and came to the second. */
export interface Joined {
  from: Seen
  to: Seen
}

/** Where one packet was seen. */
interface Seen {
  /** The machine. */
  host: string
  /** Id of the journey. */
  journey: string
}

interface End {
  host: string
  journey: string
  packet: Packet
}

/** Ends remembered; beyond it nothing more is joined. */
const MOST = 2_000_000

export class HostCorrelator {
  /** By what stays the same between two machines. */
  private readonly left = new Map<string, End[]>()
  private readonly came = new Map<string, End[]>()
  private noted = 0
  private readonly name: (host: string | undefined) => string
  private readonly most: number

  /** `name`: for a machine that has none. `most`: ends of packets' ways that are remembered. */
  constructor(name: (host: string | undefined) => string, most: number = MOST) {
    this.name = name
    this.most = most
  }

  /** Too many packets: of the later ones it is not told where else they were. */
  get full(): boolean {
    return this.noted >= this.most
  }

  note(journey: Journey): void {
    const { packet, outcome, id } = journey
    if (this.full || !hasDiscriminator(packet)) return
    const host = this.name(journey.host)
    if (packet.in !== undefined && packet.in !== 'lo') this.add(this.came, { host, journey: id, packet })
    if (outcome === 'forwarded' || outcome === 'sent' || outcome === 'undetermined')
      this.add(this.left, { host, journey: id, packet: asItLeft(journey) })
  }

  /** Once all are noted; in the order of the journeys that left. */
  joined(): Joined[] {
    const found: Joined[] = []
    for (const [key, leaving] of this.left) {
      const coming = this.came.get(key) ?? []
      for (const from of leaving) {
        const to = only(from, coming, (one) => matches(from, one))
        const back = to && only(to, leaving, (one) => matches(one, to))
        if (to && back === from)
          found.push({
            from: { host: from.host, journey: from.journey },
            to: { host: to.host, journey: to.journey },
          })
      }
    }
    // without a TTL nothing tells which of two routers was first
    const way = (one: string, other: string) => `${one} ${other}`
    const ways = new Set(found.map(({ from, to }) => way(from.journey, to.journey)))
    return found
      .filter(({ from, to }) => !ways.has(way(to.journey, from.journey)))
      .sort((a, b) => Number(a.from.journey) - Number(b.from.journey))
  }

  private add(ends: Map<string, End[]>, end: End): void {
    this.noted++
    const key = keyOf(end.packet)
    const others = ends.get(key)
    if (others) others.push(end)
    else ends.set(key, [end])
  }
}

/** The one that fits. Of several only one may be without a router between: its TTL is the same. */
function only(end: End, others: readonly End[], fits: (other: End) => boolean): End | undefined {
  const fitting = others.filter(fits)
  if (fitting.length < 2) return fitting[0]
  const next = fitting.filter(({ packet }) => packet.ttl !== undefined && packet.ttl === end.packet.ttl)
  return next.length === 1 ? next[0] : undefined
}

/** Does it carry something that other packets of its flow do not? */
function hasDiscriminator({ protocol, tcpSeq, icmpId, icmpSeq, ipId, src, dst }: Packet): boolean {
  if (src === undefined || dst === undefined || protocol === undefined) return false
  // nft's text has no sequence numbers
  if (ipId !== undefined && ipId !== 0) return true
  return protocol === 'tcp' ? tcpSeq !== undefined : icmpId !== undefined && icmpSeq !== undefined
}

/** What no router rewrites, but for NAT, whose doing is known by then. An IP ID of 0 tells nothing. */
const keyOf = (packet: Packet): string => {
  const { protocol, dst, dport, tcpSeq, tcpAck, tcpFlags, icmpType, icmpId, icmpSeq, fragOffset = 0, ipId } = packet
  // else all of a flow would be looked through for each
  const id = protocol === 'tcp' && tcpSeq === undefined ? ipId : undefined
  return [id, protocol, dst, dport, tcpSeq, tcpAck, tcpFlags?.join(), icmpType, icmpId, icmpSeq, fragOffset].join(' ')
}

const SAME = ['src', 'sport', 'ipId', 'length', 'tcpOptions'] as const

function matches(from: End, to: End): boolean {
  if (from.host === to.host) return false
  for (const field of SAME) {
    const [one, other] = [from.packet[field], to.packet[field]]
    if (one !== undefined && other !== undefined && one !== other) return false
  }
  const [before, after] = [from.packet.ttl, to.packet.ttl]
  return before === undefined || after === undefined || after <= before
}

/** One packet may be seen on several machines; undefined where there are not several. */
export const correlatorOf = (machines: readonly unknown[]): HostCorrelator | undefined =>
  machines.length > 1 ? new HostCorrelator((host) => host ?? 'the host above') : undefined
