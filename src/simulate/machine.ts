/** The model as an Engine: packets and a World → the journeys that a TRACE of them would show. */
import type { Evidence } from '../journey/evidence.ts'
import type { Ended } from '../journey/outcome.ts'
import type { Condition } from '../model/condition.ts'
import type { Journey } from '../model/journey.ts'
import type { Packet } from '../model/packet.ts'
import type { World } from '../model/world.ts'
import { conditionText, evaluate } from '../rules/evaluate.ts'
import { isUnknown, type Truth } from '../rules/truth.ts'
import { attachAnswer, ConntrackTable } from './conntrack.ts'
import { withDefaults } from './defaults.ts'
import { Journal } from './journal.ts'
import { momentOf } from './moment.ts'
import type { Skb } from './skb.ts'
import { type End, traverse } from './traverse.ts'
import { type Open, Undetermined } from './undetermined.ts'

type Scalar = string | number

export interface MachineOptions {
  /** What nobody can know from packet and host state, settled: a condition's own words → whether it holds. */
  assume?: ReadonlyMap<string, boolean>
  /** Takes one of what the kernel may take; absent: the lowest that is free. */
  choose?: (field: string, range: readonly [Scalar, Scalar], lowest: Scalar) => Scalar
}

export interface SendOptions {
  /** What this packet answers: the kernel's own ICMP error, or REJECT's reset, which belongs to that packet's flow. */
  answers?: Simulated
}

export interface Simulated {
  /** What explain reads; its journey is not explained yet. */
  evidence: Evidence
  ended: Ended
  /** Conditions that were assumed. */
  assumed: string[]
  /** What the model had to leave open although the packet's way did not hang on it. */
  notes: string[]
  /** As it left this host or was delivered; as it was at its end otherwise. */
  packet: Packet
  /** For the kernel's answer to it. */
  skb: Skb
}

/** One machine: its connection table and its sets change with every packet, in order. */
export class Machine {
  world: World
  readonly conntrack: ConntrackTable
  private readonly options: MachineOptions
  private sent = 0
  private assumed: string[] = []
  private notes: string[] = []
  private choices = new Map<string, [Scalar, Scalar]>()

  constructor(world: World, options: MachineOptions = {}) {
    this.world = world
    this.options = options
    this.conntrack = new ConntrackTable(world.host.conntrack ?? [])
  }

  /** Sends the packet through; with `in` it comes in there, without it this host sends it. */
  send(given: Packet, { answers }: SendOptions = {}): Simulated {
    this.assumed = []
    this.notes = []
    const packet = withDefaults(given, this.world.host)
    const { in: indev, out: _, ctState: __, ctDir: ___, ctStatus: ____, ctMark: _____, ...rest } = packet
    const journal = new Journal()
    const skb: Skb = {
      packet: rest,
      given: packet,
      family: (packet.dst ?? packet.src ?? '').includes(':') ? 'ip6' : 'ip',
      hook: indev === undefined ? 'output' : 'prerouting',
      journal,
      looped: indev === 'lo',
      ...(indev === undefined ? {} : { indev }),
    }
    if (answers) attachAnswer(skb, answers.skb)
    const end = this.run(skb)
    if (skb.connection) this.conntrack.forget(skb.connection)
    return this.tell(skb, packet, end)
  }

  private run(skb: Skb): End | Open {
    try {
      if (skb.packet.dst === undefined) throw new Undetermined('the destination', 'the packet has none')
      if (skb.packet.src === undefined)
        throw new Undetermined(
          'the source address',
          'the packet has none, and host state does not tell what it would get',
        )
      return traverse(this, skb)
    } catch (stopped) {
      if (stopped instanceof Undetermined) return stopped.open
      throw stopped
    }
  }

  private tell(skb: Skb, packet: Packet, end: End | Open): Simulated {
    const { steps, arrivals, natPassed } = skb.journal
    const open = 'condition' in end ? end : undefined
    const journey: Journey = {
      id: String(++this.sent),
      family: skb.family,
      packet: arrivals[0]?.packet ?? packet,
      steps,
      outcome: 'undetermined',
      basis: 'inferred',
      cause: [],
      findings: [],
    }
    const hasNat = this.world.tables.some(({ name, family }) => name === 'nat' && family === skb.family)
    const ended: Ended = {
      outcome: 'condition' in end ? 'undetermined' : end.outcome,
      basis: this.assumed.length > 0 ? 'assumed' : 'inferred',
      step: steps.length - 1,
      ...(open ? { because: 'unknown-condition' as const, open } : {}),
      ...('missing' in end && end.missing ? { missing: end.missing } : {}),
    }
    return {
      evidence: {
        journey,
        arrivals,
        followed: true,
        nat: natPassed ? 'passed' : hasNat ? 'skipped' : 'unknown',
        ...(skb.routed ? { routed: skb.routed } : {}),
      },
      ended,
      assumed: this.assumed,
      notes: this.notes,
      packet: skb.packet,
      skb,
    }
  }

  /** What was assumed, where the truth is not known. */
  settle(text: string, truth: Truth): Truth {
    if (!isUnknown(truth)) return truth
    const assumed = this.options.assume?.get(text)
    if (assumed === undefined) return truth
    if (!this.assumed.includes(text)) this.assumed.push(text)
    return assumed
  }

  /** Does the condition hold? Throws Undetermined where that is not known. */
  holds(condition: Condition, skb: Skb): boolean {
    const text = conditionText(condition)
    const truth = this.settle(text, evaluate(condition, momentOf(this, skb)))
    if (isUnknown(truth)) throw new Undetermined(text, truth.unknown)
    return truth
  }

  note(text: string): void {
    if (!this.notes.includes(text)) this.notes.push(text)
  }

  /** One of what the kernel may take. */
  choose(field: string, range: [Scalar, Scalar], lowest: Scalar): Scalar {
    this.choices.set(field, range)
    return this.options.choose?.(field, range, lowest) ?? lowest
  }

  /** What `field` was chosen from, if it was. */
  takeChoice(field: string): [Scalar, Scalar] | undefined {
    const range = this.choices.get(field)
    this.choices.delete(field)
    return range
  }
}
