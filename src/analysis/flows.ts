/**
 * Connections and the journeys that belong to them: by connection tracking's entries, and, for packets of which there is
 * none, by their addresses as NAT left them. Both directions are one story: what was asked, and what became of the answer.
 */
import { withoutStep } from '../explain/refs.ts'
import { type Direction, turned } from '../model/direction.ts'
import { type Exchange, isDoubt, STATUSES } from '../model/exchange.ts'
import type { ConntrackEntry, Tuple } from '../model/host.ts'
import type { Fix, Journey, RuleRef } from '../model/journey.ts'
import { isPassed, isStoppedByRule } from '../model/outcome-kinds.ts'
import type { Packet } from '../model/packet.ts'
import type { World } from '../model/world.ts'
import { asItLeft } from './as-it-left.ts'
import type { Endpoint, Flow, FlowPackets } from './flow.ts'
import { nameOfKind, storyOf } from './flow-story.ts'

/** Ids noted of packets alike. */
const MOST_IDS = 20
/** Flows that only packets show, at most. */
const MOST_UNTRACKED = 200_000

/** One machine's flows. */
export class Flows {
  private readonly host: string | undefined
  private readonly list: Flow[] = []
  /** By protocol, addresses and ports as a packet of that direction shows them first. */
  private readonly byTuple = new Map<string, { flow: Flow; direction: Direction }>()
  private readonly fixes = new Map<FlowPackets, Fix[]>()
  private readonly listed = new Set<string>()
  private untracked = 0
  /** Packets that no flow can be told of: fragments, unknown addresses. */
  apart = 0

  constructor(world: World, host?: string) {
    this.host = host
    for (const entry of world.host.conntrack ?? []) this.add(entry)
  }

  note(journey: Journey): void {
    const { packet, family } = journey
    if (family !== 'ip' && family !== 'ip6') return
    const found = this.find(packet) ?? this.begin(journey, family)
    if (!found) {
      this.apart++
      return
    }
    const { flow, direction } = found
    this.addPacket(flow, direction, journey)
    for (const { verdict = '', table, chain, family, ruleNumber, handle, rule } of journey.steps) {
      const side = DESTINATION.has(verdict) ? flow.nat.dst : SOURCE.has(verdict) ? flow.nat.src : undefined
      if (!side || side.rule || table === undefined || chain === undefined || direction === 'reply') continue
      side.rule = {
        ...{ family, table, chain },
        ...(ruleNumber === undefined ? {} : { ruleNumber }),
        ...(handle === undefined ? {} : { handle }),
        ...(rule === undefined ? {} : { rule }),
      }
    }
  }

  /** Behind all journeys. */
  tellExchange({ asked, became, id, status, basis, findings }: Exchange): void {
    const flow = (this.find(asked) ?? (became && this.find(became)))?.flow
    const told = flow?.exchange?.status
    if (!flow || (told !== undefined && STATUSES.indexOf(told) <= STATUSES.indexOf(status))) return
    const why = status === 'answered' ? undefined : findings.find(isDoubt)?.message
    flow.exchange = { ...{ id, status, basis }, ...(why === undefined ? {} : { why }) }
  }

  /** When all are noted: with what is to be told of each. */
  end(): Flow[] {
    for (const flow of this.list) {
      if (flow.packets.length === 0) continue
      const { story, finding } = storyOf(flow)
      flow.story = story
      if (finding) flow.findings.push({ ...finding, fix: finding.packets.flatMap((one) => this.fixes.get(one) ?? []) })
    }
    for (const { findings } of this.list) for (const one of findings) Reflect.deleteProperty(one, 'packets')
    return this.list
  }

  private add(entry: ConntrackEntry): void {
    const { family, protocol, original, reply, state, status, timeout, mark, zone } = entry
    // two tools may have listed it
    const key = `${tupleKey(protocol, original)} ${tupleKey(protocol, reply)} ${zone ?? 0}`
    if (this.listed.has(key)) return
    this.listed.add(key)
    const flow: Flow = {
      ...(this.host === undefined ? {} : { host: this.host }),
      ...{ family, protocol, tracked: true, original, reply },
      ...(state === undefined ? {} : { state }),
      ...(status.length === 0 ? {} : { status }),
      ...(timeout === undefined ? {} : { timeout }),
      ...(mark === undefined ? {} : { mark }),
      ...(zone === undefined ? {} : { zone }),
      ...{ nat: natOf(original, reply), packets: [], findings: [] },
    }
    this.file(flow)
  }

  private file(flow: Flow): void {
    this.list.push(flow)
    this.byTuple.set(tupleKey(flow.protocol, flow.original), { flow, direction: 'original' })
    // a connection to oneself has the same in both
    const answer = flow.reply && tupleKey(flow.protocol, flow.reply)
    if (answer !== undefined && !this.byTuple.has(answer)) this.byTuple.set(answer, { flow, direction: 'reply' })
  }

  private find(packet: Packet): { flow: Flow; direction: Direction } | undefined {
    // an error goes back to who sent what it quotes
    const { inner } = packet
    const shown = inner ? tupleOf(inner) : tupleOf(packet)
    const tuple = inner && shown ? turned(shown) : shown
    const { protocol } = inner ?? packet
    return tuple && protocol !== undefined ? this.byTuple.get(tupleKey(protocol, tuple)) : undefined
  }

  /** The first packet of what connection tracking has no entry of, or no longer. */
  private begin(journey: Journey, family: 'ip' | 'ip6'): { flow: Flow; direction: Direction } | undefined {
    const { packet, outcome } = journey
    const original = tupleOf(packet)
    if (!original || packet.protocol === undefined || packet.inner || this.untracked >= MOST_UNTRACKED) return undefined
    this.untracked++
    const left = asItLeft(journey)
    const passed = isPassed(outcome)
    const leaving = tupleOf(left)
    const answer = leaving && turned(leaving)
    const flow: Flow = {
      ...(this.host === undefined ? {} : { host: this.host }),
      ...{ family, protocol: packet.protocol, tracked: false, original },
      // what was stopped half-way was not yet rewritten
      ...(answer && passed ? { reply: answer } : {}),
      nat: answer && passed ? natOf(original, answer) : {},
      packets: [],
      findings: [],
    }
    // an answer whose question was not captured
    const isAnswer = has(packet, 'syn', 'ack') || packet.icmpType === (family === 'ip' ? 0 : 129)
    if (isAnswer) {
      flow.original = answer ?? turned(original)
      flow.reply = original
      flow.nat = {}
    }
    this.file(flow)
    return { flow, direction: isAnswer ? 'reply' : 'original' }
  }

  private addPacket(flow: Flow, direction: Direction, journey: Journey): void {
    const { id, packet, outcome, culprit, findings } = journey
    const kind = nameOfKind(packet)
    const rule = stopper(journey)
    let same = flow.packets.find(
      (one) => one.direction === direction && one.kind === kind && one.outcome === outcome && sameRule(one.rule, rule),
    )
    if (!same) {
      same = { direction, kind, outcome, count: 0, journeys: [] }
      if (rule) same.rule = rule
      if (rule && culprit && !sameRule(culprit, rule)) same.culprit = withoutStep(culprit)
      flow.packets.push(same)
      this.fixes.set(
        same,
        findings.flatMap(({ fix }) => fix),
      )
    }
    same.count++
    if (same.journeys.length < MOST_IDS) same.journeys.push(id)
  }
}

/** The rule or policy that ended it. */
function stopper({ outcome, cause }: Journey): RuleRef | undefined {
  if (!isStoppedByRule(outcome)) return undefined
  const end = cause.find(({ role }) => role === 'outcome')?.rule
  return end && withoutStep(end)
}

const DESTINATION = new Set(['dnat', 'redirect'])
const SOURCE = new Set(['snat', 'masquerade'])

const has = ({ tcpFlags = [] }: Packet, ...flags: string[]): boolean => flags.every((flag) => tcpFlags.includes(flag))

const sameRule = (one: RuleRef | undefined, other: RuleRef | undefined): boolean =>
  one?.table === other?.table &&
  one?.chain === other?.chain &&
  one?.ruleNumber === other?.ruleNumber &&
  one?.handle === other?.handle

function tupleOf({ src, dst, sport, dport, icmpId, icmpType, protocol, fragOffset }: Packet): Tuple | undefined {
  if (src === undefined || dst === undefined || (fragOffset ?? 0) > 0) return undefined
  if ((protocol === 'tcp' || protocol === 'udp') && (sport === undefined || dport === undefined)) return undefined
  return {
    ...{ src, dst },
    ...(sport === undefined ? {} : { sport }),
    ...(dport === undefined ? {} : { dport }),
    ...(icmpId === undefined ? {} : { icmpId }),
    ...(icmpType === undefined ? {} : { icmpType }),
  }
}

/** Of ICMP the type tells the direction, which is told by the addresses as well. */
const tupleKey = (protocol: string, { src, dst, sport, dport, icmpId }: Tuple): string =>
  `${protocol} ${src} ${sport} ${dst} ${dport} ${icmpId}`

/** The answer comes from where the question went, and goes to whom it seemed to be from. */
function natOf(original: Tuple, reply: Tuple): Flow['nat'] {
  const nat: Flow['nat'] = {}
  if (reply.src !== original.dst || reply.sport !== original.dport)
    nat.dst = { from: end(original.dst, original.dport), to: end(reply.src, reply.sport) }
  if (reply.dst !== original.src || reply.dport !== original.sport)
    nat.src = { from: end(original.src, original.sport), to: end(reply.dst, reply.dport) }
  return nat
}

const end = (address: string, port: number | undefined): Endpoint => ({
  address,
  ...(port === undefined ? {} : { port }),
})
