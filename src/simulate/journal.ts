/**
 * What a trace of the packet would show: each line as it is printed, on arrival at the rule, before its target acts.
 * Kept as columns; steps are made of them when somebody looks.
 */
import { SHOWN } from '../journey/evidence.ts'
import type { StepContext } from '../journey/step-context.ts'
import type { Change, Step } from '../model/journey.ts'
import type { Packet } from '../model/packet.ts'
import type { Rule } from '../model/ruleset.ts'
import type { Line } from '../rules/prepared-chain.ts'
import { MOST_REPEATED } from '../rules/walk-budget.ts'
import type { WalkFrame } from '../rules/walk-stack.ts'
import { type Fields, plainPacket } from './packet-state.ts'

/** How the packet came into the chain. */
type Place = Pick<WalkFrame, 'hook' | 'depth' | 'caller'>

/** Takes what a journey is made of. */
export interface Outline {
  line(line: Line): void
  field(key: keyof Packet, value: unknown): void
  change(change: Change): void
  shared(what: string | number | boolean | undefined): void
}

export class Journal {
  private readonly lines: Line[] = []
  private readonly places: Place[] = []
  /** Three for each field that changed: behind how many lines, which one, and what it was. */
  private readonly changed: unknown[] = []
  private acts: { step: number; change: Change; early: Rule | undefined }[] | undefined = undefined
  /** A rule with statements among its conditions, and how many changes there were when the packet came to it. */
  private early: { rule: Rule; changes: number } | undefined = undefined
  /** A chain of NAT was walked. */
  natPassed = false
  /** How many lines came before a rule switched tracing on. */
  private before: number | undefined = undefined
  /** How many lines are counted and not kept. */
  leftOut = 0

  /** Index of the new step, for `caller` and `act`. */
  add(place: Place, line: Line): number {
    this.lines.push(line)
    const { early } = this
    if (early) {
      // the line shows the packet as it arrived
      if (early.rule === line.rule)
        for (let i = early.changes; i < this.changes; i++) this.changed[3 * i] = this.lines.length
      this.early = undefined
    }
    return this.places.push(place) - 1
  }

  /** The packet came to a rule that may change it before it is known whether the rule matches. */
  arrive(rule: Rule): void {
    this.early = { rule, changes: this.changes }
  }

  /** The rule was left amid its statements, and a trace shows no line of it; one that changed the packet before is kept. */
  withdraw(step: number): void {
    if (step !== this.lines.length - 1) return
    const isChanged = this.changes > 0 && (this.changed.at(-3) as number) > step
    if (isChanged || this.acts?.some((one) => one.step === step)) return
    this.lines.pop()
    this.places.pop()
  }

  /** Index of the next step. */
  get next(): number {
    return this.lines.length
  }

  /** How many lines a trace would show. */
  get total(): number {
    return this.lines.length + this.leftOut
  }

  /**
   * Lines from one count to another come once more, for the jump that was added last: they did nothing to the packet. So
   * many that nobody would read them are only counted.
   */
  repeat(from: number, to: number): void {
    const { lines, places } = this
    const more = to - from
    if (this.leftOut > 0 || lines.length + more > MOST_REPEATED) {
      this.leftOut += more
      return
    }
    const behind = lines.length - from
    // the jump in front of them led in; by now, the last one
    const deeper = more === 0 ? 0 : places[lines.length - 1]!.depth - places[from - 1]!.depth
    for (let i = from; i < to; i++) {
      const { hook, depth, caller } = places[i]!
      lines.push(lines[i]!)
      places.push({ hook, depth: depth + deeper, caller: caller === undefined ? undefined : caller + behind })
    }
  }

  /** What the step did to the packet. */
  act(step: number, change: Change): void {
    this.acts ??= []
    this.acts.push({ step, change, early: this.early?.rule })
  }

  /** Of the steps: a rule that changed the packet and then did not match has none. */
  private ownActs() {
    return (this.acts ?? []).filter(({ step, early }) => !early || early === this.lines[step]?.rule)
  }

  /** The packet's field was that until now. */
  was(key: keyof Packet, from: unknown): void {
    this.changed.push(this.lines.length, key, from)
  }

  get changes(): number {
    return this.changed.length / 3
  }

  /** A rule switched tracing on: a capture begins at this step. */
  beginTrace(step: number): void {
    this.before ??= step
  }

  get length(): number {
    return this.lines.length - (this.before ?? 0)
  }

  /** As the packet was behind so many changes; `now`: behind all. */
  packetAfter(changes: number, now: Packet): Packet {
    const state: Fields = { ...now }
    for (let i = this.changes; i-- > changes; ) this.undo(state, i)
    return plainPacket(state as Packet)
  }

  private undo(state: Fields, i: number): void {
    state[this.changed[3 * i + 1] as keyof Packet] = this.changed[3 * i + 2] as never
  }

  /** All that it holds, one thing after the other: what `read` gives is made of this, and of the packet at its end. */
  outline(to: Outline): void {
    const { lines, places, changed } = this
    to.shared(this.before)
    to.shared(this.leftOut)
    to.shared(this.natPassed ? 1 : 0)
    for (let i = 0; i < lines.length; i++) {
      const { hook, depth, caller } = places[i]!
      to.line(lines[i]!)
      to.shared(hook)
      to.shared(depth)
      to.shared(caller)
    }
    for (let i = 0; i < changed.length; i += 3) {
      to.shared(changed[i] as number)
      to.field(changed[i + 1] as keyof Packet, changed[i + 2])
    }
    for (const { step, change } of this.ownActs()) {
      to.shared(step)
      to.change(change)
    }
  }

  /** The packet at each line, told from the last one on back. */
  private packets(now: Packet): Packet[] {
    const packets: Packet[] = []
    const state: Fields = { ...now }
    let packet: Packet | undefined
    let changes = this.changes
    for (let line = this.lines.length; line-- > 0; ) {
      for (; changes > 0 && (this.changed[3 * changes - 3] as number) > line; packet = undefined)
        this.undo(state, --changes)
      packet ??= plainPacket(state as Packet)
      packets[line] = packet
    }
    return packets
  }

  /** The steps, and beside each what an explanation reads. `now`: the packet at its end. */
  read(family: 'ip' | 'ip6', now: Packet): { steps: Step[]; arrivals: StepContext[] } {
    const before = this.before ?? 0
    const packets = this.packets(now)
    const steps: Step[] = []
    const arrivals: StepContext[] = []
    for (let i = before; i < this.lines.length; i++) {
      const [line, place, packet] = [this.lines[i]!, this.places[i]!, packets[i]!]
      steps.push(makeStep(steps.length + 1, family, line, place, packet))
      const { rule, chain, table, ending } = line
      const caller = place.caller === undefined || place.caller < before ? undefined : place.caller - before
      arrivals.push({ packet, hook: place.hook, rule, chain, table, ending, caller, mismatch: undefined })
    }
    // a rule that changed the packet and then did not match has no step
    for (const { step, change } of this.ownActs()) steps[step - before]?.changes.push(change)
    return { steps, arrivals }
  }
}

function makeStep(n: number, family: 'ip' | 'ip6', line: Line, { hook, depth }: Place, packet: Packet): Step {
  const { table, chain, kind, reported, ruleNumber, rule, verdict } = line
  const step = {
    n,
    hook,
    family: table.kind === 'nft' ? table.family : family,
    table: table.name,
    chain: chain.name,
    kind,
  } as Step
  if (reported !== undefined) step.reported = reported
  step.ruleNumber = ruleNumber
  if (rule) {
    if (rule.handle !== undefined) step.handle = rule.handle
    step.rule = rule.text
  }
  step.verdict = verdict
  step.depth = depth
  for (const key of SHOWN) if (packet[key] !== undefined) step[key] = packet[key] as never
  step.known = 'simulated'
  step.changes = []
  return step
}
