/** A reply that came when connection tracking had no entry for its connection any more: to conntrack it begins another one. */
import { setSysctl } from '../../../explain/changes/change.ts'
import type { Proposal } from '../../../explain/changes/proposal.ts'
import { finding } from '../../../explain/context.ts'
import type { Finding } from '../../../model/journey.ts'
import { isPassed, isStoppedByRule } from '../../../model/outcome-kinds.ts'
import { asItLeft } from '../../as-it-left.ts'
import { isAsking, type Part } from '../join/joined.ts'

/**
 * A UDP connection without packets is forgotten after nf_conntrack_udp_timeout, or _stream, which takes its place for packets
 * that come once it was replied to and is two seconds old (nf_conntrack_udp_packet in nf_conntrack_proto_udp.c). nat's chains
 * are asked for the first packet of a connection alone: a reply that they were asked for is such a packet.
 */
export function connectionExpired(parts: readonly Part[], reply: Part): Finding | undefined {
  const request = parts.find(({ role }) => role === 'request')
  if (!request || request.told.host !== reply.told.host || request.told.isUntracked || reply.told.isUntracked)
    return undefined
  if (request.told.journey.packet.protocol !== 'udp' || !isPassed(request.told.journey.outcome)) return undefined
  const late = lateness(parts, reply)
  const effect = isStoppedByRule(reply.told.journey.outcome)
    ? late && 'a rule for established connections does not match the reply'
    : whereItWent(request, reply)
  if (effect === undefined) return undefined
  const why = late
    ? `The reply came ${seconds(late.waited)} after ${late.isReplied ? 'the packet before it' : 'the request'}, but conntrack forgets a connection without ${late.isReplied ? 'packets' : 'a reply'} after ${late.timeout} s (${late.name})`
    : 'When the reply came, it matched no entry of conntrack: the entry had expired, or nat had given the request another source port'
  const message = `${why}. So to conntrack the reply began a new connection: ${effect}.`
  return finding('connection-expired', 'error', message, { fix: [longer(late)] })
}

/** Nat had rewritten the request, and the reply's own connection passed nat: nothing takes that back. */
function whereItWent(request: Part, reply: Part): string | undefined {
  if (request.told.nat !== 'passed' || reply.told.nat !== 'passed') return undefined
  const { journey: asked } = request.told
  const { journey } = reply.told
  if (asked.outcome === 'forwarded' && journey.outcome === 'delivered')
    return 'it was delivered to this host instead of the client'
  if (!isPassed(journey.outcome) || journey.outcome === 'delivered') return undefined
  const [sent, left] = [asItLeft(asked), asItLeft(journey)]
  const isSent = sent.dst !== undefined && (sent.dst !== asked.packet.dst || sent.dport !== asked.packet.dport)
  const isAsItCame = left.src === journey.packet.src && left.sport === journey.packet.sport
  return isSent && isAsItCame
    ? 'nat did not undo the rewriting, and the client never contacted the address that the reply comes from'
    : undefined
}

interface Late {
  /** Microseconds. */
  waited: number
  /** Seconds, and the setting that says so. */
  timeout: number
  name: string
  /** There was a reply before. */
  isReplied: boolean
}

const TIMEOUT = 'net.netfilter.nf_conntrack_udp_timeout'
const STREAM = `${TIMEOUT}_stream`
/** Microseconds; the kernel's clock for it ticks 100 times a second at least. */
const STREAM_AFTER = 2e6
const TICKS = 2e4

/** Longer than conntrack waits for the next packet, as far as the capture's clock and host state tell. */
function lateness(parts: readonly Part[], reply: Part): Late | undefined {
  const before = parts.filter(
    ({ id, capture, role }) => id < reply.id && capture === reply.capture && role !== 'errors',
  )
  const isReplied = before.some(({ role }) => role === 'replies')
  const last = isReplied ? before.at(-1) : before.findLast(isAsking)
  if (!last) return undefined
  const name = isReplied ? timeoutBehind(before[0]!, last) : TIMEOUT
  if (name === undefined) return undefined
  const timeout = Number(reply.told.world.host.sysctls?.get(name))
  const waited = reply.clock - last.clock
  return timeout > 0 && waited > timeout * 1e6 ? { waited, timeout, name, isReplied } : undefined
}

/** The setting by which an entry waits that was replied to; undefined where its age is not known well enough. */
function timeoutBehind(first: Part, last: Part): string | undefined {
  const age = last.clock - first.clock
  if (age > STREAM_AFTER + TICKS) return STREAM
  // else the connection may be older than what is shown of it
  return age < STREAM_AFTER - TICKS && first.told.nat === 'passed' ? TIMEOUT : undefined
}

const seconds = (microseconds: number): string => `${(microseconds / 1e6).toFixed(1)} s`

const UNTRIED = 'connections in the model do not expire'

/** Twice as long as the reply took. */
const longer = (late: Late | undefined): Proposal =>
  late
    ? {
        description: `let conntrack wait longer for a ${late.isReplied ? 'packet' : 'reply'}`,
        ...setSysctl(late.name, 2 * Math.ceil(late.waited / 1e6), late.timeout),
        unverified: UNTRIED,
        note: 'affects other UDP connections too: conntrack keeps their entries for longer',
      }
    : {
        description: `let the program reply sooner, and to the port that the request comes from, or let conntrack wait longer for a reply (${TIMEOUT})`,
        unverified: UNTRIED,
      }
