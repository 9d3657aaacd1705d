/** What the model says of one packet. Its journey is made when somebody asks for it: most are only counted. */
import type { Engine } from '../journey/engine.ts'
import type { Evidence } from '../journey/evidence.ts'
import type { Conclusion } from '../journey/outcome.ts'
import type { Packet } from '../model/packet.ts'
import type { World } from '../model/world.ts'
import { entryAnswered } from '../rules/conntrack/entries.ts'
import { plainPacket } from './packet-state.ts'
import type { Skb } from './skb.ts'
import type { End } from './traverse.ts'
import type { Open } from './undetermined.ts'

interface Sent {
  /** As it was when the packet was sent. */
  world: World
  skb: Skb
  end: End | Open
  assumed: string[]
  notes: string[]
}

/** What became of one packet that the model has simulated. */
export class Simulated implements ReturnType<Engine['play']> {
  readonly id: string
  readonly ended: Conclusion
  /** Conditions that were assumed. */
  readonly assumed: string[]
  /** What the model had to leave open although the packet's way did not hang on it. */
  readonly notes: string[]
  /** For the kernel's answer to it. */
  readonly skb: Skb
  private readonly world: World
  private told: Evidence | undefined = undefined

  constructor(id: string, { world, skb, end, assumed, notes }: Sent) {
    this.id = id
    this.skb = skb
    this.world = world
    this.assumed = assumed
    this.notes = notes
    const ended: Conclusion = {
      outcome: 'condition' in end ? 'undetermined' : end.outcome,
      basis: assumed.length > 0 ? 'assumed' : 'inferred',
      step: skb.journal.length - 1,
    }
    if ('condition' in end) {
      ended.because = 'unknown-condition'
      ended.open = end
    } else if (end.missing) ended.missing = end.missing
    this.ended = ended
  }

  /** What explain reads; its journey is not explained yet. */
  get evidence(): Evidence {
    this.told ??= this.tell()
    return this.told
  }

  /** As it left this host or was delivered; as it was at its end otherwise. */
  get packet(): Packet {
    return plainPacket(this.skb.packet)
  }

  private tell(): Evidence {
    const { family, journal, given, packet, routedAfter, tracking } = this.skb
    const { steps, arrivals } = journal.read(family, packet)
    const hasNat = this.world.tables.some((table) => table.name === 'nat' && table.family === family)
    return {
      journey: {
        id: this.id,
        family,
        packet: asSent(arrivals[0]?.packet ?? { ...journal.packetAfter(0, packet), ...given }, given),
        steps,
        outcome: 'undetermined',
        basis: 'inferred',
        cause: [],
        findings: [],
      },
      arrivals,
      followed: true,
      ...((tracking ? tracking.state === 'new' : !entryAnswered(given, this.world)) ? { begins: true } : {}),
      nat: journal.natPassed ? 'passed' : hasNat ? 'skipped' : 'unknown',
      ...(routedAfter === undefined ? {} : { routed: journal.packetAfter(routedAfter, packet) }),
    }
  }
}

const TRACKED = ['ctState', 'ctStatus', 'ctMark', 'ctDir', 'ctZone'] as const

/** What connection tracking makes of a packet is no part of it, unless the packet was given so. */
function asSent(first: Packet, given: Packet): Packet {
  const packet: Packet = { ...first }
  for (const field of TRACKED)
    if (given[field] === undefined) delete packet[field]
    else Object.assign(packet, { [field]: given[field] })
  return packet
}
