/** A journey that is closed and not yet looked at. */
import type { InVain } from '../explain/in-vain.ts'
import type { OpenReply, PlayedReply } from '../explain/reply/played-reply.ts'
import type { Evidence, JourneyTimes } from '../journey/evidence.ts'
import type { Ways } from '../journey/ways.ts'
import type { Condition } from '../model/condition.ts'
import type { Finding, Journey } from '../model/journey.ts'
import type { Member } from '../model/member.ts'
import type { Family, Packet } from '../model/packet.ts'
import type { World } from '../model/world.ts'
import type { TracePoint } from '../read/captures/points.ts'

/**
 * Journeys that nothing in this World tells apart: the same rules met, with packets that differ only in what no rule asks
 * for. They have outcome, cause and findings in common. Compared by identity.
 */
export interface JourneyClass {
  readonly world: World
  /** They are alike in all that is asked for, not in the rules met alone. */
  readonly fine: boolean
}

/** Its methods may be called during the callback only that hands it over. */
export interface ClosedJourney {
  /** Counts from 1, by the first event. */
  readonly id: number
  /** The same object for all journeys of one capture: only their times can be compared. */
  readonly capture: object
  readonly family: Family
  /** With the rules that were in force. */
  readonly world: World
  /** Undefined: too many classes are known already, and this is none of them. */
  readonly class: JourneyClass | undefined
  /** A packet of the same content came before. */
  readonly isRetransmission: boolean
  /** A router has sent the very same packet back here. */
  readonly isRound: boolean
  /** What the kernel says of having dropped its packet: reason and place. */
  readonly dropSummary: string | undefined
  /** Nothing but a live session's own marking has told of the packet. */
  readonly isMarkedOnly: boolean
  /** The kernel's number of it as it first appeared, where the capture has one; else negative. */
  readonly traceId: number
  /** How many events it is made of. */
  readonly events: number
  /** What the capture says of the place where it ended. */
  readonly lastPoint: TracePoint
  readonly times: JourneyTimes
  /** As it first appeared. */
  packet(): Packet
  /**
   * What tells its exchange from others, as it first appeared, as TUPLE_WORDS numbers: source, destination (four each),
   * their ports, the protocol, ICMP's id and sequence number. Zero where it is not known.
   */
  tuple(into: Int32Array): void
  /** The same as it last appeared: in a trace, behind NAT but for what the last rules did. */
  lastTuple(into: Int32Array): void
  /** Of a packet that may be fragmented its IP id; negative: of a later fragment; 0: not known. */
  datagram(): number
  /** IPv4 id << 16 | length; 0: the id is not known. */
  identity(): number
  /** The same of what an ICMP error quotes, where no more of that is known. */
  quotedIdentity(): number
  /** SEGMENT_WORDS numbers of a TCP segment; false: it is none, or they are not known. */
  segment(into: Int32Array): boolean
  /** Is the filter about this packet? */
  matches(filter: Condition): boolean
  explain(): Journey
  /** Were nat's chains asked, as for what begins a connection? */
  passageOfNat(): Evidence['nat']
  /** Did a rule keep it from connection tracking? */
  isUntracked(): boolean
  /** What would come back, where it begins an exchange and got through; undefined where that cannot be told. */
  playReply(): PlayedReply | OpenReply | undefined
  /** Where it was stopped, and no single change would bring it and its reply through: all that stops it, with what would. */
  severalCauses(): Finding | undefined
  /** Where it was not stopped: what is to be said of it if its exchange came to nothing. */
  ifInVain(): InVain | undefined
  /** What its packet has to be played with so that the model gives what was seen; or why it does not. */
  replay(): Replay | { reason: string }
  /** Where journeys of its class were explained before: its line is theirs, but for these values. */
  member(): Member | undefined
}

/** A packet that was captured, for playing it once more where rules are changed. */
export interface Replay {
  packet: Packet
  /** As it was before the packet came. */
  world: World
  /** What the trace tells of conditions that nothing else does, in their rules' own words: do they hold? */
  assume: ReadonlyMap<string, boolean>
  /** Where the trace shows it routed, which counts where no routes are listed. */
  ways: Ways
}

export const TUPLE_WORDS = 13
